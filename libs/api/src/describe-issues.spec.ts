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

  it.each<[string, z.ZodType, unknown, string]>([
    ['a number', z.number(), 'x', 'spec "x": must be a number'],
    ['a negative number in quotes', z.number(), '-12.75', 'spec "-12.75": must be a number: write it without quotes'],
    ['a whole number in quotes', z.number(), '12', 'spec "12": must be a number: write it without quotes'],
    ['a version in quotes', z.number(), '1.2.3', 'spec "1.2.3": must be a number'],
    ['a number with a unit', z.number(), '12Mb', 'spec "12Mb": must be a number'],
    ['a number behind a sign of money', z.number(), '$12', 'spec "$12": must be a number'],
    ['a large whole number in quotes', z.int(), '-120', 'spec "-120": must be a whole number: write it without quotes'],
    ['a whole number with a unit', z.int(), '12Mb', 'spec "12Mb": must be a whole number'],
    ['a whole number behind text', z.int(), 'x12', 'spec "x12": must be a whole number'],
    ['a sentence that begins with true', z.boolean(), 'trueish', 'spec "trueish": must be true or false'],
    ['a sentence that ends with true', z.boolean(), 'untrue', 'spec "untrue": must be true or false'],
    ['a number for true', z.boolean(), 1, 'spec 1: must be true or false'],
    ['a number for a list', z.array(z.string()), 5, 'spec 5: must be a list'],
    ['a list for a map', z.record(z.string(), z.string()), [], 'spec: must be an object with fields'],
    ['a number for text', z.string(), 5, 'spec 5: must be text; YAML read a number: put what you wrote in quotes'],
    ['the only word', z.enum(['mellanox']), 'intel', 'spec "intel": must be "mellanox"'],
    ['a word with blanks', z.enum(['on', 'off']), ' On ', 'spec " On ": must be one of "on", "off": write "on"'],
    ['too many characters', z.string().max(2), 'abc', 'spec "abc": must have at most 2 characters'],
    ['too few characters', z.string().min(2), 'a', 'spec "a": must have at least 2 characters'],
    ['too many entries', z.array(z.int()).max(1), [1, 2], 'spec: must have at most 1 entries'],
    ['too few entries', z.array(z.int()).min(1), [], 'spec: must have at least 1 entries'],
    ['a number above its only bound', z.number().max(5), 6, 'spec 6: must be at most 5'],
    ['a number below its only bound', z.number().min(5), 4, 'spec 4: must be at least 5'],
    ['a number outside of both bounds', z.number().min(1).max(5), 6, 'spec 6: must be 1 to 5'],
    ['null', z.int(), null, 'spec is required'],
    [
      'text of the length that is quoted whole',
      z.int(),
      'x'.repeat(58),
      `spec "${'x'.repeat(58)}": must be a whole number`,
    ],
    ['longer text', z.int(), 'x'.repeat(59), `spec "${'x'.repeat(59)}...: must be a whole number`],
  ])('is said in plain words for %s', (_, schema, value, expected) => {
    expect(describeWith(schema, value)).toBe(expected);
  });

  it('names a field by its path, and the whole of it as the object', () => {
    const schema = z.object({ list: z.array(z.object({ id: z.int().min(0).max(9) })) });
    const said = (value: unknown): string => {
      const parsed = schema.safeParse(value, { reportInput: true });
      return parsed.success ? '' : describeIssues(parsed.error.issues, { schema });
    };
    expect(said({ list: [{ id: 1 }, { id: 10 }] })).toBe('list.1.id 10: must be 0 to 9');
    expect(said('x')).toBe('the object "x": must be an object with fields');
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
