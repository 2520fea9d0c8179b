import { describe, expect, it } from '@jest/globals';
import { ovsNetworkSpecSchema } from './ovs-network.ts';
import { sriovIBNetworkSpecSchema } from './sriov-ib-network.ts';
import { sriovNetworkSpecSchema } from './sriov-network.ts';
import { isKept, listOf, textOf } from './test/bounds.ts';

const BASE = { resourceName: 'r' };

describe.each([
  ['SriovNetwork', sriovNetworkSpecSchema],
  ['SriovIBNetwork', sriovIBNetworkSpecSchema],
  ['OVSNetwork', ovsNetworkSpecSchema],
])('the last value of a %s that is taken, and the first that is not', (_, schema) => {
  it.each<[string, object, object]>([
    ['a resource', { resourceName: textOf(253) }, { resourceName: textOf(254) }],
    ['a namespace', { networkNamespace: textOf(253) }, { networkNamespace: textOf(254) }],
    ['capabilities', { capabilities: textOf(4096) }, { capabilities: textOf(4097) }],
    ['IPAM', { ipam: textOf(32_768) }, { ipam: textOf(32_769) }],
    ['further plugins', { metaPlugins: textOf(32_768) }, { metaPlugins: textOf(32_769) }],
  ])('%s', (__, last, first) => {
    expect([isKept(schema, BASE, last), isKept(schema, BASE, first)]).toEqual([true, false]);
  });
});

describe('the last value of a SriovNetwork that is taken, and the first that is not', () => {
  it.each<[string, object, object]>([
    ['no VLAN', { vlan: 0 }, { vlan: -1 }],
    ['the last VLAN', { vlan: 4094 }, { vlan: 4095 }],
    ['the lowest VLAN priority', { vlanQoS: 0 }, { vlanQoS: -1 }],
    ['the highest VLAN priority', { vlanQoS: 7 }, { vlanQoS: 8 }],
    ['a least rate of 0', { minTxRate: 0 }, { minTxRate: -1 }],
    ['a most rate of 0', { maxTxRate: 0 }, { maxTxRate: -1 }],
    ['a log file', { logFile: textOf(4096) }, { logFile: textOf(4097) }],
  ])('%s', (_, last, first) => {
    expect([isKept(sriovNetworkSpecSchema, BASE, last), isKept(sriovNetworkSpecSchema, BASE, first)]).toEqual([
      true,
      false,
    ]);
  });

  it.each<[string, string[], string]>([
    ['vlanProto', ['802.1q', '802.1Q', '802.1ad', '802.1AD'], '802.1x'],
    ['spoofChk', ['on', 'off'], 'On'],
    ['trust', ['on', 'off'], ''],
    ['linkState', ['auto', 'enable', 'disable'], 'up'],
    ['logLevel', ['panic', 'error', 'warning', 'info', 'debug', ''], 'trace'],
  ])('%s is one of %p, and not %p', (field, words, other) => {
    for (const word of words) expect(isKept(sriovNetworkSpecSchema, BASE, { [field]: word })).toBe(true);
    expect(isKept(sriovNetworkSpecSchema, BASE, { [field]: other })).toBe(false);
  });
});

describe('the last value of the other networks that is taken, and the first that is not', () => {
  it.each<[string, typeof ovsNetworkSpecSchema | typeof sriovIBNetworkSpecSchema, object, object]>([
    ['a partition key', sriovIBNetworkSpecSchema, { pKey: textOf(253) }, { pKey: textOf(254) }],
    ['a link state of InfiniBand', sriovIBNetworkSpecSchema, { linkState: 'auto' }, { linkState: 'up' }],
    ['a bridge', ovsNetworkSpecSchema, { bridge: textOf(253) }, { bridge: textOf(254) }],
    ['an interface type', ovsNetworkSpecSchema, { interfaceType: textOf(253) }, { interfaceType: textOf(254) }],
    ['a VLAN of Open vSwitch', ovsNetworkSpecSchema, { vlan: 4095 }, { vlan: 4096 }],
    ['no VLAN of Open vSwitch', ovsNetworkSpecSchema, { vlan: 0 }, { vlan: -1 }],
    ['a whole MTU', ovsNetworkSpecSchema, { mtu: 9000 }, { mtu: 1500.5 }],
    ['the id in a trunk', ovsNetworkSpecSchema, { trunk: [{ id: 4095 }] }, { trunk: [{ id: 4096 }] }],
    [
      'a range in a trunk',
      ovsNetworkSpecSchema,
      { trunk: [{ minID: 0, maxID: 4095 }] },
      { trunk: [{ minID: -1, maxID: 4095 }] },
    ],
    ['a trunk', ovsNetworkSpecSchema, { trunk: listOf(4096, { id: 1 }) }, { trunk: listOf(4097, { id: 1 }) }],
  ])('%s', (_, schema, last, first) => {
    expect([isKept(schema, BASE, last), isKept(schema, BASE, first)]).toEqual([true, false]);
  });
});
