import { findMissingRdma } from './find-missing-rdma.ts';
import { sharedGuids } from '../guids/shared-guids.ts';
import { type HostFacts } from './host-facts.ts';
import { planOvsOffload } from './plan-ovs-offload.ts';
import { planRdmaMode } from './plan-rdma-mode.ts';
import { type HostPlan, type NodePlan, type RebootReason } from './steps.ts';

/** The PCI address of the node as a whole among those of PFs, see `StepName`. */
const NODE = '';

/** The plan with what concerns the node as a whole. */
export function withNode({ warnings: known = [], remarks = [], ...plan }: HostPlan, facts: HostFacts): HostPlan {
  const { spec, observed, heldRdmaMode: held } = facts;
  const rdma = planRdmaMode({ wanted: spec.system?.rdmaMode, observed, held });
  const changing = new Set([...plan.pfs, ...plan.problems].map(({ pciAddress }) => pciAddress));
  const missingRdma = findMissingRdma(spec.interfaces ?? [], observed, (pciAddress) => changing.has(pciAddress));
  const warnings = [...known, ...rdma.warnings, ...sharedGuids(observed.interfaces)];
  const refused = facts.refusedOffloads?.get(NODE);
  const offload = planOvsOffload({ taken: plan.taken, observed: observed.ovsOffload, refused });
  const node = joinNodePlans(joinNodePlans(plan.node, rdma), offload);
  const missing = [...remarks, ...offload.remarks];
  return {
    ...plan,
    ...rebootsOf([...(plan.needsReboot ?? []), ...rdma.needsReboot]),
    ...(node.steps.length > 0 && { node }),
    ...(warnings.length > 0 && { warnings }),
    ...(missing.length > 0 && { remarks: missing }),
    problems: [...plan.problems, ...rdma.problems, ...missingRdma],
  };
}

function joinNodePlans(known: NodePlan | undefined, { because, steps }: NodePlan): NodePlan {
  return { because: [...(known?.because ?? []), ...because], steps: [...(known?.steps ?? []), ...steps] };
}

function rebootsOf(needsReboot: readonly RebootReason[]): Pick<HostPlan, 'needsReboot'> {
  return needsReboot.length > 0 ? { needsReboot } : {};
}
