import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type z } from 'zod';
import { nodeStateSpecSchema, nodeStateStatusSchema } from './node-state.ts';
import { nodePolicySpecSchema } from './node-policy.ts';
import { poolConfigSpecSchema } from './pool-config.ts';
import { sriovNetworkSpecSchema } from './sriov-network.ts';
import { toWire, wireText } from './to-wire.ts';

describe('on the wire', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    [
      'an optional field that is zero or empty is left out',
      nodeStateSpecSchema,
      {
        interfaces: [{ pciAddress: 'a', numVfs: 0, mtu: 0, name: '', externallyManaged: false, vfGroups: [] }],
        system: {},
        bridges: { ovs: [] },
      },
      { interfaces: [{ pciAddress: 'a' }] },
    ],
    [
      'VF 0 has an index, and what is required stays, however empty',
      nodeStateStatusSchema,
      { interfaces: [{ pciAddress: '', Vfs: [{ vfID: 0, pciAddress: '', driver: '', mtu: 0 }] }] },
      { interfaces: [{ pciAddress: '', Vfs: [{ vfID: 0, pciAddress: '' }] }] },
    ],
    [
      'zero stays where absent means something else',
      nodeStateSpecSchema,
      { bridges: { ovs: [{ name: 'br', uplinks: [{ pciAddress: 'a', interface: { mtuRequest: 0 } }] }] } },
      { bridges: { ovs: [{ name: 'br', uplinks: [{ pciAddress: 'a', interface: { mtuRequest: 0 } }] }] } },
    ],
    ['no node may be drained', poolConfigSpecSchema, { maxUnavailable: 0 }, { maxUnavailable: 0 }],
    [
      'a transmit rate may be zero',
      sriovNetworkSpecSchema,
      { resourceName: 'r', minTxRate: 0, maxTxRate: 0, vlan: 0, trust: undefined },
      { resourceName: 'r', minTxRate: 0, maxTxRate: 0 },
    ],
    [
      'an empty map is left out where it is optional, and stays where it is required',
      nodePolicySpecSchema,
      { resourceName: 'r', nodeSelector: {}, numVfs: 0, nicSelector: {}, bridge: {}, deviceType: '' },
      { resourceName: 'r', nodeSelector: {}, numVfs: 0, nicSelector: {} },
    ],
    ['a field that we do not know is left out', nodeStateSpecSchema, { interfaces: [], unheard: 'of' }, {}],
    ['null is absent', nodeStateSpecSchema, { interfaces: null, system: null }, {}],
  ])('%s', (_, schema, value, expected) => {
    expect(toWire(schema, value)).toEqual(expected);
    expect(JSON.parse(wireText(schema, value))).toEqual(expected);
  });

  it('fields are in the order of the schema and maps in the order of their keys', () => {
    const text = wireText(nodePolicySpecSchema, {
      numVfs: 1,
      nicSelector: { pfNames: ['b', 'a'], vendor: '8086' },
      nodeSelector: { b: '2', a: '1' },
      resourceName: 'r',
    });
    expect(text).toBe(
      '{"resourceName":"r","nodeSelector":{"a":"1","b":"2"},"numVfs":1,"nicSelector":{"vendor":"8086","pfNames":["b","a"]}}',
    );
  });

  const status = fc.record(
    {
      interfaces: fc.array(
        fc.record(
          {
            pciAddress: fc.string(),
            numVfs: fc.nat(2),
            name: fc.constantFrom('', 'ens1'),
            externallyManaged: fc.boolean(),
            altNames: fc.array(fc.string(), { maxLength: 2 }),
            Vfs: fc.array(
              fc.record(
                { vfID: fc.nat(2), pciAddress: fc.string(), mtu: fc.nat(1) },
                { requiredKeys: ['vfID', 'pciAddress'] },
              ),
              { maxLength: 2 },
            ),
          },
          { requiredKeys: ['pciAddress'] },
        ),
        { maxLength: 2 },
      ),
      syncStatus: fc.constantFrom('', 'Succeeded'),
    },
    { requiredKeys: [] },
  );

  it('what was written and read back is written as the same bytes', () => {
    fc.assert(
      fc.property(status, (value) => {
        const text = wireText(nodeStateStatusSchema, value);
        expect(wireText(nodeStateStatusSchema, nodeStateStatusSchema.parse(JSON.parse(text)))).toBe(text);
      }),
    );
  });

  it('the order in which an object was put together does not matter', () => {
    const backwards = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(backwards);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, item]) => [key, backwards(item)]),
      );
    };
    fc.assert(
      fc.property(status, (value) => {
        expect(wireText(nodeStateStatusSchema, backwards(value) as typeof value)).toBe(
          wireText(nodeStateStatusSchema, value),
        );
      }),
    );
  });
});
