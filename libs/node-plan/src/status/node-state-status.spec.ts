import { describe, expect, it } from '@jest/globals';
import { type NodeStateStatus, type VirtualFunction } from '@sriov/api';
import { isNews, nextStatus, statusText } from './node-state-status.ts';
import { applying } from './verdict.ts';

const NOW = Date.UTC(2026, 10, 24, 10);
const vf: VirtualFunction = {
  vfID: 0,
  pciAddress: '0000:01:10.0',
  driver: 'igbvf',
  name: 'ens1v0',
  mac: '02:00:00:00:00:01',
  mtu: 1500,
};
const withVf = (change: Partial<Record<keyof VirtualFunction, unknown>>, numVfs = 1): NodeStateStatus => ({
  syncStatus: 'Succeeded',
  interfaces: [{ pciAddress: '0000:01:00.0', numVfs, Vfs: [{ ...vf, ...change } as VirtualFunction] }],
});
const hidden = { name: undefined, mtu: undefined };

describe('is it news', () => {
  it.each([
    ['nothing has changed', withVf({}), withVf({}), false],
    ['the interface of a VF has gone into a pod', withVf({}), withVf({ ...hidden, mac: undefined }), false],
    ['it has come back, and was never missed', withVf({}), withVf({}), false],
    ['it has come back, and was missed', withVf(hidden), withVf({}), true],
    ['a VF has another driver and so no interface', withVf({}), withVf({ ...hidden, driver: 'vfio-pci' }), true],
    ['a VF has lost its driver', withVf({}), withVf({ ...hidden, driver: undefined }), true],
    ['a VF has another MTU', withVf({}), withVf({ mtu: 9000 }), true],
    ['the number of VFs has changed while an interface is hidden', withVf({}), withVf(hidden, 2), true],
    ['a field is empty instead of absent', withVf({}), { ...withVf({}), lastSyncError: '' }, false],
    [
      'others have written what we never write',
      { ...withVf({}), system: { rdmaMode: 'shared' as const }, bridges: { ovs: [{ name: 'br0' }] } },
      withVf({}),
      false,
    ],
    ['the RDMA mode is seen', withVf({}), { ...withVf({}), system: { rdmaMode: 'exclusive' as const } }, true],
    ['the sync status has changed', withVf({}), { ...withVf({}), syncStatus: 'Failed' }, true],
  ])('that %s?', (_, present, next, expected) => {
    expect(isNews(present, next)).toBe(expected);
  });
});

describe('the status after a pass', () => {
  const foreign = {
    type: 'Rebooting',
    status: 'True' as const,
    reason: 'Told',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const state = { metadata: { name: 'n', generation: 3 }, status: { ...withVf({}), conditions: [foreign] } };

  it('leaves the conditions of others to them', () => {
    const { status } = nextStatus(state, { verdict: applying(['plan']) }, NOW);
    expect(status.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Progressing', 'Degraded']);
    expect(statusText({ ...status, conditions: [foreign, ...(status.conditions ?? [])] })).toBe(statusText(status));
  });

  it('keeps what was seen before when nothing could be seen', () => {
    expect(nextStatus(state, { verdict: applying([]) }, NOW).status.interfaces).toEqual(state.status.interfaces);
  });

  it('says what is being done, and for which spec', () => {
    const { status } = nextStatus(state, { verdict: applying(['a', 'b']) }, NOW);
    expect(status.conditions?.[0]).toMatchObject({ message: 'a\nb', observedGeneration: 3 });
    expect(status.lastSyncError).toBeUndefined();
  });

  it('moves the time of a transition only with the status', () => {
    const first = nextStatus(state, { verdict: applying(['a']) }, NOW);
    const again = { ...state, status: first.status };
    const second = nextStatus(again, { verdict: applying(['b']) }, NOW + 60_000);
    expect(second.transitions).toEqual([]);
    expect(second.status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(
      Array(3).fill('2026-11-24T10:00:00Z'),
    );
  });
});
