import { type DesiredInterface, REASON } from '@sriov/api';
import { pfTitle } from '../words/pf-title.ts';
import { type HostFacts } from './host-facts.ts';
import { type HostIndex, notFound } from './host-index.ts';
import { problemOf } from './pf-rules.ts';
import { planPf, type PfResult } from './plan-pf.ts';
import { planPort } from './plan-port.ts';
import { type PlanProblem } from './steps.ts';

/** PFs that the spec has entries for. */
export interface Wanted {
  readonly results: readonly PfResult[];
  /** Entries that are in force, or will be. */
  readonly taken: readonly DesiredInterface[];
}

/** Plans the PFs that the spec has entries for, in its order. */
export function planAllWanted(facts: HostFacts, host: HostIndex): Wanted {
  const wanted = new Set<string>();
  const results: PfResult[] = [];
  const taken: DesiredInterface[] = [];
  for (const entry of facts.spec.interfaces ?? []) {
    const result = wanted.has(entry.pciAddress) ? { problems: [twice(entry)] } : planWanted(facts, entry, host);
    wanted.add(entry.pciAddress);
    results.push(result);
    if (isInForce(result)) taken.push(entry);
  }
  return { results, taken };
}

/** What waits for a reboot is not in force before that. */
function isInForce({ plan, problems, firmware }: PfResult): boolean {
  return plan !== undefined || (problems.length === 0 && firmware === undefined);
}

function planWanted(facts: HostFacts, desired: DesiredInterface, host: HostIndex): PfResult {
  const { initial, allowHostInterfaces, blocked } = facts;
  const observed = host.pfs.get(desired.pciAddress);
  if (observed === undefined) return { problems: [notFound(desired, host)] };
  const waiting = blocked.get(desired.pciAddress);
  if (waiting !== undefined) return { problems: [problemOf(observed, REASON.blocked, waiting)] };
  if (observed.port !== undefined) return planPort(desired, observed);
  return planPf({
    desired,
    observed,
    initial: initial.get(desired.pciAddress),
    allowHostInterfaces,
    seed: host.seeds.get(desired.pciAddress) ?? desired.pciAddress,
    guids: host.guids.byPf.get(desired.pciAddress),
    refusedOffload: facts.refusedOffloads?.get(desired.pciAddress),
    refusedMode: facts.refusedModes?.get(desired.pciAddress),
  });
}

/** The policy controller writes each PF once. Somebody who edits the node state by hand may write it twice. */
function twice({ pciAddress, name }: DesiredInterface): PlanProblem {
  const message = `${pfTitle({ pciAddress, name })}: the spec has more than one entry of the PF, and only the first counts`;
  return { pciAddress, reason: REASON.specInvalid, message };
}
