import { messageOf } from '@sriov/api';
import {
  bindDefaultDriver,
  bindDriver,
  type Kernel,
  listNames,
  listVfAddresses,
  loadModule,
  PCI_DEVICES,
  setAutoprobe,
  setLinkUp,
  setMtu,
  setNumVfs,
  setVfMac,
  unbindDriver,
} from '@sriov/host';
import {
  DEFAULT_DRIVER,
  describePfStep,
  describeVfStep,
  type PfPlan,
  type PfStep,
  type PlannedNode,
  type VfPlan,
  type VfStep,
} from '@sriov/node-plan';
import { runBounded } from './run-bounded.ts';

/** A step that failed: which PF, which step, why. */
export interface StepFailure {
  readonly pciAddress: string;
  readonly message: string;
  readonly cause: unknown;
}

/** VFs of one PF that are bound at the same time: drivers serialise most of a probe on the PF anyway. */
const VFS_AT_ONCE = 8;

/** Hears of each step before it is done. */
export type OnStep = (about: { readonly pf: string; readonly step: string }) => void;

/**
 * Does what the plan says: modules first, then all PFs side by side. A PF that fails does not stop the others.
 * The journal must know of the PFs before this is called.
 */
export async function apply(kernel: Kernel, plan: PlannedNode, onStep: OnStep): Promise<StepFailure[]> {
  for (const module of plan.modules) await loadModule(kernel, module);
  const failures = await Promise.all(plan.pfs.map((pf) => applyPf(kernel, pf, onStep)));
  return failures.flat();
}

async function applyPf(kernel: Kernel, plan: PfPlan, onStep: OnStep): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  const isPrepared = await attemptPfSteps({ kernel, plan, onStep, failures }, plan.before);
  if (isPrepared) {
    const addresses = await listVfAddresses(kernel, plan.pciAddress);
    await runBounded(VFS_AT_ONCE, plan.vfs, async (vf) => {
      const failure = await applyVf({ kernel, plan, onStep }, vf, addresses.get(vf.id));
      if (failure) failures.push(failure);
    });
  }
  // Whatever happened: driver probing must not stay off.
  await attemptPfSteps({ kernel, plan, onStep, failures }, plan.after);
  return failures;
}

interface PfWork {
  readonly kernel: Kernel;
  readonly plan: PfPlan;
  readonly onStep: OnStep;
}

async function attemptPfSteps(
  work: PfWork & { readonly failures: StepFailure[] },
  steps: readonly PfStep[],
): Promise<boolean> {
  const { kernel, plan, onStep, failures } = work;
  for (const step of steps) {
    const text = describePfStep(step);
    onStep({ pf: plan.name, step: text });
    try {
      await applyPfStep(kernel, plan, step);
    } catch (cause) {
      failures.push(failureOf(plan, text, cause));
      return false;
    }
  }
  return true;
}

function applyPfStep(kernel: Kernel, plan: PfPlan, step: PfStep): Promise<void> {
  switch (step.kind) {
    case 'set-autoprobe':
      return setAutoprobe(kernel, plan.pciAddress, step.enabled);
    case 'set-num-vfs':
      return setNumVfs(kernel, plan.pciAddress, step.numVfs);
    case 'set-pf-mtu':
      return setMtu(kernel, plan.name, step.mtu);
    case 'set-link-up':
      return setLinkUp(kernel, plan.name);
  }
}

async function applyVf(work: PfWork, vf: VfPlan, pciAddress: string | undefined): Promise<StepFailure | undefined> {
  const { plan, onStep } = work;
  for (const step of vf.steps) {
    const text = `VF ${vf.id}: ${describeVfStep(step)}`;
    onStep({ pf: plan.name, step: text });
    try {
      if (pciAddress === undefined) throw new Error('the PF has no such VF');
      await applyVfStep(work, { id: vf.id, pciAddress }, step);
    } catch (cause) {
      return failureOf(plan, text, cause);
    }
  }
  return undefined;
}

async function applyVfStep(
  { kernel, plan }: PfWork,
  vf: { readonly id: number; readonly pciAddress: string },
  step: VfStep,
): Promise<void> {
  switch (step.kind) {
    case 'set-vf-mac':
      return setVfMac(kernel, { pfName: plan.name, id: vf.id }, step.mac);
    case 'unbind-vf':
      return unbindDriver(kernel, vf.pciAddress);
    case 'bind-vf':
      return step.driver === DEFAULT_DRIVER
        ? bindDefaultDriver(kernel, vf.pciAddress)
        : bindDriver(kernel, vf.pciAddress, step.driver);
    case 'set-vf-mtu':
      return setVfMtu(kernel, vf.pciAddress, step.mtu);
  }
}

/** A VF that a pod took meanwhile has no interface here any more; its MTU is then the pod's business. */
async function setVfMtu(kernel: Kernel, pciAddress: string, mtu: number): Promise<void> {
  const [name] = await listNames(kernel, `${PCI_DEVICES}/${pciAddress}/net`);
  if (name !== undefined) await setMtu(kernel, name, mtu);
}

function failureOf(plan: PfPlan, step: string, cause: unknown): StepFailure {
  const detail = messageOf(cause);
  return { pciAddress: plan.pciAddress, message: `${plan.name} (${plan.pciAddress}): ${step}: ${detail}`, cause };
}
