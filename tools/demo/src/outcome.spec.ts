import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec, type NodeStateStatus } from '@sriov/api';
import { findFaults, type Outcome } from './outcome.ts';

const spec: NodeStateSpec = {
  interfaces: [
    {
      pciAddress: '0000:01:00.0',
      name: 'ens1',
      numVfs: 2,
      mtu: 9000,
      vfGroups: [
        { vfRange: '0-0', deviceType: 'vfio-pci' },
        { vfRange: '1-1', deviceType: 'netdevice' },
      ],
    },
  ],
};
const status: NodeStateStatus = {
  syncStatus: 'Succeeded',
  interfaces: [
    {
      pciAddress: '0000:01:00.0',
      mtu: 9000,
      Vfs: [
        { vfID: 0, pciAddress: '0000:01:10.0', driver: 'vfio-pci' },
        { vfID: 1, pciAddress: '0000:01:10.2', driver: 'igbvf', name: 'ens1v1' },
      ],
    },
  ],
};
const attachment = { metadata: { name: 'blue', namespace: 'default' } };
const outcome = (change: { spec?: NodeStateSpec; status?: Partial<NodeStateStatus>; none?: boolean }): Outcome => ({
  state: { metadata: { name: 'demo' }, spec: change.spec ?? spec, status: { ...status, ...change.status } },
  attachments: [change.none ? undefined : attachment],
  laps: [],
});
const withVfs = (...Vfs: NonNullable<NonNullable<NodeStateStatus['interfaces']>[number]['Vfs']>): Outcome =>
  outcome({ status: { interfaces: [{ pciAddress: '0000:01:00.0', mtu: 9000, Vfs }] } });
const [first, second] = status.interfaces?.[0]?.Vfs ?? [];

describe('findFaults', () => {
  it('finds none where all is as the policies want it', () => {
    expect(findFaults(outcome({}))).toEqual([]);
  });

  it.each<[string, Outcome, string]>([
    ['a node that failed', outcome({ status: { syncStatus: 'Failed', lastSyncError: 'EBUSY' } }), 'Failed: EBUSY'],
    ['a world without a NIC for the examples', outcome({ spec: {} }), 'no NIC of this world is selected'],
    ['a PF that is not there', outcome({ status: { interfaces: [] } }), 'ens1 is not there'],
    ['a PF with too few VFs', withVfs(first!), 'ens1 has 1 VFs, not 2'],
    [
      'an MTU that is too small',
      outcome({ status: { interfaces: [{ ...status.interfaces![0]!, mtu: 1500 }] } }),
      'ens1 has MTU 1500, not 9000',
    ],
    ['a VF with the wrong driver', withVfs({ ...first!, driver: 'igbvf' }, second!), 'VF 0 of ens1 has driver igbvf'],
    [
      'a VF without its interface',
      withVfs(first!, { vfID: 1, pciAddress: '0000:01:10.2' }),
      'VF 1 of ens1 has driver (none), not netdevice',
    ],
    ['a network without its attachment', outcome({ none: true }), 'no NetworkAttachmentDefinition'],
  ])('finds %s', (_, faulty, text) => {
    expect(findFaults(faulty)).toEqual([expect.stringContaining(text)]);
  });
});
