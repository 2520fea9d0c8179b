import { claimsOf } from './claims.ts';
import { groupHeldBack } from './held-back.ts';
import { hold } from './hold.ts';
import { placeDevice, type Placement, placeUnreadable } from './place-device.ts';
import { type Pool, type PooledDevice, type PoolFacts, type PoolsPlan } from './pool.ts';

export { type Pool, type PooledDevice, type PoolFacts, type PoolsPlan } from './pool.ts';

/**
 * Decides which devices each resource offers. A device belongs to the first resource with a selector that it fits, and
 * is offered by no other. What a pod has stays where it is, and stays healthy, as long as it exists; what may be in use
 * and cannot be known stays as well. What the host uses is never offered. What is being changed and will return stays
 * listed, and is held.
 */
export function planPools(facts: PoolFacts): PoolsPlan {
  const claims = claimsOf(facts);
  const found = [
    ...facts.devices.map((device) => placeDevice(device, facts, claims)),
    ...[...facts.unreadable].map((entry) => placeUnreadable(entry, facts, claims)),
  ].filter((placement) => placement !== undefined);
  const placements = hold(found, facts, claims);
  const configured = facts.resources.map(({ selectors: _, ...resource }) => ({ resource, isConfigured: true }));
  const leftovers = claims.leftovers.map((resource) => ({ resource, isConfigured: false }));
  return {
    pools: [...configured, ...leftovers].map((pool) => ({ ...pool, devices: devicesOf(pool.resource, placements) })),
    heldBack: groupHeldBack([...claims.gone, ...placements.flatMap(({ held }) => held)]),
  };
}

function devicesOf({ name, excludeTopology }: Pool['resource'], placements: readonly Placement[]): PooledDevice[] {
  const devices = placements.flatMap(({ resource, pooled }) => (resource === name ? (pooled ?? []) : []));
  return excludeTopology ? devices.map(({ numaNode: _, ...device }) => device) : devices;
}
