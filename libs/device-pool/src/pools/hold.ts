import { ANY_DEVICE } from '../config/resource-config.ts';
import { type Claims } from './claims.ts';
import { type Placement, wantsOf } from './place-device.ts';
import { type PooledDevice, type PoolFacts, type Returns } from './pool.ts';

/**
 * Leaves devices that are being changed in the list of the resource that will offer them again, those that are gone for
 * the moment as well. The scheduler hears of a shorter list some seconds after the kubelet, and what it sends to the node
 * until then, the kubelet would reject for good. What a pod has stays as it is.
 */
export function hold(placements: readonly Placement[], facts: PoolFacts, { byDevice }: Claims): Placement[] {
  const configured = new Set(facts.resources.map(({ name }) => name));
  const held = new Map(
    [...facts.returning].filter(([id, { resource }]) => {
      const isOther = facts.known.get(id) !== resource || !configured.has(resource);
      return !isOther && byDevice.get(id)?.isCertain !== true;
    }),
  );
  const kept = placements.map((placement) => {
    const { pooled } = placement;
    const returns = held.get(pooled?.id ?? '');
    return pooled === undefined || returns === undefined ? placement : heldAs(returns, pooled);
  });
  const present = new Set(placements.map(({ pooled }) => pooled?.id));
  const away = [...held].filter(([id]) => !present.has(id));
  return [...kept, ...away.map(([id, returns]) => heldAs(returns, { id, wants: wantsOf(ANY_DEVICE) }))];
}

/** It keeps its NUMA node, by which the kubelet may refuse pods for good. */
function heldAs({ resource, ...numa }: Returns, pooled: Omit<PooledDevice, 'isHealthy'>): Placement {
  return { resource, pooled: { ...numa, ...pooled, isHealthy: true, isHeld: true }, held: [] };
}
