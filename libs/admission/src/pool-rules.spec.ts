import { describe, expect, it } from '@jest/globals';
import { type KubeObject } from '@sriov/api';
import { type AdmissionCluster } from './request.ts';
import { objectOf, verdictOn } from './test/requests.ts';

const pool = (spec: unknown, metadata: object = {}): KubeObject =>
  objectOf('SriovNetworkPoolConfig', spec, { name: 'mine', ...metadata });
const zone = (value: string): object => ({ nodeSelector: { matchLabels: { zone: value } } });
const warningsOf = (object: KubeObject, cluster: Partial<AdmissionCluster> = {}): readonly string[] =>
  verdictOn(object, { cluster }).warnings;

it.each(['1%', '9%', '10%', '99%', '100%', 0, 1])('maxUnavailable %p is let in', (maxUnavailable) => {
  expect(verdictOn(pool({ maxUnavailable })).allowed).toBe(true);
});

it.each(['0%', '00%', '101%', '1%1', '100%%', ' 1%', 'x1%', -1])('maxUnavailable %p is refused', (maxUnavailable) => {
  expect(verdictOn(pool({ maxUnavailable })).allowed).toBe(false);
});

it.each([1, 7, '1%', '100%'])('a canary of %p nodes is let in', (nodes) => {
  expect(verdictOn(pool({ canary: { nodes } })).allowed).toBe(true);
});

it.each([0, -1, '0%', '101%', 'two', ''])('a canary of %p nodes is refused', (nodes) => {
  expect(verdictOn(pool({ canary: { nodes } })).message).toBe(
    `spec.canary.nodes ${JSON.stringify(nodes)} must be a number of nodes (1 or more) or a percentage from "1%" to "100%"`,
  );
});

it('a pool for offload is told of all that has no effect in it', () => {
  const spec = { ovsHardwareOffloadConfig: { name: 'mcp' }, rdmaMode: 'shared', drain: {}, canary: { nodes: 1 } };
  expect(warningsOf(pool(spec))).toEqual([
    'spec.rdmaMode, spec.drain, spec.canary has no effect beside spec.ovsHardwareOffloadConfig: make a pool of its own for it',
  ]);
});

it('a pool for offload with a limit and nodes is told of both', () => {
  const both = { ovsHardwareOffloadConfig: { name: 'mcp' }, maxUnavailable: 1, ...zone('a') };
  expect(verdictOn(pool(both)).message).toBe(
    'spec.ovsHardwareOffloadConfig cannot be combined with maxUnavailable or nodeSelector: make two pools of it',
  );
});

it.each<[string, object]>([
  ['an RDMA mode without offload', { rdmaMode: 'exclusive' }],
  ['offload without an RDMA mode', { ovsHardwareOffloadConfig: { name: 'mcp' } }],
  ['offload that names nothing, with an RDMA mode', { ovsHardwareOffloadConfig: { name: '' }, rdmaMode: 'shared' }],
])('%s is warned of nothing', (_, spec) => {
  expect(warningsOf(pool(spec))).toEqual([]);
});

describe('a node that another pool has too', () => {
  const shared = 'is in the pools mine, old: narrow their nodeSelector until it is in one';

  it('is named once, and it is the first one by name', () => {
    const nodes = ['n2', 'n1'].map((name) => ({ metadata: { name, labels: { zone: 'a' } } }));
    const pools = [pool(zone('a'), { name: 'old' })];
    expect(warningsOf(pool(zone('a')), { nodes, pools })).toEqual([`node n1 ${shared}`]);
  });

  it('is not told to the pool that does not have it', () => {
    const pools = [pool(zone('a'), { name: 'old' }), pool(zone('a'), { name: 'older' })];
    expect(warningsOf(pool(zone('b')), { pools })).toEqual([]);
  });

  it('can be one without labels, which a pool without a selector has', () => {
    const nodes = [{ metadata: { name: 'n1' } }];
    expect(
      warningsOf(pool({ nodeSelector: {} }), { nodes, pools: [pool({ nodeSelector: {} }, { name: 'old' })] }),
    ).toEqual([`node n1 ${shared}`]);
  });

  it('is not told to a pool in another namespace, which nobody reads', () => {
    const pools = [pool(zone('a'), { name: 'old' })];
    expect(warningsOf(pool(zone('a'), { namespace: 'team' }), { pools })).toEqual([
      'pools are read from the namespace operator only: in team this one is not used',
    ]);
  });

  it('does not come from the earlier form of the pool', () => {
    expect(warningsOf(pool(zone('a')), { pools: [pool(zone('a'))] })).toEqual([]);
  });
});
