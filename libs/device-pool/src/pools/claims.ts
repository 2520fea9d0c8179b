import { type DeviceHolder } from '@sriov/observed-host';
import { listSome } from '@sriov/words';
import { type HeldDevice } from './held-back.ts';
import { type Pool, type PoolFacts } from './pool.ts';

/** The resource that a device cannot leave. */
export interface Claim {
  /** It may be one of another device plugin, which then has no pool of ours. */
  readonly resource: string;
  /** A pod has it; otherwise one may have it. */
  readonly isCertain: boolean;
  /** Why, as a part of a sentence. */
  readonly cause: string;
}

/** Devices that pods have or may have. */
export interface Claims {
  readonly byDevice: ReadonlyMap<string, Claim>;
  /** Resources of ours that are no longer configured, and of which pods have or may have devices. */
  readonly leftovers: readonly Pool['resource'][];
  /** Devices that pods have and that are no longer there. */
  readonly gone: readonly HeldDevice[];
}

/** Finds out which devices cannot leave their resource. */
export function claimsOf(facts: PoolFacts): Claims {
  const { allocated, known, resources } = facts;
  const configured = new Set(resources.map(({ name }) => name));
  // A resource of another plugin must not become one of ours: the kubelet would take our list of it for all that there is.
  const names = new Set([...configured, ...known.values(), ...facts.starting.values(), ...facts.ours]);
  const isOurs = (resource: string): boolean => names.has(resource);
  const present = new Set([...facts.devices.map(({ id }) => id), ...facts.unreadable.keys()]);
  const certain = [...(allocated ?? [])].flatMap(([id, holders]) => claimOf(id, holders, isOurs));
  const mayBe = allocated === undefined ? [...known].map(([id, resource]) => ({ id, resource, ...MAY_BE })) : [];
  const starting = [...facts.starting].map(([id, resource]) => ({ id, resource, ...STARTING }));
  const byDevice = new Map(
    [...mayBe, ...starting, ...certain].filter(({ id }) => present.has(id)).map((each) => [each.id, each]),
  );
  const old = [...byDevice.values()]
    .map(({ resource }) => resource)
    .filter((name) => !configured.has(name) && isOurs(name));
  return {
    byDevice,
    leftovers: [...new Set(old)].map(leftoverResource),
    // The daemon adds the cure to what it says of devices that are gone.
    gone: certain
      .filter(({ id, resource }) => !present.has(id) && names.has(resource))
      .map(({ id, resource, pods }) => ({
        ...{ resource, id, reason: 'Gone' },
        cause: `pod ${pods} has it, and it is no longer there`,
      })),
  };
}

/** Its health counts as that of any other device, because Allocate waits until it is healthy. */
const STARTING = { isCertain: false, cause: 'the kubelet is giving it to a pod' };
const MAY_BE = { isCertain: false, cause: 'a pod may have it, and the kubelet cannot be asked' };

/** None for a device that nobody has. A holder of a resource of ours counts before any other. */
function claimOf(
  id: string,
  holders: readonly DeviceHolder[],
  isOurs: (resource: string) => boolean,
): (Claim & { readonly id: string; readonly pods: string })[] {
  const resource = (holders.find((each) => isOurs(each.resource)) ?? holders.at(0))?.resource;
  if (resource === undefined) return [];
  const pods = listSome(holders.filter((each) => each.resource === resource).map(({ pod }) => pod));
  return [{ id, resource, pods, isCertain: true, cause: `pod ${pods} has it as ${resource}` }];
}

/** What is known of a resource that the configuration no longer has. */
function leftoverResource(name: string): Pool['resource'] {
  const prefix = name.slice(0, Math.max(0, name.indexOf('/')));
  return { name, prefix, resourceName: name.slice(prefix.length + 1), deviceType: 'netDevice', excludeTopology: false };
}
