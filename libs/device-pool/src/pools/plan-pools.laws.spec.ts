import { describe, expect, it } from '@jest/globals';
import { type ObservedDevice } from '@sriov/observed-host';
import fc from 'fast-check';
import { intelVf } from '../test/hosts.ts';
import { poolFacts } from '../test/plan.ts';
import { planPools, type PoolFacts } from './plan-pools.ts';

const index = fc.integer({ min: 0, max: 7 });
const RESOURCES = ['a', 'b', 'c'];
const resource = fc.record({
  resourceName: fc.constantFrom(...RESOURCES),
  selectors: fc.oneof(
    fc.constant({}),
    fc.record({ pfNames: fc.tuple(index, index).map(([x, y]) => [`ens1f0#${Math.min(x, y)}-${Math.max(x, y)}`]) }),
    fc.record({ drivers: fc.constantFrom(['iavf'], ['vfio-pci']) }),
  ),
});
const device: fc.Arbitrary<(id: number) => ObservedDevice> = fc
  .record({ driver: fc.constantFrom('iavf', 'vfio-pci', undefined), isUsed: fc.boolean() })
  .map(({ driver, isUsed }) => (id) => {
    const { driver: _, ...bare } = intelVf(id, isUsed ? { hostUses: [{ kind: 'default-route' }] } : {});
    return driver === undefined ? bare : { ...bare, driver };
  });
const facts: fc.Arbitrary<PoolFacts> = fc
  .record({
    resources: fc.array(resource, { maxLength: 4 }),
    devices: fc.array(device, { maxLength: 8 }),
    pods: fc.array(fc.tuple(index, fc.constantFrom(...RESOURCES, 'old')), { maxLength: 4 }),
    withdrawn: fc.array(
      fc.record({ pf: fc.constant('0000:3b:00.0'), vfs: fc.array(index), because: fc.constant('x') }),
    ),
    known: fc.array(fc.tuple(index, fc.constantFrom(...RESOURCES))),
    isKnown: fc.boolean(),
  })
  .map(({ resources, devices, pods, withdrawn, known, isKnown }) => {
    const id = (n: number): string => `0000:3b:02.${n}`;
    return poolFacts(resources, {
      devices: devices.map((make, n) => make(n)),
      allocated: isKnown
        ? new Map(pods.map(([n, name]) => [id(n), [{ resource: `intel.com/${name}`, pod: 'default/web' }]]))
        : undefined,
      withdrawn,
      ours: new Set([...RESOURCES, 'old'].map((name) => `intel.com/${name}`)),
      known: new Map(known.map(([n, name]) => [id(n), `intel.com/${name}`])),
    });
  });

const all = ({ pools }: ReturnType<typeof planPools>): { id: string; resource: string; isHealthy: boolean }[] =>
  pools.flatMap(({ resource: { name }, devices }) =>
    devices.map(({ id, isHealthy }) => ({ id, resource: name, isHealthy })),
  );

describe('laws of the pools', () => {
  it('lists no device twice', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const ids = all(planPools(each)).map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it('keeps what a pod has where it is, and healthy', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const listed = new Map(all(planPools(each)).map((device) => [device.id, device]));
        for (const [id, [holder]] of each.allocated ?? []) {
          if (each.devices.some((device) => device.id === id)) {
            expect(listed.get(id)).toEqual({ id, resource: holder?.resource, isHealthy: true });
          }
        }
      }),
    );
  });

  it('offers nothing that the host uses or that is withdrawn, unless a pod is known to have it', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const healthy = all(planPools(each)).filter(({ isHealthy }) => isHealthy);
        for (const { id } of healthy) {
          const device = each.devices.find((every) => every.id === id)!;
          const isAllocated = each.allocated?.has(id) === true;
          const isWithdrawn = each.withdrawn.some(({ vfs = [] }) => vfs.includes(device.parent!.index!));
          expect((device.hostUses.length === 0 && !isWithdrawn) || isAllocated).toBe(true);
        }
      }),
    );
  });

  it('moves no device while it is not known what pods have', () => {
    fc.assert(
      fc.property(facts, (known) => {
        const listed = new Map(all(planPools({ ...known, allocated: undefined })).map((device) => [device.id, device]));
        for (const { id } of known.devices) {
          const last = known.known.get(id);
          if (last !== undefined) expect(listed.get(id)?.resource).toBe(last);
          else expect(listed.get(id)?.isHealthy).not.toBe(true);
        }
      }),
    );
  });

  it('does not depend on the order in which devices and facts about them are found', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const reversed = {
          ...each,
          devices: each.devices.toReversed(),
          withdrawn: each.withdrawn.toReversed(),
          known: new Map([...each.known].reverse()),
          allocated: each.allocated && new Map([...each.allocated].reverse()),
        };
        const sorted = (plan: PoolFacts): string[] =>
          all(planPools(plan))
            .map((device) => JSON.stringify(device))
            .sort();
        expect(sorted(reversed)).toEqual(sorted(each));
      }),
    );
  });

  it('has one sentence for each device that a resource holds back', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const held = planPools(each).heldBack.flatMap(({ resource, devices }) =>
          devices.map((id) => `${resource} ${id}`),
        );
        expect(new Set(held).size).toBe(held.length);
      }),
    );
  });
});
