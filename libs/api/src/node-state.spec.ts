import { describe, expect, it } from '@jest/globals';
import { type z } from 'zod';
import {
  type NodeStateSpec,
  type NodeStateStatus,
  nodeStateSpecSchema,
  nodeStateStatusSchema,
  SYNC_STATUS,
} from './node-state.ts';
import { toWire } from './to-wire.ts';

const bridges = {
  ovs: [
    {
      name: 'br-0000_3b_00.0',
      bridge: {
        datapathType: 'netdev',
        externalIDs: { a: 'b' },
        otherConfig: { c: 'd' },
        failMode: 'secure' as const,
      },
      uplinks: [
        {
          pciAddress: '0000:3b:00.0',
          name: 'ens2f0',
          interface: {
            type: 'dpdk',
            options: { a: 'b' },
            externalIDs: { c: 'd' },
            otherConfig: { e: 'f' },
            mtuRequest: 9000,
          },
        },
      ],
    },
  ],
};

const SPEC: NodeStateSpec = {
  interfaces: [
    {
      pciAddress: '0000:3b:00.0',
      numVfs: 4,
      mtu: 9000,
      name: 'ens2f0',
      linkType: 'eth',
      eSwitchMode: 'switchdev',
      externallyManaged: true,
      vfGroups: [
        {
          resourceName: 'r',
          deviceType: 'netdevice',
          vfRange: '0-3',
          policyName: 'p',
          mtu: 9000,
          isRdma: true,
          vdpaType: 'virtio',
        },
      ],
    },
  ],
  bridges,
  system: { rdmaMode: 'exclusive' },
};

const STATUS: NodeStateStatus = {
  interfaces: [
    {
      name: 'ens2f0',
      mac: '02:00:00:00:00:01',
      driver: 'ice',
      pciAddress: '0000:3b:00.0',
      vendor: '8086',
      deviceID: '1592',
      netFilter: 'aws/NetworkID:a',
      mtu: 9000,
      numVfs: 1,
      linkSpeed: '25000 Mb/s',
      linkType: 'ETH',
      linkAdminState: 'up',
      eSwitchMode: 'switchdev',
      externallyManaged: true,
      totalvfs: 64,
      Vfs: [
        {
          name: 'ens2f0v0',
          mac: '02:00:00:00:00:02',
          assigned: 'true',
          driver: 'iavf',
          pciAddress: '0000:3b:01.0',
          vendor: '8086',
          deviceID: '1889',
          Vlan: 5,
          mtu: 1500,
          vfID: 0,
          vdpaType: 'virtio',
          representorName: 'ens2f0r0',
          guid: '00:11',
        },
      ],
      altNames: ['left'],
    },
  ],
  pfCount: 1,
  vfCount: 1,
  bridges,
  system: { rdmaMode: 'shared' },
  syncStatus: 'Failed',
  lastSyncError: 'no',
  failures: [
    {
      pciAddress: '0000:3b:00.0',
      name: 'ens2f0',
      step: 'set-num-vfs',
      reason: 'StepFailed',
      errno: 'EBUSY',
      message: 'no',
      since: '2026-01-01T00:00:00Z',
    },
  ],
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'StepFailed',
      message: 'no',
    },
  ],
};

describe('a node state', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['a spec', nodeStateSpecSchema, SPEC],
    ['a status', nodeStateStatusSchema, STATUS],
    ['a status of a node without PFs and VFs', nodeStateStatusSchema, { pfCount: 0, vfCount: 0 }],
  ])('loses no field of %s when it is read and written', (_, schema, value) => {
    expect(toWire(schema, schema.parse(value))).toEqual(value);
  });

  it.each<[string, object]>([
    ['an RDMA mode that there is not', { system: { rdmaMode: 'Shared' } }],
    ['half a VF', { interfaces: [{ pciAddress: 'a', numVfs: 1.5 }] }],
    ['a PF without an address', { interfaces: [{ name: 'ens2f0' }] }],
    ['a bridge without a name', { bridges: { ovs: [{}] } }],
    ['an uplink without an address', { bridges: { ovs: [{ name: 'br', uplinks: [{}] }] } }],
  ])('is refused with %s', (_, spec) => {
    expect(nodeStateSpecSchema.safeParse(spec).success).toBe(false);
  });

  it('tells its state in the words of upstream', () => {
    expect(Object.values(SYNC_STATUS)).toEqual(['InProgress', 'Succeeded', 'Failed']);
  });
});
