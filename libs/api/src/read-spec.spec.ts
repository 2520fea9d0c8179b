import { describe, expect, it } from '@jest/globals';
import { nodePolicySpecSchema } from './node-policy.ts';
import { operatorConfigSpecSchema } from './operator-config.ts';
import { poolConfigSpecSchema } from './pool-config.ts';
import { readSpec } from './read-spec.ts';
import { sriovNetworkSpecSchema } from './sriov-network.ts';

describe('readSpec', () => {
  it('fills in defaults and leaves out what the kind does not have', () => {
    expect(readSpec(sriovNetworkSpecSchema, { resourceName: 'r', vlann: 3 })).toEqual({
      ok: true,
      value: { resourceName: 'r', logLevel: 'info' },
    });
    expect(readSpec(poolConfigSpecSchema, undefined)).toEqual({ ok: true, value: {} });
  });

  it.each<[sentence: string, spec: unknown, message: string]>([
    ['a missing field', {}, 'spec.resourceName is required'],
    ['no spec at all', undefined, 'spec.resourceName is required'],
    [
      'a wrong type',
      { resourceName: true },
      'spec.resourceName true: must be text; YAML read a boolean: put what you wrote in quotes',
    ],
    [
      'several fields at once',
      { resourceName: 'r', vlan: 5000, trust: 'maybe' },
      'spec.vlan 5000: must be 0 to 4094; spec.trust "maybe": must be one of "on", "off"',
    ],
    ['a list', [], 'spec: must be an object with fields'],
    [
      'a long value',
      { resourceName: 'r', trust: 'x'.repeat(100) },
      `spec.trust "${'x'.repeat(59)}...: must be one of "on", "off"`,
    ],
  ])('names field and value of %s', (_, spec, message) => {
    expect(readSpec(sriovNetworkSpecSchema, spec)).toEqual({ ok: false, message });
  });

  it.each([
    ['nodeSelector', nodePolicySpecSchema, { resourceName: 'r', numVfs: 1, nicSelector: { vendor: '8086' } }],
    ['configDaemonNodeSelector', operatorConfigSpecSchema, {}],
  ])(
    'refuses %s with a label that would get lost, so that it would select more than is meant',
    (field, schema, spec) => {
      const labels = JSON.parse('{"__proto__":"x"}') as unknown;
      expect(readSpec<unknown>(schema, { ...spec, [field]: labels })).toEqual({
        ok: false,
        message: `spec.${field}.__proto__ is no name for a member: remove it`,
      });
    },
  );

  it('names the first of a thousand wrong entries, and how many more there are', () => {
    const nicSelector = { pfNames: Array(200).fill(1) };
    const read = readSpec(nodePolicySpecSchema, { resourceName: 'r', numVfs: 1, nodeSelector: {}, nicSelector });
    const message = read.ok ? '' : read.message;
    expect(message.match(/spec\.nicSelector\.pfNames\./g)).toHaveLength(20);
    expect(message).toMatch(/; and 180 more$/);
  });
});
