import { omitUndefined } from '@sriov/api';
import { type PoolsPlan } from '@sriov/device-pool';
import { type SyncAnswer } from '@sriov/plugin-handover';
import { type Gathered } from './gather.ts';

/** What the device plugin offers, as far as it tells it to the config daemon. */
export interface Offered extends Pick<Gathered, 'configProblems' | 'configHash'> {
  readonly plan: PoolsPlan;
  /** Why the kubelet does not know a resource, by its name. */
  readonly unregistered: ReadonlyMap<string, string>;
  /** Ids of devices that the kubelet is being given. */
  readonly allocating: readonly string[];
}

/** The answer to the config daemon. */
export function syncAnswer({ plan, unregistered, configProblems, configHash, allocating }: Offered): SyncAnswer {
  const resources = plan.pools.map(({ resource: { name }, devices }) => {
    const ids = (isHealthy: boolean): string[] =>
      devices.filter((device) => device.isHealthy === isHealthy).map(({ id }) => id);
    return omitUndefined({ name, healthy: ids(true), unhealthy: ids(false), unregistered: unregistered.get(name) });
  });
  return {
    resources,
    heldBack: plan.heldBack,
    configProblems,
    ...omitUndefined({ configHash }),
    held: heldDevices(plan),
    allocating,
  };
}

/** Ids of the devices that are being changed, and for which allocations wait. */
export function heldDevices({ pools }: PoolsPlan): string[] {
  return pools.flatMap(({ devices }) => devices.filter(({ isHeld }) => isHeld).map(({ id }) => id));
}
