import { describe, expect, it } from '@jest/globals';
import { type KubeObject } from '@sriov/api';
import { NETWORK_RULES } from './network-rules.ts';
import { NIC_RULES } from './nic-rules.ts';
import { OPERATOR_CONFIG_RULES } from './operator-config-rules.ts';
import { PAIR_RULES } from './pair-rules.ts';
import { POOL_RULES } from './pool-rules.ts';
import { objectOf, policyObject, state, verdictOn } from './test/requests.ts';

describe('a SriovOperatorConfig', () => {
  const config = (spec: unknown, metadata: object = {}): KubeObject => objectOf('SriovOperatorConfig', spec, metadata);
  const draining =
    'spec.disableDrain is true: nodes are configured without being drained, which may interrupt workloads';
  const busy = { cluster: { nodeStates: [state('n2', [], 'InProgress'), state('n1', [], 'Succeeded')] } };

  it.each<[string, KubeObject, string[]]>([
    ['without a spec', config(undefined), []],
    ['that drains', config({ disableDrain: false }), []],
    ['that does not drain', config({ disableDrain: true }), [draining]],
  ])('%s is let in', (_, object, warnings) => {
    expect(verdictOn(object)).toEqual({ allowed: true, message: '', warnings, patch: [] });
  });

  it.each<[string, KubeObject, string]>([
    [
      'of another name',
      config({}, { name: 'mine' }),
      'only the SriovOperatorConfig operator/default is used, and this is operator/mine: change that one',
    ],
    ['in another namespace', config({}, { namespace: 'team' }), 'and this is team/default: change that one'],
    ['with a level that is no number', config({ logLevel: 'high' }), 'spec.logLevel "high": must be a whole number'],
  ])('%s is refused', (_, object, message) => {
    expect(verdictOn(object)).toMatchObject({ allowed: false, message: expect.stringContaining(message) });
  });

  it('cannot stop draining while a node is being configured', () => {
    const rest = { operation: 'UPDATE' as const, oldObject: config({ disableDrain: false }) };
    expect(verdictOn(config({ disableDrain: true }), { ...rest, ...busy })).toMatchObject({
      allowed: false,
      message:
        'spec.disableDrain cannot become true while nodes are being configured (1, such as n2): wait until their syncStatus is Succeeded, or take back the change that they wait for',
    });
    expect(verdictOn(config({ disableDrain: true }), rest).allowed).toBe(true);
  });

  it.each<[string, object, object]>([
    ['it did not drain before', { disableDrain: true }, { disableDrain: true, logLevel: 1 }],
    ['it drains again', { disableDrain: true }, { disableDrain: false }],
    ['it goes on draining', {}, { logLevel: 1 }],
  ])('may change while a node is being configured when %s', (_, before, after) => {
    const rest = { operation: 'UPDATE' as const, oldObject: config(before), ...busy };
    expect(verdictOn(config(after), rest).allowed).toBe(true);
  });
});

describe('a SriovNetworkPoolConfig', () => {
  const pool = (spec: unknown, metadata: object = {}): KubeObject =>
    objectOf('SriovNetworkPoolConfig', spec, { name: 'mine', ...metadata });
  const offload = { ovsHardwareOffloadConfig: { name: 'mcp' } };
  const zone = (value: string): object => ({ nodeSelector: { matchLabels: { zone: value } } });

  it.each([undefined, 1, 100, '1%', '33%', '100%'])('maxUnavailable %p is let in', (maxUnavailable) => {
    expect(verdictOn(pool({ maxUnavailable }))).toEqual({ allowed: true, message: '', warnings: [], patch: [] });
  });

  it.each(['120%', '0%', '-1%', '1.5%', '3', 'abc', '', '%', -1, 1.5])('maxUnavailable %p is refused', (value) => {
    const { allowed, message } = verdictOn(pool({ maxUnavailable: value }));
    expect({ allowed, message }).toEqual({ allowed: false, message: expect.stringContaining('spec.maxUnavailable') });
    expect(message).toContain(JSON.stringify(value));
  });

  it.each<[string, object, string]>([
    ['that never drains', { maxUnavailable: 0 }, 'spec.maxUnavailable is 0: no further node of the pool is drained'],
    ['for offload with an RDMA mode', { ...offload, rdmaMode: 'shared' }, 'spec.rdmaMode has no effect beside'],
  ])('%s is let in with a warning', (_, spec, warning) => {
    expect(verdictOn(pool(spec))).toMatchObject({ allowed: true, warnings: [expect.stringContaining(warning)] });
  });

  it('in another namespace is let in with a warning', () => {
    const { warnings } = verdictOn(pool({}, { namespace: 'team' }));
    expect(warnings).toEqual(['pools are read from the namespace operator only: in team this one is not used']);
  });

  it.each<[string, object, string]>([
    ['a number', { ...offload, maxUnavailable: 1 }, 'cannot be combined with maxUnavailable: make two pools of it'],
    ['nodes', { ...offload, ...zone('a') }, 'spec.ovsHardwareOffloadConfig cannot be combined with nodeSelector'],
  ])('for offload with %s is refused', (_, spec, message) => {
    expect(verdictOn(pool(spec))).toMatchObject({ allowed: false, message: expect.stringContaining(message) });
  });

  it.each<[string, object, string]>([
    [
      'an unknown operator',
      { operator: 'Near', values: ['a'] },
      'zone Near: the operator must be one of In, NotIn, Exists, DoesNotExist',
    ],
    ['In without values', { operator: 'In' }, 'zone In needs values'],
    ['NotIn without values', { operator: 'NotIn', values: [] }, 'zone NotIn needs values'],
    ['Exists with values', { operator: 'Exists', values: ['a'] }, 'zone Exists takes no values'],
  ])('with %s is refused', (_, expression, message) => {
    const spec = { nodeSelector: { matchExpressions: [{ key: 'zone', ...expression }] } };
    expect(verdictOn(pool(spec))).toMatchObject({
      allowed: false,
      message: `spec.nodeSelector.matchExpressions: ${message}`,
    });
  });

  it('that shares a node with another is let in with a warning that names both', () => {
    const pools = [
      pool(zone('a'), { name: 'old' }),
      pool(zone('a'), { name: 'far', namespace: 'team' }),
      pool(zone('b')),
    ];
    expect(verdictOn(pool(zone('a')), { cluster: { pools } })).toMatchObject({
      allowed: true,
      warnings: ['node n1 is in the pools mine, old: narrow their nodeSelector until it is in one'],
    });
    expect(verdictOn(pool(zone('b')), { cluster: { pools } }).warnings).toEqual([]);
  });
});

describe.each(['SriovNetwork', 'SriovIBNetwork', 'OVSNetwork'])('a %s', (kind) => {
  const network = (spec: object, metadata: object = {}): KubeObject =>
    objectOf(kind, { resourceName: 'r', ...spec }, { name: 'net', ...metadata });

  it.each<[string, KubeObject]>([
    ['in the operator namespace for another one', network({ networkNamespace: 'team' })],
    ['in its own namespace', network({}, { namespace: 'team' })],
    [
      'with JSON',
      network({
        ipam: '{"type": "static"}',
        capabilities: '{"mac": true}',
        metaPlugins: '{"type": "a"}, {"type": "b"}',
      }),
    ],
  ])('%s is let in', (_, object) => {
    expect(verdictOn(object)).toEqual({ allowed: true, message: '', warnings: [], patch: [] });
  });

  it.each<[string, KubeObject, string]>([
    [
      'that reaches into a namespace from another than the operator’s',
      network({ networkNamespace: 'other' }, { namespace: 'team' }),
      'spec.networkNamespace "other" may only be set in the operator namespace operator, and this is team: remove it, or create the network there',
    ],
    ['with broken ipam', network({ ipam: '{"type": static}' }), 'spec.ipam is not valid JSON: line 1, column 10'],
    ['with ipam that is no object', network({ ipam: '[]' }), 'spec.ipam must be a JSON object'],
    ['with broken capabilities', network({ capabilities: '{' }), 'spec.capabilities is not valid JSON'],
    ['with bracketed plugins', network({ metaPlugins: '[{}]' }), 'spec.metaPlugins must be JSON objects separated'],
    ['without a resource', network({ resourceName: undefined }), 'spec.resourceName is required'],
    ['whose JSON is none', network({ ipam: { type: 'static' } }), 'spec.ipam: must be text: put JSON in quotes'],
    [
      'whose resource has the prefix',
      network({ resourceName: 'openshift.io/intelnics' }),
      'spec.resourceName "openshift.io/intelnics" has a prefix, which is put in front of it anyway: write intelnics',
    ],
    ['whose resource can be none', network({ resourceName: 'intel nics' }), 'spec.resourceName "intel nics" must be'],
    [
      'of a name that the API server does not take',
      network({}, { name: 'Blue_Net' }),
      'metadata.name "Blue_Net" must be at most 253 lower-case letters, digits, "-" or ".", and each part between dots must begin and end with a letter or digit: write blue-net',
    ],
    ['in a namespace that there cannot be', network({}, { namespace: 'a.b' }), 'metadata.namespace "a.b" must be'],
    ['for one', network({ networkNamespace: 'Apps' }), 'spec.networkNamespace "Apps" must be at most 63 lower-case'],
  ])('%s is refused', (_, object, message) => {
    expect(verdictOn(object)).toMatchObject({ allowed: false, message: expect.stringContaining(message) });
  });

  it('is told once that it may not reach into another namespace', () => {
    const { message } = verdictOn(network({ networkNamespace: 'other' }, { namespace: 'team' }));
    expect(message.match(/may only be set/g)).toHaveLength(1);
  });
});

describe('what a pod would fail with at its start', () => {
  const of = (kind: string, spec: object): KubeObject =>
    objectOf(kind, { resourceName: 'r', ...spec }, { name: 'net' });

  it.each<[string, string, object, string]>([
    ['a VLAN priority without a VLAN', 'SriovNetwork', { vlan: 0, vlanQoS: 3 }, 'spec.vlanQoS 3 needs a VLAN'],
    ['the same with no vlan at all', 'SriovNetwork', { vlanQoS: 3 }, 'spec.vlanQoS 3 needs a VLAN'],
    ['802.1ad without a VLAN', 'SriovNetwork', { vlanProto: '802.1AD' }, 'spec.vlanProto 802.1AD needs a VLAN'],
    ['a least rate above the most', 'SriovNetwork', { minTxRate: 9, maxTxRate: 5 }, 'spec.minTxRate 9 is more than'],
    [
      'a trunk from high to low',
      'OVSNetwork',
      { trunk: [{ id: 1 }, { minID: 9, maxID: 5 }] },
      'spec.trunk[1]: minID 9',
    ],
    ['a trunk without a VLAN', 'OVSNetwork', { trunk: [{ minID: 9 }] }, 'spec.trunk names no VLAN'],
    ['an MTU below 0', 'OVSNetwork', { mtu: -1 }, 'spec.mtu -1 must be 1 or more'],
  ])('%s is refused', (_, kind, spec, message) => {
    expect(verdictOn(of(kind, spec))).toMatchObject({ allowed: false, message: expect.stringContaining(message) });
    const stored = of(kind, spec);
    const relabelled = { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } };
    expect(verdictOn(relabelled, { operation: 'UPDATE', oldObject: stored }).allowed).toBe(true);
  });

  it.each<[string, string, object]>([
    ['a priority with its VLAN', 'SriovNetwork', { vlan: 5, vlanQoS: 3, vlanProto: '802.1ad' }],
    ['the usual protocol without a VLAN', 'SriovNetwork', { vlanProto: '802.1q', vlanQoS: 0 }],
    ['no most rate', 'SriovNetwork', { minTxRate: 9, maxTxRate: 0 }],
    ['a trunk of ids and ranges', 'OVSNetwork', { trunk: [{ id: 0 }, { minID: 5, maxID: 5 }] }],
  ])('%s is let in', (_, kind, spec) => {
    expect(verdictOn(of(kind, spec)).allowed).toBe(true);
  });
});

describe('pKey of a SriovIBNetwork', () => {
  const network = (pKey: string): KubeObject => objectOf('SriovIBNetwork', { resourceName: 'r', pKey }, { name: 'ib' });

  it.each(['', '0x1', '0x7fff', '0xffff', '0X8001'])('"%s" is let in', (pKey) => {
    expect(verdictOn(network(pKey)).allowed).toBe(true);
  });

  it.each(['0x0', '0x8000', '8001', '0x10001', '0xz'])('"%s" is refused', (pKey) => {
    expect(verdictOn(network(pKey)).message).toContain(`spec.pKey "${pKey}" must be hexadecimal with 0x`);
  });
});

describe('what is not judged', () => {
  const bad = policyObject({ resourceName: '-' });
  const badPool = objectOf('SriovNetworkPoolConfig', { maxUnavailable: '120%' });

  it.each<[string, KubeObject, Parameters<typeof verdictOn>[1]]>([
    ['the deletion of a policy', bad, { operation: 'DELETE' }],
    ['the deletion of a pool that could not be created', badPool, { operation: 'DELETE' }],
    ['the deletion of the operator configuration', objectOf('SriovOperatorConfig', 3), { operation: 'DELETE' }],
    [
      'an object that is going, whose finalizer is removed',
      policyObject({ resourceName: '-' }, { deletionTimestamp: 'now' }),
      { operation: 'UPDATE', oldObject: policyObject() },
    ],
    [
      'a change of labels',
      policyObject({ resourceName: '-' }, { labels: { a: 'b' } }),
      { operation: 'UPDATE', oldObject: bad },
    ],
    [
      'a change of labels of a policy that ranks highest, since it was stored without a priority',
      objectOf('SriovNetworkNodePolicy', { resourceName: '-' }, { name: 'p', labels: { a: 'b' } }),
      { operation: 'UPDATE', oldObject: objectOf('SriovNetworkNodePolicy', { resourceName: '-' }, { name: 'p' }) },
    ],
    ['the relic "default" in the operator namespace', policyObject({ resourceName: '-' }, { name: 'default' }), {}],
    ['another kind', objectOf('SriovNetworkNodeState', 3), {}],
  ])('%s', (_, object, rest) => {
    expect(verdictOn(object, rest)).toEqual({ allowed: true, message: '', warnings: [], patch: [] });
  });

  it('is not a policy "default" elsewhere, nor a change of the spec', () => {
    expect(verdictOn(policyObject({ resourceName: '-' }, { name: 'default', namespace: 'team' })).allowed).toBe(false);
    const rest = { operation: 'UPDATE' as const, oldObject: bad };
    expect(verdictOn(policyObject({ resourceName: '_' }), rest).allowed).toBe(false);
  });
});

describe('the tables', () => {
  it.each<[string, readonly { readonly name: string }[]]>([
    ['NICs', NIC_RULES],
    ['pairs', PAIR_RULES],
    ['the operator configuration', OPERATOR_CONFIG_RULES],
    ['pools', POOL_RULES],
    ['networks', NETWORK_RULES],
  ])('give each rule about %s a name of its own', (_, rules) => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  });
});
