import { describe, expect, it } from '@jest/globals';
import { readPluginConfig } from './plugin-config.ts';
import { ANY_DEVICE } from './resource-config.ts';

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
    expect(problems).toEqual([
      'the key extra is not known, and is ignored',
      'resource intel.com/x: the selector bogus is none of the deviceType netDevice, and is ignored',
    ]);
    expect(isUsable).toBe(true);
  });

  it('reads everything that a resource can say', () => {
    const lists = {
      ...{ vendors: ['8086'], devices: ['154c'], drivers: ['iavf'], pciAddresses: ['0000:3b:02.0'] },
      ...{ acpiIndexes: ['1'], pfNames: ['ens1f0#0-3,5'], rootDevices: ['0000:3b:00.0'], linkTypes: ['ether'] },
    };
    const entry = {
      ...{ resourceName: 'x', resourcePrefix: 'corp.example', excludeTopology: true },
      additionalInfo: { '*': { Key: 'Value' } },
      selectors: [{ ...lists, pKeys: ['0x8005'], needVhostNet: true, vdpaType: 'virtio' }, { isRdma: true }],
    };
    const { resources, problems } = read({ resourceList: [entry] });
    expect(problems).toEqual([]);
    expect(resources).toEqual([
      {
        ...{ name: 'corp.example/x', prefix: 'corp.example', resourceName: 'x', deviceType: 'netDevice' },
        ...{ excludeTopology: true, additionalInfo: { '*': { Key: 'Value' } } },
        selectors: [
          { ...lists, pKeys: ['0x8005'], auxTypes: [], isRdma: false, needVhostNet: true, vdpaType: 'virtio' },
          { ...ANY_DEVICE, isRdma: true },
        ],
      },
    ]);
  });

  it('takes null, and an empty text, for what is not given', () => {
    const selectors = { vendors: null, isRdma: null, needVhostNet: null, vdpaType: '' };
    const entry = { resourceName: 'x', resourcePrefix: '', deviceType: null, excludeTopology: null, selectors };
    expect(read({ resourceList: [{ ...entry, additionalInfo: null, SelectorObj: null }] })).toEqual({
      resources: [
        {
          ...{ name: 'intel.com/x', prefix: 'intel.com', resourceName: 'x', deviceType: 'netDevice' },
          ...{ excludeTopology: false, selectors: [ANY_DEVICE] },
        },
      ],
      problems: [],
      isUsable: true,
    });
  });

  it.each<[string, object, string]>([
    ['a key that is not known', { reSourceNam: 'y' }, 'the key reSourceNam is not known, and is ignored'],
    [
      'the name of what every object has',
      { selectors: { constructor: 1 } },
      'the selector constructor is none of the deviceType netDevice, and is ignored',
    ],
    [
      'a selector of another type of device',
      { deviceType: 'accelerator', selectors: { acpiIndexes: ['1'], pciAddresses: [] } },
      'the selector acpiIndexes is none of the deviceType accelerator, and is ignored',
    ],
    [
      'DDP profiles of an SF',
      { deviceType: 'auxNetDevice', selectors: { auxTypes: ['sf'], ddpProfiles: ['x'], linkTypes: [] } },
      'the selector ddpProfiles is none of the deviceType auxNetDevice, and is ignored',
    ],
    [
      'indexes that cannot be read',
      { selectors: { pfNames: ['ens1f0#0,x', 'ens1f0#10-11,2-11,10'] } },
      'the entry ens1f0#0,x cannot be read: write NAME, or NAME#0,2-5',
    ],
    [
      'the same at an address',
      { selectors: [{}, { rootDevices: ['0000:3b:00.0#1-2-3', '0000:3b:00.0'] }] },
      'the entry 0000:3b:00.0#1-2-3 cannot be read: write NAME, or NAME#0,2-5',
    ],
    ['another vdpaType', { selectors: { vdpaType: 'VHOST' } }, 'there is no vdpaType VHOST: write vhost or virtio'],
  ])('serves a resource with %s, and tells of it', (_, entry, problem) => {
    const { resources, problems } = read({ resourceList: [{ resourceName: 'x', ...entry }] });
    expect(problems).toEqual([`resource intel.com/x: ${problem}`]);
    expect(resources).toHaveLength(1);
  });

  it('has no such words about vDPA devices that there are', () => {
    const selectors = [{ vdpaType: 'vhost' }, { vdpaType: 'virtio' }];
    expect(problemsOf({ resourceName: 'x', selectors })).toEqual([]);
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
    expect(isUsable).toBe(false);
    expect(problems).toEqual([
      expect.stringMatching(/^the configuration cannot be read: .*(JSON object|resourcelist: )/),
    ]);
  });

  it.each([
    ['name of 63 characters', 'a'.repeat(63), 'intel.com'],
    ['name of one character', '0', 'intel.com'],
    ['name with all that it may have', 'A_b-9', 'intel.com'],
    ['prefix of 244 characters', 'x', `${'a.'.repeat(121)}bb`],
    ['prefix without a dot', 'x', 'corp-9'],
    ['prefix that only looks like one of the kubelet', 'x', 'kubernetes.io.corp'],
  ])('serves a resource with a %s', (_, resourceName, resourcePrefix) => {
    expect(problemsOf({ resourceName, resourcePrefix })).toEqual([]);
  });

  it.each([
    ['too long', `${'a.'.repeat(122)}b`, 'has to be a domain name in lower case'],
    ['wrong at the end of one part', 'a-.b', 'has to be a domain name in lower case'],
    ['wrong at the start of one part', 'a.-b', 'has to be a domain name in lower case'],
    ['without a name between dots', 'a..b', 'has to be a domain name in lower case'],
    ["the kubelet's", 'kubernetes.io', 'keeps the prefix'],
    ["like the kubelet's at its end", 'mykubernetes.io', 'keeps the prefix'],
    ['that of quotas', 'requests.corp', 'keeps the prefix'],
  ])('does not serve a resource whose prefix is %s', (_, resourcePrefix, problem) => {
    expect(problemsOf({ resourceName: 'x', resourcePrefix })).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['no name', {}, 'it has no resourceName'],
    ['a dot in its name', { resourceName: 'a.b' }, 'letters, digits, "-" or "_"'],
    ['a name that begins with a hyphen', { resourceName: '-a' }, 'letter or digit at both ends'],
    ['a name of 64 characters', { resourceName: 'a'.repeat(64) }, '1 to 63'],
    ['a prefix in upper case', { resourceName: 'a', resourcePrefix: 'Corp' }, 'its prefix Corp'],
    ["the kubelet's prefix", { resourceName: 'a', resourcePrefix: 'x.kubernetes.io' }, 'keeps the prefix'],
    ['a name that ends with a hyphen', { resourceName: 'a-' }, 'letter or digit at both ends'],
    ['an empty list of selectors', { resourceName: 'a', selectors: [] }, 'its list of selectors is empty'],
    ['selectors of a wrong type', { resourceName: 'a', selectors: { vendors: '8086' } }, 'its selectors: vendors: '],
    [
      'a second selector that is wrong',
      { resourceName: 'a', selectors: [{}, []] },
      'its selectors: it is no JSON object',
    ],
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

  it('keeps the other remarks on a resource that it does not serve', () => {
    expect(problemsOf({ resourceName: 'a', other: 1, selectors: { isRdma: true, vdpaType: 'vhost' } })).toEqual([
      'resource intel.com/a: the key other is not known, and is ignored',
      'resource intel.com/a is not served: a device has either isRdma or a vdpaType',
    ]);
  });

  it('serves the first of two resources with the same name, whoever wrote the prefix', () => {
    const twice = [{ resourceName: 'x' }, { resourceName: 'x', resourcePrefix: 'intel.com' }];
    expect(problemsOf(...twice)).toEqual(['resource intel.com/x is configured twice: the second entry is not served']);
    expect(problemsOf({ resourceName: 'x' }, { resourceName: 'x', resourcePrefix: 'other.example' })).toEqual([]);
  });
});
