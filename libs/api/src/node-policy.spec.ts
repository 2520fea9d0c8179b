import { describe, expect, it } from '@jest/globals';
import { nodePolicySpecSchema, nodePolicyStatusSchema } from './node-policy.ts';
import { isKept, labelsOf, listOf, textOf } from './test/bounds.ts';

const BASE = { resourceName: 'r', nodeSelector: {}, numVfs: 4, nicSelector: {} };
const isRead = (change: object): boolean => isKept(nodePolicySpecSchema, BASE, change);
const selecting = (nicSelector: object): object => ({ nicSelector });
const ovs = (value: object): object => ({ bridge: { ovs: value } });

describe('the last value of a policy that is taken, and the first that is not', () => {
  it.each<[string, object, object]>([
    ['VFs from 0 on', { numVfs: 0 }, { numVfs: -1 }],
    ['whole VFs', { numVfs: 1 }, { numVfs: 1.5 }],
    ['the highest precedence', { priority: 0 }, { priority: -1 }],
    ['the lowest precedence', { priority: 99 }, { priority: 100 }],
    ['an MTU from 1 on', { mtu: 1 }, { mtu: 0 }],
    ['a resource name', { resourceName: textOf(253) }, { resourceName: textOf(254) }],
    ['a vendor', selecting({ vendor: textOf(253) }), selecting({ vendor: textOf(254) })],
    ['a device id', selecting({ deviceID: textOf(253) }), selecting({ deviceID: textOf(254) })],
    ['a network', selecting({ netFilter: textOf(253) }), selecting({ netFilter: textOf(254) })],
    ['addresses', selecting({ rootDevices: listOf(256, 'a') }), selecting({ rootDevices: listOf(257, 'a') })],
    ['an address', selecting({ rootDevices: [textOf(253)] }), selecting({ rootDevices: [textOf(254)] })],
    ['names of PFs', selecting({ pfNames: listOf(256, 'a') }), selecting({ pfNames: listOf(257, 'a') })],
    ['a name with its range', selecting({ pfNames: [textOf(140)] }), selecting({ pfNames: [textOf(141)] })],
    ['labels of nodes', { nodeSelector: labelsOf(256) }, { nodeSelector: labelsOf(257) }],
    ['the key of a label', { nodeSelector: { [textOf(317)]: 'x' } }, { nodeSelector: { [textOf(318)]: 'x' } }],
    ['the value of a label', { nodeSelector: { a: textOf(253) } }, { nodeSelector: { a: textOf(254) } }],
    ['the kernel driver', { deviceType: 'netdevice' }, { deviceType: 'kernel' }],
    ['a driver for user space', { deviceType: 'vfio-pci' }, { deviceType: 'vfio' }],
    ['Ethernet', { linkType: 'eth' }, { linkType: 'Eth' }],
    ['Ethernet in capitals', { linkType: 'ETH' }, { linkType: 'ethernet' }],
    ['InfiniBand', { linkType: 'ib' }, { linkType: 'Ib' }],
    ['InfiniBand in capitals', { linkType: 'IB' }, { linkType: 'infiniband' }],
    ['an eSwitch mode', { eSwitchMode: 'legacy' }, { eSwitchMode: 'Legacy' }],
    ['the other eSwitch mode', { eSwitchMode: 'switchdev' }, { eSwitchMode: '' }],
    ['vDPA of virtio', { vdpaType: 'virtio' }, { vdpaType: 'Virtio' }],
    ['vDPA of vhost', { vdpaType: 'vhost' }, { vdpaType: 'none' }],
    ['RDMA', { isRdma: true }, { isRdma: 'true' }],
    ['the settings of a bridge', ovs({ bridge: { failMode: 'secure' } }), ovs({ bridge: { failMode: 'open' } })],
    ['a bridge that goes on', ovs({ bridge: { failMode: 'standalone' } }), ovs({ bridge: 'br0' })],
    [
      'the uplink of a bridge',
      ovs({ uplink: { interface: { type: 'dpdk', options: { a: 'b' } } } }),
      ovs({ uplink: { interface: { type: 5 } } }),
    ],
  ])('%s', (_, last, first) => {
    expect([isRead(last), isRead(first)]).toEqual([true, false]);
  });

  it('a policy leaves the VFs to their kernel driver unless it says otherwise', () => {
    expect(nodePolicySpecSchema.parse(BASE)).toEqual({ ...BASE, deviceType: 'netdevice' });
  });

  it.each(['matchedNodeCount', 'readyNodeCount'])('%s of its status counts from 0', (field) => {
    const isCounted = (count: number): boolean => isKept(nodePolicyStatusSchema, {}, { [field]: count });
    expect([isCounted(0), isCounted(3), isCounted(-1)]).toEqual([true, true, false]);
  });
});
