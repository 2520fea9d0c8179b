import { type HostPlan, pfsWithChangedVfs, pfsWithDisturbedVfs, planHost, withHolders } from '@sriov/node-plan';
import {
  gather,
  type Gathered,
  gatherFirmware,
  gatherLateVfs,
  gatherUses,
  type LookPorts,
  type Wanted,
} from './gather.ts';

/** What a look has shown, and what is to be done about it. */
export interface Planned {
  readonly gathered: Gathered;
  readonly plan: HostPlan;
}

/** Nobody is known to hold a VF beyond what a look shows. */
const NOBODY: ReadonlyMap<string, string> = new Map();

/**
 * Looks at the host and plans; where the plan takes the firmware of NICs, or would make, remove or disturb VFs, looks
 * more closely at those, and plans again.
 * @param holders who holds a VF of which the look may not show it, by PCI address of the VF
 */
export async function lookAndPlan(ports: LookPorts, wanted: Wanted, holders = NOBODY): Promise<Planned> {
  const late = await withLateVfs(ports, withHeld(await gather(ports, wanted), holders));
  const { gathered, plan } = await withFirmware(ports, late);
  ports.onWarnings?.('plan', [...(plan.warnings ?? []), ...(plan.remarks ?? [])]);
  const disturbed = pfsWithDisturbedVfs(plan, gathered.facts.observed);
  if (disturbed.length === 0) return { gathered, plan };
  const closer = withHeld(await gatherUses(ports, gathered, disturbed), holders);
  return { gathered: closer, plan: planHost(closer.facts) };
}

async function withFirmware(ports: LookPorts, seen: Planned): Promise<Planned> {
  const gathered = await gatherFirmware(ports, seen.gathered, seen.plan);
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

function withHeld(gathered: Gathered, holders: ReadonlyMap<string, string>): Gathered {
  const { facts } = gathered;
  return { ...gathered, facts: { ...facts, observed: withHolders(facts.observed, holders) } };
}
