import { omitUndefined } from '@sriov/api';
import { type ObservedDevice } from '@sriov/observed-host';
import { type ResourceConfig, type Selector } from '../config/resource-config.ts';
import { isMeant } from './fits.ts';
import { groupHeldBack, type HeldDevice } from './held-back.ts';
import { claimsOf, type Claims } from './claims.ts';
import { type Pool, type PooledDevice, type PoolFacts, type PoolsPlan, type Wants } from './pool.ts';
import { type Reason, reasonAgainst } from './verdict-on-device.ts';

export { type Pool, type PooledDevice, type PoolFacts, type PoolsPlan } from './pool.ts';

const NO_WANTS: Wants = { isRdma: false, needVhostNet: false };
const UNKNOWN_USE: Reason = {
  reason: 'Unreadable',
  cause: 'the kubelet cannot be asked whether a pod has it',
  isPassing: true,
};

/**
 * Decides which devices each resource offers. A device belongs to the first resource with a selector that means it, and
 * is offered by no other. What a pod has stays where it is, and stays healthy, as long as it exists; what may be in use
 * and cannot be known stays as well. What the host uses is never offered.
 */
export function planPools(facts: PoolFacts): PoolsPlan {
  const claims = claimsOf(facts);
  const taken = new Set<string>();
  const held: HeldDevice[] = [...claims.gone];
  const configured = facts.resources.map((resource) => {
    const pool = new PoolBuilder(resource, { facts, claims, taken, held });
    return pool.build();
  });
  const leftovers = claims.leftovers.map(({ resource, ids }): Pool => {
    const devices = facts.devices.filter(({ id }) => ids.has(id));
    return {
      resource,
      isConfigured: false,
      devices: devices.map((device) => pooled(device, { isHealthy: true, wants: NO_WANTS })),
    };
  });
  return { pools: [...configured, ...leftovers], heldBack: groupHeldBack(held) };
}

interface Work {
  readonly facts: PoolFacts;
  readonly claims: Claims;
  /** Devices that an earlier selector or resource has. */
  readonly taken: Set<string>;
  readonly held: HeldDevice[];
}

/** Builds the pool of one resource. */
class PoolBuilder {
  readonly #resource: ResourceConfig;
  readonly #work: Work;
  readonly #pooled = new Map<string, PooledDevice>();

  constructor(resource: ResourceConfig, work: Work) {
    this.#resource = resource;
    this.#work = work;
  }

  build(): Pool {
    const { facts } = this.#work;
    const { selectors, ...resource } = this.#resource;
    for (const selector of selectors) for (const device of facts.devices) this.#consider(device, selector);
    // No selector may mean it any more, and a pod has it all the same.
    for (const device of facts.devices) {
      if (this.#pooled.has(device.id) || !this.#isOurs(device.id)) continue;
      this.#add(device, { isHealthy: true, wants: this.#pooled.get(device.id)?.wants ?? NO_WANTS });
    }
    for (const [id, cause] of facts.unreadable) this.#keepUnreadable(id, cause);
    const order = [...facts.devices.map(({ id }) => id), ...facts.unreadable.keys()];
    return { resource, isConfigured: true, devices: order.flatMap((id) => this.#pooled.get(id) ?? []) };
  }

  #isOurs(id: string): boolean {
    return this.#work.claims.byDevice.get(id)?.resource === this.#resource.name;
  }

  #consider(device: ObservedDevice, selector: Selector): void {
    const { claims, taken } = this.#work;
    const { name, deviceType } = this.#resource;
    if (taken.has(device.id) || !isMeant(device, selector, deviceType)) return;
    const claim = claims.byDevice.get(device.id);
    if (claim !== undefined && claim.resource !== name) {
      taken.add(device.id);
      this.#hold(device, { reason: 'AllocatedElsewhere', cause: claim.cause });
    } else if (claim?.isCertain === true) {
      this.#add(device, { isHealthy: true, wants: wantsOf(selector) });
    } else if (device.numVfs === 0) {
      this.#judge(device, selector);
    }
  }

  /** Decides about a device that no pod is known to have, and that is not the parent of others. */
  #judge(device: ObservedDevice, selector: Selector): void {
    const { facts, taken } = this.#work;
    const { name } = this.#resource;
    const { id } = device;
    const against = this.#reasonAgainst(device, selector);
    const isListed = against === undefined || against.isPassing || facts.known.get(id) === name;
    if (against?.reason === 'WrongDriver' && !isListed && this.#fitsElsewhere(device, selector)) return;
    taken.add(id);
    if (against !== undefined) this.#hold(device, against);
    if (isListed) this.#add(device, { isHealthy: against === undefined, wants: wantsOf(selector) });
  }

  #reasonAgainst(device: ObservedDevice, selector: Selector): Reason | undefined {
    const { facts, claims } = this.#work;
    const { deviceType } = this.#resource;
    const against = reasonAgainst(device, selector, { deviceType, withdrawn: facts.withdrawn });
    return against ?? (claims.isUnknown(device.id) ? UNKNOWN_USE : undefined);
  }

  /** A device without its driver is nobody's as long as another selector, here or in a later resource, fits as it is. */
  #fitsElsewhere(device: ObservedDevice, tried: Selector): boolean {
    const { facts } = this.#work;
    return facts.resources.some(({ selectors, deviceType }) =>
      selectors.some(
        (selector) =>
          selector !== tried &&
          isMeant(device, selector, deviceType) &&
          reasonAgainst(device, selector, { deviceType, withdrawn: [] }) === undefined,
      ),
    );
  }

  #keepUnreadable(id: string, cause: string): void {
    const { facts, claims } = this.#work;
    const isOurs = this.#isOurs(id) || (!claims.byDevice.has(id) && facts.known.get(id) === this.#resource.name);
    if (!isOurs) return;
    const isHealthy = claims.byDevice.get(id)?.isCertain === true;
    if (!isHealthy) this.#work.held.push({ resource: this.#resource.name, id, reason: 'Unreadable', cause });
    this.#pooled.set(id, { id, isHealthy, wants: NO_WANTS });
  }

  #hold(device: ObservedDevice, { reason, cause }: Pick<HeldDevice, 'reason' | 'cause'>): void {
    this.#work.held.push({ resource: this.#resource.name, id: device.id, device, reason, cause });
  }

  #add(device: ObservedDevice, how: Pick<PooledDevice, 'isHealthy' | 'wants'>): void {
    this.#work.taken.add(device.id);
    this.#pooled.set(device.id, pooled(device, how, this.#resource.excludeTopology));
  }
}

function wantsOf({ isRdma, needVhostNet, vdpaType }: Selector): Wants {
  return omitUndefined({ isRdma, needVhostNet, vdpaType });
}

function pooled(
  device: ObservedDevice,
  { isHealthy, wants }: Pick<PooledDevice, 'isHealthy' | 'wants'>,
  excludeTopology = false,
): PooledDevice {
  const { id, numaNode } = device;
  const hasNode = numaNode !== undefined && !excludeTopology;
  return { id, isHealthy, ...(hasNode && { numaNode }), device, wants };
}
