import { type DesiredInterface, type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { findReportedRefusal, type Refusal } from '@sriov/node-limits';
import { policyProblem, type Problem } from '@sriov/selection';

/** A node, and what is planned for it. */
export interface LimitedPlan {
  readonly name: string;
  readonly state: SriovNetworkNodeState | undefined;
  readonly spec: NodeStateSpec;
}

/**
 * What the daemon of the node will refuse of the plan, by the same limits that the daemon asks: problems of the
 * policies that want it. Nothing is known of PFs that the node does not report.
 */
export function limitProblems({ name: node, state, spec }: LimitedPlan): Problem[] {
  const { interfaces = [] } = state?.status ?? {};
  if (interfaces.length === 0) return [];
  const entries = new Map((spec.interfaces ?? []).map((entry) => [entry.pciAddress, entry]));
  const reported = new Map(interfaces.map((nic) => [nic.pciAddress, nic]));
  const ofPolicies = ({ pciAddress, vfGroups = [] }: DesiredInterface, refusal: Refusal): Problem[] => {
    const message = `${reported.get(pciAddress)?.name ?? pciAddress}: ${refusal.message}`;
    const policies = new Set(vfGroups.map(({ policyName = '' }) => policyName));
    return [...policies].map((policy) => policyProblem({ policy, node }, refusal.reason, message));
  };
  return [...entries.values()].flatMap((entry) => {
    const nic = reported.get(entry.pciAddress);
    const refusal = nic && findReportedRefusal(entry, nic);
    return refusal === undefined ? [] : ofPolicies(entry, refusal);
  });
}
