import { type DesiredInterface, type NodeStateSpec, type ObservedHost, type ObservedPf } from '@sriov/api';
import { type InitialPf, planPf, type PfResult } from './plan-pf.ts';
import { planReset } from './plan-reset.ts';
import { type NodePlan, type PfPlan, type PlanProblem } from './steps.ts';

/** Everything that bears on what has to be done to a node. */
export interface NodeFacts {
  readonly spec: NodeStateSpec;
  readonly observed: ObservedHost;
  /** PFs that the operator has taken over, by PCI address, with the entry that was last applied or begun. */
  readonly owned: ReadonlyMap<string, DesiredInterface>;
  /** What was true of each PF before the operator touched it, by PCI address. */
  readonly initial: ReadonlyMap<string, InitialPf>;
  /** Change PFs that the host itself depends on. */
  readonly allowHostInterfaces: boolean;
}

/** The plan of the node, and the PFs whose takeover has ended: nothing of ours is left on them. */
export interface PlannedNode extends NodePlan {
  readonly released: readonly string[];
}

/** Compares the spec with the host and plans the difference. Pure: it can be asked at any time what would happen. */
export function planNode(facts: NodeFacts): PlannedNode {
  const present = new Map(facts.observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  const desired = facts.spec.interfaces ?? [];
  const results: PfResult[] = desired.map((entry) => planDesired(facts, entry, present.get(entry.pciAddress)));
  const wanted = new Set(desired.map(({ pciAddress }) => pciAddress));
  const released: string[] = [];
  for (const [pciAddress, entry] of facts.owned) {
    if (wanted.has(pciAddress)) continue;
    const result = planUnwanted(facts, entry, present.get(pciAddress));
    if (result.plan === undefined && result.problems.length === 0) released.push(pciAddress);
    results.push(result);
  }
  const pfs = results.flatMap(({ plan }) => plan ?? []).sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1));
  return { modules: modulesFor(pfs), pfs, problems: results.flatMap(({ problems }) => problems), released };
}

function planDesired(facts: NodeFacts, desired: DesiredInterface, observed: ObservedPf | undefined): PfResult {
  const { initial, allowHostInterfaces } = facts;
  if (observed === undefined) return { problems: [notFound(facts, desired)] };
  return planPf({ desired, observed, initial: initial.get(desired.pciAddress), allowHostInterfaces });
}

/** VFs that someone else manages are his; ours go. A PF that is gone took its VFs with it. */
function planUnwanted(facts: NodeFacts, entry: DesiredInterface, observed: ObservedPf | undefined): PfResult {
  if (entry.externallyManaged === true || observed === undefined) return { problems: [] };
  const { initial, allowHostInterfaces } = facts;
  return planReset({ observed, initial: initial.get(entry.pciAddress), allowHostInterfaces });
}

function notFound({ observed }: NodeFacts, { pciAddress, name }: DesiredInterface): PlanProblem {
  const cause = observed.problems.find((problem) => problem.pciAddress === pciAddress);
  return {
    pciAddress,
    reason: 'InterfaceNotFound',
    message: `${name ? `${name} (${pciAddress})` : pciAddress}: ${cause?.message ?? 'the node has no such network device'}`,
  };
}

/** vfio-pci needs an IOMMU backend, which nothing loads by itself. */
function modulesFor(pfs: readonly PfPlan[]): string[] {
  const bindsVfio = pfs.some(({ vfs }) =>
    vfs.some(({ steps }) => steps.some((step) => step.kind === 'bind-vf' && step.driver === 'vfio-pci')),
  );
  return bindsVfio ? ['vfio-pci', 'vfio_iommu_type1'] : [];
}
