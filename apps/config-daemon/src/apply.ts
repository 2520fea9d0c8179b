import { allowNoIommu, type GrubFolder, type Kernel, loadModule, type UdevFolder } from '@sriov/host';
import {
  ALLOW_NO_IOMMU,
  type BridgePlan,
  describeBridgeStep,
  describePfStep,
  goesFirst,
  type HostPlan,
  isWritten,
  type PfStep,
  type UdevPlan,
  type VfPlan,
  type VfStep,
} from '@sriov/node-plan';
import { type Clock, systemClock } from '@sriov/runtime';
import { applyBridgeStep } from './steps/apply-bridge-step.ts';
import { applyNodeSteps, type ModprobeFolder } from './steps/apply-node-steps.ts';
import { applyPfStep } from './steps/apply-step.ts';
import { applyUdevSteps } from './steps/apply-udev-steps.ts';
import { applyVfs, type VfsWork } from './steps/apply-vfs.ts';
import { attempt, type OnStep } from './steps/attempt.ts';
import { type FailedStep, isBlocked, isDispensable } from './steps/failed-step.ts';
import { LastLook } from './steps/last-look.ts';
import { type ModuleLoads, NO_IOMMU, withoutMissing } from './steps/missing-modules.ts';
import { placeOf } from './steps/step-names.ts';
import { Turns } from './steps/turns.ts';

/** Ports for carrying out a plan. */
export interface ApplyPorts {
  readonly onStep: OnStep;
  /** The machine's own clock unless given. */
  readonly sleep?: Clock['sleep'];
  /** Where the files of udev are; absent where they are none of the daemon's business. */
  readonly udevFolder?: UdevFolder | undefined;
  /** `/etc/modprobe.d` of the host. */
  readonly modprobeFolder: ModprobeFolder;
  /** `/etc/default/grub.d`; absent where the kernel arguments are none of the daemon's business. */
  readonly grubFolder?: GrubFolder | undefined;
  /** Prepare a reboot although something has failed. */
  readonly isPressing?: boolean | undefined;
}

const sleepBySystemClock: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms, signal);

/** VFs of one PF that are bound at the same time: drivers serialise most of a probe on the PF anyway. */
const VFS_OF_A_PF = 8;
/** VFs of all PFs that are bound at the same time: each occupies one of the threads that the image lends to such calls. */
const VFS_AT_ONCE = 64;

/**
 * Does what the plan says: first to the node as a whole. Rules of udev are there before what they are about, and go
 * after it; whether they could be written keeps nothing else from being done. Bridges go before their PFs are changed,
 * and others are made after that; a PF whose bridge did not go is left as it is, and so is the bridge of a PF that
 * failed. What fails does not stop the others; it never rejects. A reboot is prepared last, and only if nothing has
 * failed, unless it presses. The journal must know of PFs and bridges before this is called.
 */
export async function apply(kernel: Kernel, plan: HostPlan, ports: ApplyPorts): Promise<FailedStep[]> {
  const { pfs, bridges = [], udev = [] } = plan;
  const { modprobeFolder: folder, grubFolder, onStep } = ports;
  const nodeWork = { kernel, folder, grubFolder, onStep };
  const ofNode = await applyNodeSteps(nodeWork, plan.node);
  const ofRules = await applyUdev(kernel, udev.filter(isWritten), ports);
  const ofRemovals = await applyBridges(kernel, bridges.filter(goesFirst), ports);
  const isLeft = failedIn(ofRemovals);
  const ofPfs = await applyPfs(kernel, { ...plan, pfs: pfs.filter(({ pciAddress }) => !isLeft(pciAddress)) }, ports);
  const hasFailed = failedIn(ofPfs);
  const others = bridges.filter((bridge) => !goesFirst(bridge) && !hasFailed(bridge.pf.pciAddress));
  const ofBridges = [...ofRemovals, ...(await applyBridges(kernel, others, ports))];
  const left = udev.filter(
    (each) => !isWritten(each) && !isLeft(each.pf?.pciAddress) && !hasFailed(each.pf?.pciAddress),
  );
  const failures = [...ofNode, ...ofRules, ...ofBridges, ...ofPfs, ...(await applyUdev(kernel, left, ports))];
  // A node that is not right has to be seen as it is before it is rebooted.
  if (ports.isPressing !== true && failures.some((failure) => !isDispensable(failure))) return failures;
  return [...failures, ...(await applyNodeSteps(nodeWork, plan.beforeReboot))];
}

async function applyUdev(
  kernel: Kernel,
  plans: readonly UdevPlan[],
  { onStep, udevFolder: folder }: ApplyPorts,
): Promise<FailedStep[]> {
  return folder === undefined ? [] : applyUdevSteps({ kernel, folder, onStep }, plans);
}

function failedIn(failures: readonly FailedStep[]): (pciAddress?: string) => boolean {
  const failed = new Set(failures.flatMap((each) => (isDispensable(each) ? [] : each.pciAddress)));
  return (pciAddress = '') => failed.has(pciAddress);
}

/** One after the other: ovs-vswitchd carries out one change after the other as well. */
async function applyBridges(
  kernel: Kernel,
  bridges: readonly BridgePlan[],
  { onStep }: ApplyPorts,
): Promise<FailedStep[]> {
  const failures: FailedStep[] = [];
  for (const bridge of bridges) {
    const { kind } = bridge.step;
    const about = { ...placeOf(bridge.pf), kind, step: `bridge ${bridge.name}: ${describeBridgeStep(bridge.step)}` };
    const failure = await attempt(about, onStep, () => applyBridgeStep(kernel, bridge));
    if (failure) failures.push(failure);
  }
  return failures;
}

/** All PFs side by side, and beside them the modules. Only the VFs that need a module wait for it. */
async function applyPfs(kernel: Kernel, plan: HostPlan, ports: ApplyPorts): Promise<FailedStep[]> {
  const { onStep, sleep = sleepBySystemClock } = ports;
  const modules: ModuleLoads = new Map([
    ...plan.modules.map((module) => [module, load(kernel, module, onStep)] as const),
    ...(plan.needsNoIommu ? [[NO_IOMMU, allow(kernel, onStep)] as const] : []),
  ]);
  const turns = new Turns(sleep);
  const vfsAtOnce = Math.max(1, Math.min(VFS_OF_A_PF, Math.floor(VFS_AT_ONCE / plan.pfs.length)));
  const lastLook = new LastLook(kernel, plan.overruled);
  const shared = { kernel, onStep, sleep, modules, turns, vfsAtOnce, lastLook };
  const works = plan.pfs.map((pf): PfWork => ({ ...shared, plan: pf }));
  const ofPfs = await Promise.all(works.map(applyPf));
  // Others are told of with the PFs that need the module.
  const stuck = (await Promise.all(modules.values())).flatMap((failure) =>
    failure && isBlocked(failure) ? failure : [],
  );
  return [...stuck, ...ofPfs.flat()];
}

function load(kernel: Kernel, module: string, onStep: OnStep): Promise<FailedStep | undefined> {
  const step = `load kernel module ${module}`;
  return attempt({ pf: 'the node', pciAddress: '', kind: 'load-module', step }, onStep, () =>
    loadModule(kernel, module),
  );
}

function allow(kernel: Kernel, onStep: OnStep): Promise<FailedStep | undefined> {
  const about = { pf: 'the node', pciAddress: '', kind: 'allow-no-iommu', step: ALLOW_NO_IOMMU } as const;
  return attempt(about, onStep, () => allowNoIommu(kernel));
}

interface PfWork extends VfsWork {
  readonly modules: ModuleLoads;
  readonly turns: Turns;
}

async function applyPf(work: PfWork): Promise<FailedStep[]> {
  const { plan, turns } = work;
  const begin = (): Promise<FailedStep[]> => applyPfSteps(work, plan.before);
  const ofPf = await (plan.takesTurn ? turns.take(begin) : begin());
  const hasVfs = ofPf.every((failure) => isDispensable(failure) || isModeRefused(failure));
  const vfs = !ofPf.some(isModeRefused) ? plan.vfs : withoutVdpa(plan.vfs);
  const ofVfs = hasVfs && vfs.length > 0 ? await applyVfsWithModules({ ...work, plan: { ...plan, vfs } }) : [];
  const failures = [...ofPf, ...ofVfs];
  // A call that is still in the kernel can still make VFs. The steps after it are planned when it is back.
  if (failures.some(isBlocked)) return failures;
  // Whatever else happened: driver probing must not stay off.
  return [...failures, ...(await applyPfSteps(work, plan.after))];
}

/**
 * Does the steps up to the first that fails and that the others need. They do not need a mode of the eSwitch that the
 * driver refuses.
 */
async function applyPfSteps(work: PfWork, steps: readonly PfStep[]): Promise<FailedStep[]> {
  const { plan, onStep } = work;
  const failures: FailedStep[] = [];
  for (const step of steps) {
    const about = { ...placeOf(plan), kind: step.kind, step: describePfStep(step) };
    const failure = await attempt(about, onStep, () => applyPfStep(work, step));
    if (failure) failures.push(failure);
    if (failure && !isDispensable(failure) && !isModeRefused(failure)) break;
  }
  return failures;
}

/** The PF then keeps the mode that it has, in which its VFs need not stay without drivers. */
function isModeRefused(failure: FailedStep): boolean {
  return failure.kind === 'set-eswitch-mode' && !isBlocked(failure);
}

/** vDPA devices belong to the mode that was refused. */
function withoutVdpa(vfs: readonly VfPlan[]): VfPlan[] {
  return vfs.map(({ id, steps }) => ({ id, steps: steps.filter(({ kind }) => !VDPA.includes(kind)) }));
}

const VDPA: readonly VfStep['kind'][] = ['make-vdpa', 'bind-vdpa'];

async function applyVfsWithModules(work: PfWork): Promise<FailedStep[]> {
  const { plan, failures } = await withoutMissing(work.plan, work.modules);
  return [...failures, ...(plan.vfs.length > 0 ? await applyVfs({ ...work, plan }) : [])];
}
