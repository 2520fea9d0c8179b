import { omitUndefined } from '@sriov/api';
import { type ObservedDevice } from '@sriov/observed-host';
import { ANY_DEVICE, type Selector } from '../config/resource-config.ts';
import { type Claim, type Claims } from './claims.ts';
import { type HeldDevice } from './held-back.ts';
import { bestMatch, type Match, matchesOf, matchWithin } from './match.ts';
import { type PooledDevice, type PoolFacts, type Wants } from './pool.ts';
import { type Reason, reasonAgainst } from './verdict-on-device.ts';

/** Where a device is listed, and which resources hold it back. */
export interface Placement {
  /** Name of the resource. */
  readonly resource: string;
  /** Absent when the kubelet is not told of it. */
  readonly pooled?: PooledDevice;
  readonly held: readonly HeldDevice[];
}

const UNKNOWN_USE: Reason = {
  reason: 'Unreadable',
  cause: 'the kubelet cannot be asked whether a pod has it',
  isPassing: true,
};

/** Finds the resource of a device, and decides whether that offers it; absent when no resource means it. */
export function placeDevice(device: ObservedDevice, facts: PoolFacts, { byDevice }: Claims): Placement | undefined {
  const { resources, known, withdrawn, allocated, mayBeListed } = facts;
  const { id } = device;
  const matches = matchesOf(device, resources);
  // The VFs of a PF are offered, and not the PF.
  const best = device.numVfs === 0 ? bestMatch(matches, known.get(id)) : undefined;
  const claim = byDevice.get(id);
  if (claim !== undefined) return placeClaimed(device, claim, { facts, matches, best });
  if (best === undefined) return undefined;
  const use = allocated === undefined ? UNKNOWN_USE : undefined;
  const against = reasonAgainst(device, best.missing, withdrawn) ?? use;
  // The kubelet counts what is unhealthy to what the node could have, and prefers NUMA nodes by that: a VF that is being
  // made is none of it.
  const wasListed = known.get(id) === best.resource || mayBeListed.has(id);
  const isListed = against === undefined || against.isPassing || wasListed;
  return {
    resource: best.resource,
    ...(isListed && { pooled: pooled(device, best.selector, against === undefined) }),
    held: heldFor(device, best.resource, against),
  };
}

/** It stays where a pod has or may have it, and the resource that would offer it otherwise holds it back. */
function placeClaimed(
  device: ObservedDevice,
  { resource, isCertain, cause }: Claim,
  { facts, matches, best }: { facts: PoolFacts; matches: readonly Match[]; best: Match | undefined },
): Placement {
  const { selector, missing } = matchWithin(resource, device, matches);
  const against = isCertain ? undefined : reasonAgainst(device, missing, facts.withdrawn);
  const elsewhere = best === undefined || best.resource === resource ? [] : [best.resource];
  const held = elsewhere.flatMap((name) => heldFor(device, name, { reason: 'AllocatedElsewhere', cause }));
  return {
    resource,
    pooled: pooled(device, selector, against === undefined),
    held: [...held, ...heldFor(device, resource, against)],
  };
}

/** A device that is there and cannot be observed stays where it was listed; absent when it was not. */
export function placeUnreadable(
  [id, cause]: readonly [string, string],
  { known, resources }: PoolFacts,
  { byDevice }: Claims,
): Placement | undefined {
  const claim = byDevice.get(id);
  const listed = resources.find(({ name }) => name === known.get(id))?.name;
  const resource = claim?.resource ?? listed;
  if (resource === undefined) return undefined;
  const isHealthy = claim?.isCertain === true;
  return {
    resource,
    pooled: { id, isHealthy, wants: wantsOf(ANY_DEVICE) },
    held: isHealthy ? [] : [{ resource, id, reason: 'Unreadable', cause }],
  };
}

function heldFor(
  device: ObservedDevice,
  resource: string,
  against: Pick<Reason, 'reason' | 'cause'> | undefined,
): HeldDevice[] {
  if (against === undefined) return [];
  return [{ resource, id: device.id, device, reason: against.reason, cause: against.cause }];
}

function pooled(device: ObservedDevice, selector: Selector, isHealthy: boolean): PooledDevice {
  const { id, numaNode } = device;
  return omitUndefined({ id, isHealthy, numaNode, device, wants: wantsOf(selector) });
}

/** What a container gets by a selector. */
export function wantsOf({ isRdma, needVhostNet, vdpaType }: Selector): Wants {
  return omitUndefined({ isRdma, needVhostNet, vdpaType });
}
