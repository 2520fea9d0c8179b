import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec } from '@sriov/api';
import { policy } from '@sriov/testing/objects';
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
