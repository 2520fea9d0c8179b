import { describe, expect, it } from '@jest/globals';
import { INTEL_PF, intelVf } from '../test/hosts.ts';
import { listed, planOf } from '../test/plan.ts';
import { type PoolFacts } from './pool.ts';

const A = { resourceName: 'a', selectors: { drivers: ['iavf'] } };
const B = { resourceName: 'b', selectors: { drivers: ['vfio-pci'] } };
const id = (index: number): string => intelVf(index).id;
const withdrawn = [{ pf: INTEL_PF.pciAddress, because: 'the number of VFs becomes 2' }];
const knownAs = (resource: string): PoolFacts['known'] =>
  new Map([0, 1].map((index) => [id(index), `intel.com/${resource}`]));
const returning = new Map([[id(0), { resource: 'intel.com/a', numaNode: 1 }]]);
const { driver: _, ...unbound } = intelVf(0);

describe('a device that is being changed and will return', () => {
  it.each<[string, Partial<PoolFacts>, Record<string, string[]>]>([
    [
      'stays in the list',
      { devices: [intelVf(0), intelVf(1)], known: knownAs('a') },
      { a: [id(0), `-${id(1)}`], b: [] },
    ],
    ['also without a driver', { devices: [unbound], known: knownAs('a') }, { a: [id(0)], b: [] }],
    [
      'also with that of another resource',
      { devices: [intelVf(0, { driver: 'vfio-pci' })], known: knownAs('a') },
      { a: [id(0)], b: [] },
    ],
    ['also while it is not there', { devices: [], known: knownAs('a') }, { a: [id(0)], b: [] }],
    [
      'also while it cannot be read',
      { unreadable: new Map([[id(0), 'EIO']]), known: knownAs('a') },
      { a: [id(0)], b: [] },
    ],
    [
      'also while the kubelet cannot be asked',
      { devices: [intelVf(0)], known: knownAs('a'), allocated: undefined },
      { a: [id(0)], b: [] },
    ],
    [
      'also while the kubelet gives it to a pod',
      { devices: [intelVf(0)], known: knownAs('a'), starting: new Map([[id(0), 'intel.com/a']]) },
      { a: [id(0)], b: [] },
    ],
    [
      'not when it was listed by another resource',
      { devices: [intelVf(0)], known: knownAs('b'), mayBeListed: new Set([id(0)]) },
      { a: [`-${id(0)}`], b: [] },
    ],
    ['not when it was never listed', { devices: [] }, { a: [], b: [] }],
  ])('%s', (__, facts, expected) => {
    expect(listed(planOf([A, B], { withdrawn, returning, ...facts }))).toEqual(expected);
  });

  it('stays on its NUMA node: without, the kubelet would reject pods that ask for one', () => {
    const plan = planOf([A], { withdrawn, returning, devices: [], known: knownAs('a') });
    expect(plan.pools[0]?.devices).toMatchObject([{ id: id(0), numaNode: 1 }]);
  });

  it('is held, and held back by nobody', () => {
    const plan = planOf([A], { withdrawn, returning, devices: [intelVf(0)], known: knownAs('a') });
    expect(plan.pools[0]?.devices).toMatchObject([{ id: id(0), isHealthy: true, isHeld: true }]);
    expect(plan.heldBack).toEqual([]);
  });

  it('is not held when a pod has it', () => {
    const allocated = new Map([[id(0), [{ resource: 'intel.com/a', pod: 'default/web' }]]]);
    const plan = planOf([A], { withdrawn, returning, devices: [intelVf(0)], known: knownAs('a'), allocated });
    expect(plan.pools[0]?.devices[0]?.isHeld).toBeUndefined();
  });

  it('goes with its resource', () => {
    expect(listed(planOf([B], { withdrawn, returning, devices: [], known: knownAs('a') }))).toEqual({ b: [] });
  });
});
