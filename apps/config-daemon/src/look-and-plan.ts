import { type HostPlan, pfsWithChangedVfs, pfsWithDisturbedVfs, planHost, withHolders } from '@sriov/node-plan';
import {
  gather,
  type Gathered,
  gatherFirmware,
  gatherLateVfs,
  gatherOverrides,
  gatherUses,
  type LookPorts,
  type Wanted,
} from './gather.ts';

/** What a look has shown, and what is to be done about it. */
export interface Planned {
  readonly gathered: Gathered;
  readonly plan: HostPlan;
}

/** What is known of VFs beyond what a look shows; `Withdrawing` is one such. */
interface KnownVfs {
  /** Who holds a VF of which the look may not show it, by PCI address of the VF. */
  readonly holders: ReadonlyMap<string, string>;
  /** PFs whose VFs somebody may have left in the middle of a bind, by PCI address. */
  readonly unfinished: ReadonlySet<string>;
}

const NOTHING: KnownVfs = { holders: new Map(), unfinished: new Set() };

/**
 * Looks at the host and plans; where the plan takes the firmware of NICs, or would make, remove or disturb VFs, looks
 * more closely at those, and plans again.
 */
export async function lookAndPlan(ports: LookPorts, wanted: Wanted, known = NOTHING): Promise<Planned> {
  const late = await withLateVfs(ports, await withKnown(ports, await gather(ports, wanted), known));
  const { gathered, plan } = await withFirmware(ports, late, wanted);
  ports.onWarnings?.('plan', [...(plan.warnings ?? []), ...(plan.remarks ?? [])]);
  const disturbed = pfsWithDisturbedVfs(plan, gathered.facts.observed);
  if (disturbed.length === 0) return { gathered, plan };
  const closer = await withKnown(ports, await gatherUses(ports, gathered, disturbed), known);
  return { gathered: closer, plan: planHost(closer.facts) };
}

async function withFirmware(ports: LookPorts, seen: Planned, wanted: Wanted): Promise<Planned> {
  const gathered = await gatherFirmware(ports, seen, wanted);
  return gathered === seen.gathered ? seen : { gathered, plan: planHost(gathered.facts) };
}

/** While some VFs are still to appear, nothing is planned that would make them again. */
async function withLateVfs(ports: LookPorts, gathered: Gathered): Promise<Planned> {
  const plan = planHost(gathered.facts);
  const changed = pfsWithChangedVfs(plan);
  if (changed.length === 0) return { gathered, plan };
  const counted = await gatherLateVfs(ports, gathered, changed);
  return { gathered: counted, plan: planHost(counted.facts) };
}

async function withKnown(ports: LookPorts, seen: Gathered, { holders, unfinished }: KnownVfs): Promise<Gathered> {
  const gathered = await gatherOverrides(ports, seen, unfinished);
  const { facts } = gathered;
  return { ...gathered, facts: { ...facts, observed: withHolders(facts.observed, holders) } };
}
