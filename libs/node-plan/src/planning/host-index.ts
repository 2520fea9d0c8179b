import { type DesiredInterface, type NodeStateSpec, REASON } from '@sriov/api';
import { type ObservationProblem, type ObservedPf } from '@sriov/observed-host';
import { assignGuids } from '../guids/assign-guids.ts';
import { type GuidAssignment } from '../guids/guid-facts.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type HostFacts } from './host-facts.ts';
import { type PlanProblem } from './steps.ts';
import { vfSeeds } from './vf-mac.ts';

/** The host by PCI address: what was seen of a PF, and why nothing was. */
export interface HostIndex {
  readonly pfs: ReadonlyMap<string, ObservedPf>;
  readonly problems: ReadonlyMap<string, ObservationProblem>;
  readonly seeds: ReadonlyMap<string, string>;
  readonly guids: GuidAssignment;
}

/** Brings the facts in order, and decides which GUIDs VFs get. */
export function indexHost(facts: HostFacts): HostIndex {
  const { observed } = facts;
  const seeds = vfSeeds(observed.interfaces);
  return {
    pfs: new Map(observed.interfaces.map((pf) => [pf.pciAddress, pf])),
    problems: new Map(observed.problems.map((problem) => [problem.pciAddress, problem])),
    seeds,
    guids: assignGuids(facts, seeds),
  };
}

/** The problem that the PF of an entry was not seen. */
export function notFound({ pciAddress, name }: DesiredInterface, { problems }: HostIndex): PlanProblem {
  const { message = 'the node has no such network device', isBlocked } = problems.get(pciAddress) ?? {};
  const reason = isBlocked ? REASON.blocked : REASON.interfaceNotFound;
  return { pciAddress, reason, message: `${pfTitle({ pciAddress, name })}: ${message}` };
}

/** Whether the spec has an entry for a PF, by its PCI address. */
export function isIn({ interfaces = [] }: NodeStateSpec): (pciAddress: string) => boolean {
  const wanted = new Set(interfaces.map(({ pciAddress }) => pciAddress));
  return (pciAddress) => wanted.has(pciAddress);
}
