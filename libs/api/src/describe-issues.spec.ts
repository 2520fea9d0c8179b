import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { describeIssues } from './describe-issues.ts';
import { nodePolicySpecSchema } from './node-policy.ts';
import { sriovNetworkSpecSchema } from './sriov-network.ts';

const describeWith = (schema: z.ZodType, value: unknown): string => {
  const parsed = schema.safeParse(value, { reportInput: true });
  return parsed.success ? 'nothing is wrong' : describeIssues(parsed.error.issues, { schema, root: 'spec' });
};
const POLICY = { resourceName: 'r', nodeSelector: {}, numVfs: 4, nicSelector: { vendor: '8086' } };
const onPolicy = (change: object): string => describeWith(nodePolicySpecSchema, { ...POLICY, ...change });
const onNetwork = (change: object): string => describeWith(sriovNetworkSpecSchema, { resourceName: 'r', ...change });

describe('what is wrong with a spec', () => {
  it.each<[string, string, string]>([
    [
      'a number in quotes',
      onPolicy({ numVfs: '4' }),
      'spec.numVfs "4": must be a whole number: write it without quotes',
    ],
    ['a word for a number', onPolicy({ numVfs: 'four' }), 'spec.numVfs "four": must be a whole number'],
    ['half a VF', onPolicy({ numVfs: 1.5 }), 'spec.numVfs 1.5: must be a whole number'],
    [
      'a boolean in quotes',
      onPolicy({ isRdma: 'true' }),
      'spec.isRdma "true": must be true or false: write it without quotes',
    ],
    [
      'an exponent that was an id',
      onPolicy({ nicSelector: { deviceID: 10e1 } }),
      'spec.nicSelector.deviceID 100: must be text; YAML read a number: put what you wrote in quotes',
    ],
    ['JSON as YAML', onNetwork({ ipam: { type: 'dhcp' } }), 'spec.ipam: must be text: put JSON in quotes'],
    [
      'a single name for a list',
      onPolicy({ nicSelector: { pfNames: 'ens1' } }),
      'spec.nicSelector.pfNames "ens1": must be a list, such as ["ens1"]',
    ],
    ['a list for an object', onPolicy({ nicSelector: [] }), 'spec.nicSelector: must be an object with fields'],
    ['a number beyond its range', onNetwork({ vlan: 5000 }), 'spec.vlan 5000: must be 0 to 4094'],
    ['a number below its only bound', onNetwork({ minTxRate: -1 }), 'spec.minTxRate -1: must be at least 0'],
    [
      'a bare off',
      onNetwork({ spoofChk: false }),
      'spec.spoofChk false: must be one of "on", "off"; YAML read a boolean: put what you wrote in quotes',
    ],
    ['another case', onNetwork({ trust: 'ON' }), 'spec.trust "ON": must be one of "on", "off": write "on"'],
    ['another word', onNetwork({ trust: 'maybe' }), 'spec.trust "maybe": must be one of "on", "off"'],
    ['nothing where something is needed', describeWith(sriovNetworkSpecSchema, {}), 'spec.resourceName is required'],
    ['no object at all', describeWith(sriovNetworkSpecSchema, 'x'), 'spec "x": must be an object with fields'],
  ])('is said in plain words for %s', (_, said, expected) => {
    expect(said).toBe(expected);
  });

  it('names all of it', () => {
    expect(onPolicy({ numVfs: '4', mtu: 0 })).toBe(
      'spec.mtu 0: must be at least 1; spec.numVfs "4": must be a whole number: write it without quotes',
    );
  });

  it('has an end', () => {
    const schema = z.array(z.int());
    expect(
      describeWith(
        schema,
        Array.from({ length: 25 }, () => 'x'),
      ),
    ).toMatch(/; and 5 more$/);
    expect(describeWith(z.string().max(3), 'x'.repeat(100_000)).length).toBeLessThan(150);
  });
});
