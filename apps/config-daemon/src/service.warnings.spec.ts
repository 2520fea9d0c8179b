import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import {
  events,
  type KubeEvent,
  setSpec,
  specOf,
  startDaemon,
  stopDaemon,
  takeDaemon,
  untilSynced,
  useDaemon,
} from './test/test-daemon.ts';

useDaemon();

/** The warnings that people see with `kubectl get events`. */
const warnings = async (): Promise<KubeEvent[]> => (await events()).filter(({ reason }) => reason === 'HostWarning');

/** A spec that calls the PF by the name that it had before the last boot. */
const renamed = (numVfs: number): NodeStateSpec => ({
  interfaces: (specOf(numVfs).interfaces ?? []).map((entry) => ({ ...entry, name: 'ens9' })),
});

describe('a warning of a plan', () => {
  it('is an Event of the node state, and no second one with the passes that follow', async () => {
    startDaemon();
    await setSpec(renamed(2));
    await untilSynced('Succeeded');
    await setSpec(renamed(3));
    await untilSynced('Succeeded');
    // It writes all that it has recorded before it ends.
    await stopDaemon();
    expect(await warnings()).toMatchObject([
      {
        type: 'Warning',
        involvedObject: { kind: 'SriovNetworkNodeState', name: 'node-1' },
        message: expect.stringContaining('the spec calls the PF ens9: it was renamed'),
        count: 1,
      },
    ]);
  });

  it('is no Event in a dry run, which changes nothing anywhere', async () => {
    await setSpec(renamed(2));
    startDaemon({ dryRun: true });
    await takeDaemon();
    expect(await warnings()).toEqual([]);
  });
});
