import { describe, expect, it } from '@jest/globals';
import { type AdmissionCluster } from './request.ts';
import { objectOf, storedPolicy, verdictOn } from './test/requests.ts';

it('warns of a blank between tokens that JSON does not know, and lets it in as upstream does', () => {
  const verdict = (ipam: string): ReturnType<typeof verdictOn> =>
    verdictOn(objectOf('SriovNetwork', { resourceName: 'r', ipam }, { name: 'net' }));
  expect(verdict('{\u00a0"type":"static"}')).toMatchObject({
    allowed: true,
    warnings: [expect.stringContaining('spec.ipam: a blank that is none in JSON')],
  });
  expect(verdict('{"type":"a\u00a0b"}').warnings).toEqual([]);
});

it('warns of a resource that no policy makes, and names those that are like it', () => {
  const policies = [storedPolicy('a', { resourceName: 'intelnics' }), storedPolicy('b', { resourceName: 'mlxnics' })];
  const warningsFor = (resourceName: string, cluster: Partial<AdmissionCluster> = { policies }): readonly string[] =>
    verdictOn(objectOf('SriovNetwork', { resourceName }, { name: 'net' }), { cluster }).warnings;
  expect(warningsFor('intel_nic')).toEqual([
    'spec.resourceName "intel_nic" is made by no policy (near: intelnics): pods with this network stay Pending unless something else makes it',
  ]);
  expect(warningsFor('gpu')).toEqual([expect.stringContaining('is made by no policy: pods')]);
  expect(warningsFor('intelnics')).toEqual([]);
  // Without any policy there is nothing to compare with.
  expect(warningsFor('gpu', { policies: [] })).toEqual([]);
});

it('names three resources that are like the written one, the most similar first', () => {
  const policies = ['nics4', 'nics33', 'nics2', 'nics1', 'other'].map((name) => storedPolicy(name));
  const { warnings } = verdictOn(objectOf('SriovNetwork', { resourceName: 'nics3' }, { name: 'net' }), {
    cluster: { policies },
  });
  expect(warnings).toEqual([expect.stringContaining('(near: nics1, nics2, nics33)')]);
});

it('warns of foreign blanks in all fields that have them at once', () => {
  const blank = '{\u00a0"type": "tuning"}';
  const spec = { resourceName: 'r', ipam: blank, capabilities: '{"mac": true}', metaPlugins: blank };
  expect(verdictOn(objectOf('SriovNetwork', spec, { name: 'net' })).warnings).toEqual([
    expect.stringMatching(/^spec\.ipam, spec\.metaPlugins: a blank that is none in JSON/),
  ]);
});

it('a policy without a spec makes no resource', () => {
  const { spec: _, ...bare } = storedPolicy('bare');
  const policies = [bare, storedPolicy('a', { resourceName: 'intelnics' })];
  const network = objectOf('SriovNetwork', { resourceName: 'intelnics' }, { name: 'net' });
  expect(verdictOn(network, { cluster: { policies } }).warnings).toEqual([]);
});

describe('what the CNI cannot read, though it is JSON', () => {
  const verdict = (spec: object): ReturnType<typeof verdictOn> =>
    verdictOn(objectOf('SriovNetwork', { resourceName: 'r', ...spec }, { name: 'net' }));

  it.each<[string, object, string]>([
    [
      'a capability that is no boolean',
      { capabilities: '{"ips": true, "mac": "yes"}' },
      'spec.capabilities: "mac" is "yes"',
    ],
    ['an IPAM type that is no text', { ipam: '{"type": 5}' }, 'spec.ipam: "type" is 5'],
    [
      'a chained plugin without a type',
      { metaPlugins: '{"type": "tuning"}, {"mtu": 9000}' },
      'spec.metaPlugins: plugin 2 has no "type"',
    ],
    [
      'a capability of a chained plugin that is no boolean',
      { metaPlugins: '{"type": "tuning", "capabilities": {"mac": 1}}' },
      'spec.metaPlugins: capabilities of plugin 1: "mac" is 1',
    ],
  ])('%s is warned of', (_, spec, warning) => {
    expect(verdict(spec)).toMatchObject({ allowed: true, warnings: [expect.stringContaining(warning)] });
  });

  it.each<[string, object]>([
    ['a type in capitals, which Go reads as well', { metaPlugins: '{"Type": "tuning"}' }],
    ['members without a value', { capabilities: '{"mac": null}', ipam: '{"type": null}' }],
  ])('%s is not', (_, spec) => {
    expect(verdict(spec)).toMatchObject({ allowed: true, warnings: [] });
  });
});
