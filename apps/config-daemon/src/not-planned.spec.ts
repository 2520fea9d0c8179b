import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type SriovNetworkNodeState } from '@sriov/api';
import { eventually, request } from '@sriov/testing';
import {
  PF,
  useDaemon,
  statePath,
  PLANNED,
  createState,
  getState,
  setSpec,
  machine,
  untilSynced,
  specOf,
  deletedPods,
  startWithFourVfs,
} from './test/test-daemon.ts';

useDaemon();

describe('as long as the spec was not planned', () => {
  const untilUnplanned = (): Promise<SriovNetworkNodeState> =>
    eventually(async () => {
      const state = await getState();
      const ready = state.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.reason === 'NotPlannedYet' && state;
    });

  it.each<[string, () => Promise<unknown>]>([
    ['its node state was deleted and created again', () => request('DELETE', statePath()).then(() => createState({}))],
    [
      'somebody removed the annotation by hand',
      () => request('PATCH', statePath(), { metadata: { annotations: { [ANNOTATION.plannedFrom]: null } } }),
    ],
    [
      'a controller that does not know of it has written',
      () =>
        request('DELETE', statePath())
          .then(() => createState({ [ANNOTATION.devicePluginConfigHash]: 'of nothing' }))
          .then(() => setSpec({ interfaces: [] })),
    ],
  ])('the daemon reports the VFs, and touches neither them nor the device plugin, when %s', async (_, lose) => {
    await startWithFourVfs();
    const before = machine();
    await lose();
    const { status, metadata } = await untilUnplanned();
    expect(status).toMatchObject({ syncStatus: 'InProgress' });
    expect(status?.interfaces?.find(({ pciAddress }) => pciAddress === PF)?.Vfs).toHaveLength(4);
    expect(status?.conditions?.map(({ type, status: holds }) => [type, holds])).toEqual([
      ['Ready', 'False'],
      ['Progressing', 'True'],
      ['Degraded', 'False'],
    ]);
    // Planned from what was reported, the spec is the one that it was.
    await request('PATCH', statePath(), {
      metadata: { annotations: { ...PLANNED, [ANNOTATION.devicePluginConfigHash]: 'a' } },
      spec: specOf(4),
    });
    const planned = await untilSynced('Succeeded');
    expect(planned.metadata.uid).toBe(metadata.uid);
    expect(machine()).toEqual(before);
    expect(await deletedPods()).toEqual([]);
  });

  it('a PF that was missing from the report stays as it is until somebody has seen it', async () => {
    await startWithFourVfs();
    const before = machine();
    await request('DELETE', statePath());
    await createState({ [ANNOTATION.plannedFrom]: '0000:00:03.0,0000:02:00.0' });
    const { status } = await untilUnplanned();
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.message).toMatch(
      /^ens1 \(0000:01:00\.0\): the spec has no entry of it, and was planned before the PF was reported/,
    );
    expect(machine()).toEqual(before);
    // Now it is a wish.
    await request('PATCH', statePath(), { metadata: { annotations: PLANNED } });
    await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toEqual([]);
  });
});
