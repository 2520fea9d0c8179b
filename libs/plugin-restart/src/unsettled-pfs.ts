import { REASON } from '@sriov/api';
import { type HostPlan, type PlanProblemReason, type StepFailure } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';

/** How a pass left the host. */
export interface HostEnd {
  readonly observed: Pick<ObservedHost, 'interfaces'>;
  /** What is still to be done. */
  readonly rest: Pick<HostPlan, 'pfs' | 'problems'>;
  readonly failures: readonly Pick<StepFailure, 'pciAddress' | 'outcome' | 'kind'>[];
}

/** Steps after which a PF has the VFs that it had: pods are given them whatever becomes of its bridge. */
const LEAVES_VFS: readonly StepFailure['kind'][] = ['make-bridge', 'change-bridge'];

const KEEPS_WAITING: readonly PlanProblemReason[] = [REASON.notPlannedYet, REASON.blocked];

/**
 * PCI addresses of the PFs on which VFs can still change, and that the restart therefore waits for: their steps are not
 * done, or a pod holds a VF that the new configuration would give to another pod. As long as the spec was not planned,
 * the restart waits as well. It waits for no PF without VFs, and for none on which nothing is done at all, since that
 * may never change. `''` stands for all PFs.
 */
export function unsettledPfs({ observed, rest, failures }: HostEnd): readonly string[] {
  const withVfs = new Set(['']);
  for (const { pciAddress, sriov } of observed.interfaces) if (sriov?.vfs.length) withVfs.add(pciAddress);
  const ofVfs = failures.filter(({ kind }) => !LEAVES_VFS.includes(kind));
  const undone = [...ofVfs, ...rest.pfs].filter(({ pciAddress }) => withVfs.has(pciAddress));
  // A call that is still in the kernel can make VFs at any moment.
  const blocked = failures.filter(({ outcome }) => outcome === 'blocked');
  const waiting = rest.problems.filter(
    ({ reason, pciAddress = '' }) =>
      KEEPS_WAITING.includes(reason) || (reason === REASON.vfInUse && withVfs.has(pciAddress)),
  );
  return [...new Set([...undone, ...blocked, ...waiting].map(({ pciAddress = '' }) => pciAddress))];
}
