import { type HostPlan, pfsWithDisturbedVfs, planHost } from '@sriov/node-plan';
import { gather, type Gathered, gatherUses, type HostPorts, type Wanted } from './gather.ts';

/** What a look has shown, and what is to be done about it. */
export interface Planned {
  readonly gathered: Gathered;
  readonly plan: HostPlan;
}

/** Looks at the host and plans; where the plan would disturb VFs, looks more closely at those, and plans again. */
export async function lookAndPlan(ports: HostPorts, wanted: Wanted): Promise<Planned> {
  const gathered = await gather(ports, wanted);
  const plan = planHost(gathered.facts);
  const disturbed = pfsWithDisturbedVfs(plan, gathered.facts.observed);
  if (disturbed.length === 0) return { gathered, plan };
  const closer = await gatherUses(ports, gathered, disturbed);
  return { gathered: closer, plan: planHost(closer.facts) };
}
