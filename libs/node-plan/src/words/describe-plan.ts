import {
  type BridgePlan,
  type BridgeStep,
  type HostPlan,
  type NodePlan,
  type NodeStep,
  type PfPlan,
  type PfStep,
  type UdevPlan,
  type UdevStep,
  type VfPlan,
  type VfStep,
} from '../planning/steps.ts';
import { firmwareWords } from '@sriov/observed-host';
import { RDMA_MODE_PATH } from '../planning/plan-rdma-mode.ts';
import { describeDrains } from './describe-drains.ts';
import { describeReboots } from './describe-reboots.ts';
import { formatVfIds } from './format-vf-ids.ts';
import { pfTitle } from './pf-title.ts';

/** The part of a plan that people read. */
export type DescribedPlan = Pick<
  HostPlan,
  | 'node'
  | 'modules'
  | 'needsNoIommu'
  | 'pfs'
  | 'problems'
  | 'needsDrain'
  | 'needsReboot'
  | 'remarks'
  | 'beforeReboot'
  | 'bridges'
  | 'udev'
>;

/** The step, in words, that lets vfio-pci bind devices without an IOMMU. */
export const ALLOW_NO_IOMMU = 'let vfio-pci bind devices without an IOMMU (enable_unsafe_noiommu_mode of vfio)';

/** The plan as lines for people: what, in which order, and why. Empty when there is nothing to do. */
export function describePlan(plan: DescribedPlan): string[] {
  const { bridges = [], udev = [] } = plan;
  return [
    ...describeNode('the node', plan.node),
    ...(plan.needsNoIommu ? [ALLOW_NO_IOMMU] : []),
    ...plan.modules.map((module) => `load kernel module ${module} unless it is loaded`),
    ...udev.filter(isWritten).flatMap(describeUdev),
    ...bridges.filter(goesFirst).flatMap(describeBridge),
    ...plan.pfs.flatMap(describePf),
    ...bridges.filter((bridge) => !goesFirst(bridge)).flatMap(describeBridge),
    ...udev.filter((each) => !isWritten(each)).flatMap(describeUdev),
    ...describeNode('in preparation of a reboot', plan.beforeReboot),
    ...plan.problems.map(({ reason, message }) => `not done (${reason}): ${message}`),
    ...describeDrains(plan),
    ...describeReboots(plan),
    ...(plan.remarks ?? []).map((sentence) => `missing: ${sentence}`),
  ];
}

function describeNode(title: string, plan: NodePlan | undefined): string[] {
  if (plan === undefined) return [];
  const why = plan.because.map((reason) => `  because ${reason}`);
  return [`${title}:`, ...why, ...plan.steps.map((step) => `  ${describeNodeStep(step)}`)];
}

/** A step on the node as a whole, in words. */
export function describeNodeStep(step: NodeStep): string {
  switch (step.kind) {
    case 'write-rdma-mode-file':
      return `write the file ${RDMA_MODE_PATH}, for the RDMA mode ${step.mode}`;
    case 'remove-rdma-mode-file':
      return `remove the file ${RDMA_MODE_PATH}`;
    case 'set-rdma-mode':
      return `switch the RDMA mode of the running kernel to ${step.mode}`;
    case 'set-ovs-offload':
      return 'set other_config:hw-offload of Open vSwitch to true';
    case 'write-firmware':
      return `write ${firmwareWords(step.change).join(' ')} into the firmware of ${pfTitle(step)}`;
    case 'add-kernel-arguments':
      return `have ${step.tool} add ${step.words.join(' ')} to the command line of the kernel`;
  }
}

/** Whether the step on the bridge comes before the PFs: a bridge lets go of its uplink before the PF is changed. */
export function goesFirst({ step }: BridgePlan): boolean {
  return step.kind === 'remove-bridge' || step.kind === 'detach-uplink';
}

function describeBridge({ name, pf, because, step }: BridgePlan): string[] {
  const why = because.map((reason) => `  because ${reason}`);
  return [`bridge ${name} of ${pfTitle(pf)}:`, ...why, `  ${describeBridgeStep(step)}`];
}

/** A step on a bridge, in words. */
export function describeBridgeStep(step: BridgeStep): string {
  switch (step.kind) {
    case 'make-bridge':
      return `make the bridge with the uplink ${step.uplink}`;
    case 'change-bridge':
      return 'change the bridge';
    case 'detach-uplink':
      return `take the uplink ${step.uplink} out of the bridge`;
    case 'remove-bridge':
      return 'remove the bridge';
  }
}

/** Whether files of udev are written: that comes before the PFs. */
export function isWritten({ step }: UdevPlan): boolean {
  return step.kind === 'write-udev-rules';
}

function describeUdev({ pf, because, step }: UdevPlan): string[] {
  const why = because.map((reason) => `  because ${reason}`);
  return [`udev, ${pf === undefined ? 'for the node' : `for ${pfTitle(pf)}`}:`, ...why, `  ${describeUdevStep(step)}`];
}

/** A step on the files of udev, in words. */
export function describeUdevStep(step: UdevStep): string {
  switch (step.kind) {
    case 'write-udev-rules':
      return `write ${step.files.map(({ path }) => `/etc/udev/${path}`).join(', ')}`;
    case 'remove-udev-rules':
      return `remove ${step.paths.map((path) => `/etc/udev/${path}`).join(', ')}`;
    case 'name-representors':
      return `name the representors of VF ${formatVfIds([...step.names.keys()])} ${step.byUdev ? 'by udev' : 'by alternative names'}`;
  }
}

function describePf(plan: PfPlan): string[] {
  const why = plan.because.map((reason) => `  because ${reason}`);
  const steps = [...plan.before.map(describePfStep), ...mergeVfLines(plan.vfs), ...plan.after.map(describePfStep)];
  return [`${pfTitle(plan)}:`, ...why, ...steps.map((step) => `  ${step}`)];
}

/** Neighbouring VFs with the same steps are one line: 128 VFs are 128 times the same. */
function mergeVfLines(vfs: readonly VfPlan[]): string[] {
  const runs: { first: number; last: number; text: string }[] = [];
  for (const { id, steps } of vfs) {
    const text = steps.map(describeVfStep).join(', ');
    const run = runs.at(-1);
    if (run && run.text === text && run.last === id - 1) run.last = id;
    else runs.push({ first: id, last: id, text });
  }
  return runs.map(({ first, last, text }) => `VF ${first === last ? first : `${first}-${last}`}: ${text}`);
}

/** A step on a PF, in words. */
export function describePfStep(step: PfStep): string {
  switch (step.kind) {
    case 'set-autoprobe':
      return describeAutoprobe(step.enabled);
    case 'set-num-vfs':
      return describeNumVfs(step.numVfs);
    case 'unbind-vfs':
      return 'unbind the drivers of all VFs';
    case 'set-eswitch-mode':
      return describeMode(step);
    case 'set-tc-offload':
      return 'turn the offload of traffic rules (hw-tc-offload) on';
    case 'set-flow-steering':
      return `set flow_steering_mode to ${step.mode}`;
    case 'remove-vdpas':
      return 'remove the vDPA devices of its VFs';
    case 'set-pf-mtu':
      return `set the MTU of the PF to ${step.mtu}`;
    case 'set-link-up':
      return 'set the link up';
  }
}

function describeMode({ mode, refused }: Extract<PfStep, { kind: 'set-eswitch-mode' }>): string {
  return `set the eSwitch mode to ${mode}${refused ? ', with the VFs as they are' : ''}`;
}

function describeAutoprobe(isEnabled: boolean): string {
  return `turn driver probing of new VFs ${isEnabled ? 'on' : 'off'}`;
}

function describeNumVfs(numVfs: number): string {
  return numVfs === 0 ? 'remove all VFs' : `create ${numVfs} ${numVfs === 1 ? 'VF' : 'VFs'}`;
}

/** A step on a VF, in words. */
export function describeVfStep(step: VfStep): string {
  switch (step.kind) {
    case 'set-vf-mac':
      return 'set its MAC address';
    case 'set-vf-guid':
      return 'set its GUIDs';
    case 'set-vf-link-state':
      return 'let its link follow the PF';
    case 'unbind-vf':
      return 'unbind its driver';
    case 'bind-vf':
      return `bind ${step.driver}`;
    case 'clear-override':
      return 'let it have any driver again';
    case 'set-vf-mtu':
      return `set its MTU to ${step.mtu}`;
    default:
      return describeVdpaStep(step);
  }
}

function describeVdpaStep(step: Extract<VfStep, { kind: 'make-vdpa' | 'bind-vdpa' | 'remove-vdpa' }>): string {
  if (step.kind === 'make-vdpa') return 'make its vDPA device';
  return step.kind === 'bind-vdpa' ? `bind its vDPA device to ${step.driver}` : 'remove its vDPA device';
}
