import { formatTime, messageOf } from '@sriov/api';
import {
  bindDefaultDriver,
  bindDriver,
  EffectError,
  type Kernel,
  KernelBlockedError,
  listNames,
  listVfAddresses,
  loadModule,
  PCI_DEVICES,
  readVfMacs,
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
  driversFor,
  modulesOf,
  type PfPlan,
  type PfStep,
  pfTitle,
  type HostPlan,
  type VfPlan,
  type VfStep,
} from '@sriov/node-plan';
import { type Clock, systemClock } from '@sriov/runtime';
import { LastLook } from './last-look.ts';
import { runBounded } from './run-bounded.ts';

/** A step: whose it is, its kind for programs, and its words for people. */
export interface StepName {
  /** The PF as people know it; `the node` for what concerns all PFs. */
  readonly pf: string;
  /** Of the PF; empty when all PFs are concerned. */
  readonly pciAddress: string;
  readonly kind: PfStep['kind'] | VfStep['kind'] | 'load-module' | 'write-journal';
  readonly step: string;
}

/** A step that failed. */
export interface StepFailure extends StepName {
  /** The VF, where it is a step on one. */
  readonly vfId?: number;
  /** Which PF, which step, why. */
  readonly message: string;
  readonly cause: unknown;
}

const THE_NODE = { pf: 'the node', pciAddress: '' };

/** Hears of each step before it is done; what it returns is called when the step has ended. */
export type OnStep = (about: StepName) => OnStepEnd | undefined;
/** Hears how a step ended: with nothing, or with its failure. */
export type OnStepEnd = (failure: StepFailure | undefined) => void;

/** What carrying a plan out takes. */
export interface ApplyPorts {
  readonly onStep: OnStep;
  /** Waits by the clock of the machine unless given. */
  readonly sleep?: Sleep;
}

/** VFs of one PF that are bound at the same time: drivers serialise most of a probe on the PF anyway. */
const VFS_OF_A_PF = 8;
/** VFs of all PFs that are bound at the same time: each takes a thread that can be given up. */
const VFS_AT_ONCE = 32;

/**
 * Does what the plan says: all PFs side by side, and beside them the modules, for which only the VFs wait that need them.
 * What fails does not stop the others; it never rejects. The journal must know of the PFs before this is called.
 */
export async function apply(kernel: Kernel, plan: HostPlan, ports: ApplyPorts): Promise<StepFailure[]> {
  const { onStep, sleep = sleepBySystemClock } = ports;
  const modules: ModuleLoads = new Map(plan.modules.map((module) => [module, load(kernel, module, onStep)]));
  const turns = new Turns(sleep);
  const vfsAtOnce = Math.max(1, Math.min(VFS_OF_A_PF, Math.floor(VFS_AT_ONCE / plan.pfs.length)));
  const lastLook = new LastLook(kernel);
  const works = plan.pfs.map((pf): PfWork => ({ kernel, plan: pf, onStep, modules, turns, vfsAtOnce, lastLook }));
  const ofPfs = await Promise.all(works.map(applyPf));
  const ofModules = await Promise.all(modules.values());
  return [...ofModules.flatMap((failure) => failure ?? []), ...ofPfs.flat()];
}

/** Modules that are being loaded, by name; each resolves with its failure, if any. */
type ModuleLoads = ReadonlyMap<string, Promise<StepFailure | undefined>>;

function load(kernel: Kernel, module: string, onStep: OnStep): Promise<StepFailure | undefined> {
  const about: StepName = { ...THE_NODE, kind: 'load-module', step: `load kernel module ${module}` };
  return attempt(about, onStep, () => loadModule(kernel, module));
}

interface PfWork {
  readonly kernel: Kernel;
  readonly plan: PfPlan;
  readonly onStep: OnStep;
  readonly modules: ModuleLoads;
  readonly turns: Turns;
  readonly vfsAtOnce: number;
  readonly lastLook: LastLook;
}

/**
 * One after the other, as long as each is at its turn no longer than devices take: then it may be stuck, and all that
 * follow begin at once. That a link is interrupted once instead of twice is not worth more.
 */
class Turns {
  readonly #sleep: Sleep;
  #last: Promise<unknown> = Promise.resolve();
  #isStuck = false;

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Does the work when what came before has ended, or takes too long. @param work must not reject */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let end: () => void = () => undefined;
    this.#last = new Promise<void>((resolve) => (end = resolve));
    await before;
    const hasEnded = new AbortController();
    const limit = this.#isStuck ? Promise.resolve() : this.#sleep(TURN_MS, hasEnded.signal);
    void limit.then(() => {
      this.#isStuck ||= !hasEnded.signal.aborted;
      end();
    });
    try {
      return await work();
    } finally {
      hasEnded.abort();
    }
  }
}

type Sleep = Clock['sleep'];

const sleepBySystemClock: Sleep = (ms, signal) => systemClock.sleep(ms, signal);

/** Longest turn of a PF. An igb port takes 0.6 s for its MTU and seven VFs, and 2.4 s more to take VFs away. */
const TURN_MS = 1_000;

async function applyPf(work: PfWork): Promise<StepFailure[]> {
  const { plan, turns } = work;
  const begin = (): Promise<StepFailure[]> => applyPfSteps(work, plan.before);
  const failures = await (plan.takesTurn ? turns.take(begin) : begin());
  if (failures.length === 0 && plan.vfs.length > 0) failures.push(...(await applyVfs(work)));
  // A call that is still in the kernel may yet make VFs: what is to be done after that is planned when it is back.
  if (failures.some(({ cause }) => cause instanceof KernelBlockedError)) return failures;
  // Whatever else happened: driver probing must not stay off.
  return [...failures, ...(await applyPfSteps(work, plan.after))];
}

/** Does the steps up to the first that fails. */
async function applyPfSteps(work: PfWork, steps: readonly PfStep[]): Promise<StepFailure[]> {
  const { plan, onStep } = work;
  for (const step of steps) {
    const about = { ...whose(plan), kind: step.kind, step: describePfStep(step) };
    const failure = await attempt(about, onStep, () => applyPfStep(work, step));
    if (failure) return [failure];
  }
  return [];
}

function applyPfStep(work: PfWork, step: PfStep): Promise<void> {
  const { kernel, plan } = work;
  switch (step.kind) {
    case 'set-autoprobe':
      return setAutoprobe(kernel, plan.pciAddress, step.enabled);
    case 'set-num-vfs':
      return changeNumVfs(work, step.numVfs);
    case 'set-pf-mtu':
      return setMtu(kernel, plan.name, step.mtu);
    case 'set-link-up':
      return setLinkUp(kernel, plan.name);
  }
}

/**
 * VFs that are there go with it, and where somebody else has made as many since the plan was made, the steps that follow
 * take them for new ones: nobody must have taken one.
 */
async function changeNumVfs({ kernel, plan, lastLook }: PfWork, numVfs: number): Promise<void> {
  const { size } = await listVfAddresses(kernel, plan.pciAddress);
  if (size > 0) await lastLook.demandFree(plan.pciAddress);
  await setNumVfs(kernel, plan.pciAddress, numVfs);
}

async function applyVfs(work: PfWork): Promise<StepFailure[]> {
  const { kernel, plan, vfsAtOnce, modules } = work;
  const needed = [...driversFor(plan.vfs)].flatMap((driver) => modulesOf(driver));
  await Promise.all(needed.flatMap((module) => modules.get(module) ?? []));
  // Without their addresses each VF fails with the cause.
  const addresses = await listVfAddresses(kernel, plan.pciAddress).catch((): Map<number, string> => new Map());
  const failures: StepFailure[] = [];
  await runBounded(vfsAtOnce, plan.vfs, async (vf) => {
    const failure = await applyVf(work, vf, addresses.get(vf.id));
    if (failure) failures.push(failure);
    // A thread was given up with the call: there shall not be one more for each VF.
    return !(failure?.cause instanceof KernelBlockedError);
  });
  return [...failures, ...(await checkVfMacs(work, failures))];
}

/**
 * Looks whether the PF prescribes what it was told to: the kernel hands the address on to the driver, and some drivers
 * or their firmware drop it in silence. One command for all VFs. Where it cannot be told, the next look at the host does.
 */
async function checkVfMacs({ kernel, plan }: PfWork, failures: readonly StepFailure[]): Promise<StepFailure[]> {
  const hasFailed = new Set(failures.map(({ vfId }) => vfId));
  const told = plan.vfs.flatMap(({ id, steps }) =>
    steps.flatMap((step) => (step.kind === 'set-vf-mac' && !hasFailed.has(id) ? [{ id, step }] : [])),
  );
  if (told.length === 0) return [];
  const present = await readVfMacs(kernel, plan.name).catch(() => undefined);
  if (present === undefined) return [];
  return told.flatMap(({ id, step }) => {
    const mac = present.get(id);
    if (mac?.toLowerCase() === step.mac.toLowerCase()) return [];
    const detail = `MAC address ${step.mac} was asked for, ip reported no error, and the PF prescribes ${mac ?? 'none'}: its driver or firmware keeps it from that`;
    const cause = new EffectError({ verb: 'exec', path: `ip link set dev ${plan.name} vf ${id} mac`, detail });
    const about = { ...whose(plan), vfId: id, kind: step.kind, step: `VF ${id}: ${describeVfStep(step)}` };
    return [{ ...about, message: `${about.pf}: ${about.step}: ${detail}`, cause }];
  });
}

async function applyVf(work: PfWork, vf: VfPlan, pciAddress: string | undefined): Promise<StepFailure | undefined> {
  const { plan, onStep, lastLook } = work;
  const isNew = plan.before.some(({ kind }) => kind === 'set-num-vfs');
  let isFree = isNew || !vf.steps.some(({ kind }) => TAKES_AWAY.includes(kind));
  for (const step of vf.steps) {
    const about = { ...whose(plan), vfId: vf.id, kind: step.kind, step: `VF ${vf.id}: ${describeVfStep(step)}` };
    const failure = await attempt(about, onStep, async () => {
      if (pciAddress === undefined) throw new Error('the PF has no such VF');
      if (!isFree) await lastLook.demandFree(plan.pciAddress, vf.id);
      isFree = true;
      await applyVfStep(work, { id: vf.id, pciAddress }, step);
    });
    if (failure) return failure;
  }
  return undefined;
}

/** Steps after which whoever has taken the VF does not have it any more. */
const TAKES_AWAY: readonly VfStep['kind'][] = ['unbind-vf', 'bind-vf'];

function applyVfStep(
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

function whose(plan: PfPlan): Pick<StepFailure, 'pf' | 'pciAddress'> {
  return { pf: pfTitle(plan), pciAddress: plan.pciAddress };
}

async function attempt(
  about: StepName & Pick<StepFailure, 'vfId'>,
  onStep: OnStep,
  work: () => Promise<void>,
): Promise<StepFailure | undefined> {
  const { pf, pciAddress, kind, step } = about;
  const onEnd = onStep({ pf, pciAddress, kind, step });
  let failure: StepFailure | undefined;
  try {
    await work();
  } catch (cause) {
    failure = { ...about, message: `${pf}: ${step}: ${describeCause(cause, about.pciAddress)}`, cause };
  }
  onEnd?.(failure);
  return failure;
}

function describeCause(cause: unknown, pciAddress: string): string {
  return cause instanceof KernelBlockedError ? notBackSince(cause.since, pciAddress) : messageOf(cause);
}

/** Words for a call that has not returned. `since` is in milliseconds since the epoch. */
export function notBackSince(since: number, pciAddress: string): string {
  const consequence = pciAddress === '' ? 'it is not tried again until it is' : 'the PF is left alone until it is';
  return `not back from the kernel since ${formatTime(since)}: ${consequence}`;
}
