import { describe, expect, it } from '@jest/globals';
import { CONDITION } from '@sriov/api';
import { eventually } from '@sriov/testing';
import { events, getState, machine, setSpec, specOf, startDaemon, stopDaemon, useDaemon } from '../test/test-daemon.ts';

useDaemon();

const readiness = async (): Promise<string | undefined> => {
  const { status } = await getState();
  const condition = status?.conditions?.find(({ type }) => type === CONDITION.bootServiceReady);
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
};
const READY = 'True BootServiceReady: the boot service configures 1 PF at the next boot, before pods start';

describe('a daemon in systemd mode', () => {
  it('tells of the boot service in the status and in an Event, and of none when it is in daemon mode again', async () => {
    await setSpec(specOf(2));
    startDaemon({ configurationMode: 'systemd' });
    await eventually(async () => (await readiness()) === READY);
    expect(machine().programs).toEqual(['program-simulated']);
    await eventually(async () => (await events()).some(({ reason }) => reason === 'BootServiceReady'));
    await stopDaemon();
    // One that is not told the mode changes neither.
    startDaemon();
    await setSpec(specOf(3));
    await eventually(async () => (await getState()).status?.vfCount === 3);
    await stopDaemon();
    expect([await readiness(), machine().programs]).toEqual([READY, ['program-simulated']]);
    startDaemon({ configurationMode: 'daemon' });
    await eventually(async () => (await readiness()) === undefined);
    expect([machine().programs, machine().unitFiles]).toEqual([[], {}]);
  });
});
