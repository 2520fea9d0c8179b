import { describe, expect, it } from '@jest/globals';
import { readPluginConfig } from './plugin-config.ts';

const read = (config: unknown): ReturnType<typeof readPluginConfig> =>
  readPluginConfig(JSON.stringify(config), 'intel.com');
const problemsOf = (...resourceList: unknown[]): readonly string[] => read({ resourceList }).problems;

describe('readPluginConfig', () => {
  it('reads keys in any case, and names those that it does not know', () => {
    const text =
      '{"RESOURCELIST":[{"RESOURCENAME":"x","Selectors":{"VENDORS":["ffff"],"ISRDMA":true,"bogus":1},"SelectorObj":null}],"extra":1}';
    const { resources, problems, isUsable } = readPluginConfig(text, 'intel.com');
    expect(resources).toMatchObject([
      { name: 'intel.com/x', deviceType: 'netDevice', selectors: [{ vendors: ['ffff'], isRdma: true }] },
    ]);
    expect(problems).toEqual(['resource intel.com/x: the selector bogus is not known and is ignored']);
    expect(isUsable).toBe(true);
  });

  it('takes no selectors for one that fits every device', () => {
    expect(read({ resourceList: [{ resourceName: 'x' }] }).resources[0]?.selectors).toMatchObject([{ vendors: [] }]);
  });

  it('takes a list that is empty, or null, for no resources', () => {
    expect(read({ resourceList: null })).toEqual({ resources: [], problems: [], isUsable: true });
    expect(read({ resourceList: [] })).toEqual({ resources: [], problems: [], isUsable: true });
  });

  it.each(['', '{', '[]', '"text"', '{"resourceList": {}}'])('cannot use %j at all', (text) => {
    const { isUsable, problems } = readPluginConfig(text, 'intel.com');
    expect([isUsable, problems.length]).toEqual([false, 1]);
  });

  it.each([
    ['no name', {}, 'it has no resourceName'],
    ['a dot in its name', { resourceName: 'a.b' }, 'letters, digits, "-" or "_"'],
    ['a name that begins with a hyphen', { resourceName: '-a' }, 'letter or digit at both ends'],
    ['a name of 64 characters', { resourceName: 'a'.repeat(64) }, '1 to 63'],
    ['a prefix in upper case', { resourceName: 'a', resourcePrefix: 'Corp' }, 'its prefix Corp'],
    ["the kubelet's prefix", { resourceName: 'a', resourcePrefix: 'x.kubernetes.io' }, 'keeps the prefix'],
    ['an empty list of selectors', { resourceName: 'a', selectors: [] }, 'its list of selectors is empty'],
    ['selectors of a wrong type', { resourceName: 'a', selectors: { vendors: '8086' } }, 'its selectors: vendors'],
    ['null as a selector', { resourceName: 'a', selectors: [null] }, 'its selectors: it is no JSON object'],
    ['RDMA and vDPA', { resourceName: 'a', selectors: { isRdma: true, vdpaType: 'vhost' } }, 'either isRdma or'],
    ['DDP profiles', { resourceName: 'a', selectors: { ddpProfiles: ['x'] } }, 'ddpProfiles is not supported'],
    ['an SF without a type', { resourceName: 'a', deviceType: 'auxNetDevice', selectors: {} }, 'needs auxTypes'],
    [
      'an auxiliary device of another type',
      { resourceName: 'a', deviceType: 'auxNetDevice', selectors: { auxTypes: ['eth'] } },
      'the auxType eth',
    ],
    [
      'numbers as additional information',
      { resourceName: 'a', additionalInfo: { '*': { k: 1 } } },
      'additionalInfo: *.k',
    ],
  ])('does not serve a resource with %s, and serves the others', (_, resource, problem) => {
    const { resources, problems } = read({ resourceList: [resource, { resourceName: 'good' }] });
    expect(resources.map(({ name }) => name)).toEqual(['intel.com/good']);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['an unknown device type', { resourceName: 'a', deviceType: 'NetDevice' }],
    ['a number as its name', { resourceName: 3 }],
    ['no object', 'text'],
  ])('does not serve an entry with %s', (_, entry) => {
    expect(problemsOf(entry)).toEqual([expect.stringContaining('resource 1 is not served')]);
  });

  it('serves the first of two resources with the same name, whoever wrote the prefix', () => {
    const twice = [{ resourceName: 'x' }, { resourceName: 'x', resourcePrefix: 'intel.com' }];
    expect(problemsOf(...twice)).toEqual(['resource intel.com/x is configured twice: the second entry is not served']);
    expect(problemsOf({ resourceName: 'x' }, { resourceName: 'x', resourcePrefix: 'other.example' })).toEqual([]);
  });
});
