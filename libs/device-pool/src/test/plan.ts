import { readPluginConfig } from '../config/plugin-config.ts';
import { planPools, type PoolFacts, type PoolsPlan } from '../pools/plan-pools.ts';

/** Facts about a host on which no pod has anything. */
export function poolFacts(resourceList: readonly object[], facts: Partial<PoolFacts> = {}): PoolFacts {
  const { resources } = readPluginConfig(JSON.stringify({ resourceList }), 'intel.com');
  return {
    ...{
      resources,
      prefixes: ['intel.com'],
      ours: new Set(['intel.com/old']),
      devices: [],
      unreadable: new Map(),
      allocated: new Map(),
    },
    ...{ starting: new Map(), withdrawn: [], known: new Map(), returning: new Map() },
    ...{ mayBeListed: new Set<string>(), ...facts },
  };
}

export function planOf(resourceList: readonly object[], facts: Partial<PoolFacts> = {}): PoolsPlan {
  return planPools(poolFacts(resourceList, facts));
}

/** Ids of each resource; an unhealthy device has a `-` in front. */
export function listed({ pools }: PoolsPlan): Record<string, string[]> {
  return Object.fromEntries(
    pools.map(({ resource, devices }) => [
      resource.resourceName,
      devices.map(({ id, isHealthy }) => `${isHealthy ? '' : '-'}${id}`),
    ]),
  );
}
