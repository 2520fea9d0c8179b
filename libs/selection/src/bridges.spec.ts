import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec } from '@sriov/api';
import { policy, PORTS } from '@sriov/testing/objects';
import { bridgesOf, findBridgeFault } from './bridges.ts';
import { wants } from './test/wants.ts';

const whole = (name: string, priority: number, spec: Partial<NodePolicySpec> = {}): ReturnType<typeof policy> =>
  policy(name, { priority, nicSelector: { pfNames: ['ens2f0'] }, ...spec });

const bridged = policy('br', {
  mtu: 9000,
  eSwitchMode: 'switchdev',
  nicSelector: { pfNames: ['ens2f0'] },
  bridge: { ovs: { bridge: { datapathType: 'netdev' } } },
});
describe('bridgesOf', () => {
  it('makes the bridge of a PF with the MTU of its policy', () => {
    expect(wants([bridged]).spec.bridges).toEqual({
      ovs: [
        {
          name: 'br-0000_3b_00.0',
          bridge: { datapathType: 'netdev' },
          uplinks: [{ pciAddress: '0000:3b:00.0', name: 'ens2f0', interface: { mtuRequest: 9000 } }],
        },
      ],
    });
  });

  it('takes a bridge away when a policy of higher precedence has none', () => {
    const top = whole('top', 0);
    expect(wants([{ ...bridged, spec: { ...bridged.spec!, priority: 50 } }, top]).spec.bridges).toBeUndefined();
  });

  it.each<[string, Partial<NodePolicySpec>]>([
    ['wants too many VFs', { numVfs: 100 }],
    ['wants a range beyond its VFs', { nicSelector: { pfNames: ['ens2f0#8-9'] } }],
  ])('lets a policy that cannot be carried out on a PF neither take its bridge nor make one: it %s', (_, spec) => {
    const below = { ...bridged, spec: { ...bridged.spec!, priority: 50 } };
    expect(wants([below, whole('top', 0, spec)]).spec).toEqual(wants([below]).spec);
    const greedy = { ...bridged, spec: { ...bridged.spec!, ...spec } };
    expect(wants([greedy]).spec).toEqual({});
    const before = wants([bridged]);
    expect(wants([greedy], { spec: before.spec }).spec).toEqual(before.spec);
  });

  it('leaves the bridge of a policy that can no longer be read', () => {
    const { spec } = wants([bridged]);
    const broken = { ...bridged, spec: { ...bridged.spec!, numVfs: 'many' as unknown as number } };
    expect(wants([broken], { spec }).spec).toEqual(spec);
  });

  it('names a bridge that cannot be, and makes the others', () => {
    const faulty = policy('faulty', { nicSelector: { pfNames: ['ens2f1'] }, bridge: { ovs: {} } });
    const result = wants([bridged, faulty]);
    expect(result.spec.bridges?.ovs).toHaveLength(1);
    expect(result.problems).toMatchObject([
      { name: 'faulty', reason: 'PolicyInvalid', message: 'spec.bridge requires eSwitchMode switchdev' },
    ]);
  });
});

describe('a policy can have a bridge', () => {
  const spec = { ...bridged.spec!, bridge: { ovs: {} } };

  it.each<[string, Partial<NodePolicySpec>, string | undefined]>([
    ['in switchdev mode', {}, undefined],
    ['for Ethernet, however it is written', { linkType: 'ETH' }, undefined],
    ['not in legacy mode', { eSwitchMode: 'legacy' }, 'spec.bridge requires eSwitchMode switchdev'],
    ['not for InfiniBand', { linkType: 'ib' }, 'spec.bridge requires linkType eth'],
    [
      'not on a PF of another owner',
      { externallyManaged: true },
      'spec.bridge cannot be combined with externallyManaged',
    ],
    ['and none is wrong where none is wanted', { bridge: {}, eSwitchMode: 'legacy' }, undefined],
    ['and nothing is wrong without one', { bridge: undefined, eSwitchMode: 'legacy' }, undefined],
  ])('%s', (_, change, fault) => {
    expect(findBridgeFault({ spec: { ...spec, ...change } })).toBe(fault);
  });
});

describe('the bridges of a node', () => {
  const both = { ...bridged, spec: { ...bridged.spec!, nicSelector: { vendor: '8086' } } };
  const names = (spec: ReturnType<typeof wants>['spec']): string[] => (spec.bridges?.ovs ?? []).map(({ name }) => name);

  it('are in order of their names, whatever order the PFs are in', () => {
    const { spec } = wants([both], { interfaces: [...PORTS].reverse() });
    expect(names(spec)).toEqual(['br-0000_3b_00.0', 'br-0000_3b_00.1']);
  });

  it('keep what their policies say of the uplink where no MTU is set', () => {
    const { mtu: _, ...spec } = bridged.spec!;
    const uplink = { interface: { type: 'dpdk', mtuRequest: 2000 } };
    const quiet = { ...bridged, spec: { ...spec, bridge: { ovs: { uplink } } } };
    expect(wants([quiet]).spec.bridges?.ovs?.[0]?.uplinks).toMatchObject([uplink]);
  });

  it('stay as they are on PFs that nobody plans, and go on others', () => {
    const { spec } = wants([both]);
    const facts = { node: 'n1', policies: [], layers: [], spec };
    const keptOf = (kept: readonly string[]): string[] =>
      (bridgesOf({ ...facts, kept: new Set(kept) }).bridges?.ovs ?? []).map(({ name }) => name);
    expect(keptOf([])).toEqual([]);
    expect(keptOf(['0000:3b:00.1'])).toEqual(['br-0000_3b_00.1']);
  });

  it('are no longer kept of a policy that is gone from a PF, while another cannot be read', () => {
    const { spec } = wants([both]);
    const broken = policy('broken', { numVfs: 'many' as unknown as number });
    expect(wants([broken], { spec }).spec.bridges).toBeUndefined();
  });
});
