import { type DeviceHolder } from '@sriov/observed-host';
import { listSome } from '@sriov/words';
import { type ResourceConfig } from '../config/resource-config.ts';
import { type HeldDevice } from './held-back.ts';
import { type PoolFacts } from './pool.ts';

/** The resource that a device cannot leave. */
interface Claim {
  readonly resource: string;
  /** A pod has it; otherwise one may have it. */
  readonly isCertain: boolean;
  /** Why, as a part of a sentence. */
  readonly cause: string;
}

/** Devices that pods have or may have. */
export interface Claims {
  readonly byDevice: ReadonlyMap<string, Claim>;
  /** Resources of ours that are no longer configured, and the devices that pods have by them. */
  readonly leftovers: readonly {
    readonly resource: Omit<ResourceConfig, 'selectors'>;
    readonly ids: ReadonlySet<string>;
  }[];
  /** Devices that pods have and that are no longer there. */
  readonly gone: readonly HeldDevice[];
  /** True when it cannot be known whether a pod has the device. */
  isUnknown(id: string): boolean;
}

/** Finds out which devices cannot leave their resource. */
export function claimsOf(facts: PoolFacts): Claims {
  const { allocated, known } = facts;
  if (allocated === undefined) {
    const cause = 'a pod may have it, and the kubelet cannot be asked';
    const byDevice = new Map([...known].map(([id, resource]) => [id, { resource, isCertain: false, cause }] as const));
    return { byDevice, leftovers: leftoversOf(facts, byDevice), gone: [], isUnknown: (id) => !known.has(id) };
  }
  const names = new Set([...facts.resources.map(({ name }) => name), ...known.values()]);
  // The daemon adds the cure to what it says of devices that are gone.
  const isOurs = ({ resource }: DeviceHolder): boolean =>
    names.has(resource) || facts.prefixes.includes(prefixOf(resource));
  const present = new Set([...facts.devices.map(({ id }) => id), ...facts.unreadable.keys()]);
  const byDevice = new Map<string, Claim>();
  const gone: HeldDevice[] = [];
  for (const [id, holders] of allocated) {
    const ours = holders.filter(isOurs);
    const [first] = ours;
    if (first === undefined) continue;
    const pods = listSome(ours.map(({ pod }) => pod));
    if (present.has(id)) {
      const cause = `pod ${pods} has it as ${first.resource}`;
      byDevice.set(id, { resource: first.resource, isCertain: true, cause });
    } else if (names.has(first.resource)) {
      const cause = `pod ${pods} has it, and it is no longer there`;
      gone.push({ resource: first.resource, id, reason: 'Gone', cause });
    }
  }
  return { byDevice, leftovers: leftoversOf(facts, byDevice), gone, isUnknown: () => false };
}

function prefixOf(resource: string): string {
  return resource.slice(0, Math.max(0, resource.indexOf('/')));
}

function leftoversOf({ resources }: PoolFacts, byDevice: ReadonlyMap<string, Claim>): Claims['leftovers'] {
  const configured = new Set(resources.map(({ name }) => name));
  const ids = new Map<string, Set<string>>();
  for (const [id, { resource }] of byDevice) {
    if (configured.has(resource)) continue;
    ids.set(resource, (ids.get(resource) ?? new Set<string>()).add(id));
  }
  return [...ids].map(([name, each]) => ({ resource: leftoverResource(name), ids: each }));
}

/** What is known of a resource that the configuration no longer has. */
function leftoverResource(name: string): Omit<ResourceConfig, 'selectors'> {
  const prefix = prefixOf(name);
  return { name, prefix, resourceName: name.slice(prefix.length + 1), deviceType: 'netDevice', excludeTopology: false };
}
