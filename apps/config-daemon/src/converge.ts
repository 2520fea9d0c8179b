import { type HostPlan, isIdle, type JournalProblem, type Remainder } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { vfChanges } from '@sriov/plugin-restart';
import { apply, type ApplyPorts } from './apply.ts';
import { type ToldAtEnd } from './device-plugin/device-plugin.ts';
import { type OnWithdraw, type Withdrawing } from './device-plugin/withdrawing.ts';
import { type FailedStep } from './steps/failed-step.ts';
import { RefusedModes } from './steps/refused-modes.ts';
import { RefusedOffloads } from './steps/refused-offloads.ts';
import { type Gathered, type HostPorts, type Wanted } from './gather.ts';
import { HostUnreadableError } from './host-unreadable-error.ts';
import { lookAndPlan, type Planned } from './look-and-plan.ts';
import { type PassEnd, watchVfSteps } from './plugin-restart/gather-restart.ts';
import { takeOver } from './journal/take-over.ts';

/** Callbacks that follow the work. */
export interface Followers extends Omit<ApplyPorts, 'modprobeFolder' | 'grubFolder' | 'isPressing'> {
  /** Is called with each plan that changes something, before it is carried out. */
  readonly onPlan: (plan: HostPlan, observed: ObservedHost) => Promise<void>;
  /** Is called when the device plugin has withdrawn the VFs that a plan disturbs, and the kubelet has to take note. */
  readonly onWithdraw?: OnWithdraw;
}

/** Where the host ended. */
export interface Converged extends Remainder {
  readonly observed: ObservedHost;
  /** A plan that changes the host was carried out, or at least begun. */
  readonly hasActed: boolean;
  /** PFs of ours, with the entry that was last begun. */
  readonly owned: Gathered['facts']['owned'];
  /** What decides whether the device plugin is restarted. */
  readonly plugin: PassEnd['plugin'] & { readonly told: ToldAtEnd };
}

/**
 * Most plans that one pass carries out: one for the change, one for what only the change made visible, and one to
 * spare. If there is more to do after that, something else undoes our work.
 */
const MAX_ROUNDS = 3;

/**
 * Looks, plans and applies until a look shows that nothing is left to do, or the rounds are used up. A PF of which a step
 * fails is left alone from then on, and no other one for its sake.
 * VFs are withdrawn from the kubelet before they are disturbed, and given back at the end.
 * The result is what was seen last, never what was meant.
 * @throws {HostUnreadableError} when a look fails
 */
export async function converge(ports: HostPorts, wanted: Wanted, followers: Followers): Promise<Converged> {
  let failures: readonly FailedStep[] = [];
  let first: Gathered | undefined;
  const vfSteps = watchVfSteps(followers.onStep);
  forgetFirmware(ports, wanted);
  const asked = withRefusals(wanted);
  const withdrawing = await ports.plugin.begin(wanted);
  for (let round = 0; ;) {
    const { gathered, plan } = await look(ports, asked, withdrawing).catch((cause: unknown) => {
      throw new HostUnreadableError(cause, failures);
    });
    first ??= gathered;
    const { observed } = gathered.facts;
    // A step was refused because somebody has taken a VF since it was planned: this look shows who.
    const failed = failures.filter(({ outcome }) => outcome !== 'refused');
    const open = withoutFailed(plan, failed);
    const isLast = isIdle(open) || round === MAX_ROUNDS;
    const because = isLast ? [] : vfChanges(open, gathered.facts);
    const begun = { plan: open, because, isRebootGranted: isRebootGranted(wanted), left: pfsOf(failed) };
    const unwritten = isLast && !isRecorded(failed, wanted) ? [] : await takeOver(ports.journal, gathered, begun);
    const able = withoutPfs(open, unwritten);
    if (isLast || isIdle(able)) {
      const hasChangedVfs = vfSteps.haveChanged(first.facts.observed, observed);
      const end = { facts: gathered.facts, rest: plan, failures: [...failed, ...unwritten] };
      const told = await ports.plugin.end(withdrawing, end);
      const plugin = { before: first.journal.plugin, now: gathered.journal.plugin, hasChangedVfs, told };
      const journalProblems = unhealed(gathered.journal.damaged, plan);
      const { owned } = gathered.facts;
      const outcome = { rest: withSilence(plan, told), failures: end.failures, journalProblems };
      return { observed, owned, hasActed: round > 0, ...outcome, plugin };
    }
    if (!(await withdrawing.prepare(able, observed, followers.onWithdraw))) continue;
    await followers.onPlan(able, observed);
    const { udevFolder, modprobeFolder, grubFolder } = ports;
    const { isPressing } = wanted;
    const work = { ...followers, onStep: vfSteps.onStep, udevFolder, modprobeFolder, grubFolder, isPressing };
    const undone = await apply(ports.kernel, able, work);
    failures = [...failures, ...unwritten, ...undone];
    forgetWritten(ports, able);
    asked.refusedOffloads.add(undone);
    asked.refusedModes.add(undone);
    round += 1;
  }
}

async function look(ports: HostPorts, wanted: Wanted, withdrawing: Withdrawing): Promise<Planned> {
  const looking = (): Promise<Planned> => lookAndPlan(ports, wanted, withdrawing);
  const { gathered, plan } = await (ports.pace?.look(looking) ?? looking());
  return { gathered, plan: withdrawing.restrict(permitted(plan, wanted)) };
}

/** Within a pass nothing is tried again that was refused in it, whoever remembers it beyond the pass. */
function withRefusals({
  refusedOffloads = new RefusedOffloads(),
  refusedModes = new RefusedModes(),
  ...wanted
}: Wanted): Wanted & Required<Pick<Wanted, 'refusedOffloads' | 'refusedModes'>> {
  return { ...wanted, refusedOffloads, refusedModes };
}

function isRebootGranted({ mayDisturb }: Pick<Wanted, 'mayDisturb'>): boolean {
  return mayDisturb === 'reboot';
}

/** What a reboot is about to bring is recorded also where something else has failed. */
function isRecorded(failed: readonly FailedStep[], { isPressing }: Pick<Wanted, 'isPressing'>): boolean {
  return failed.length === 0 || isPressing === true;
}

/** What a pass reads anew: all before a reboot, because an administrator may have changed what it is about to bring. */
function forgetFirmware({ firmware }: HostPorts, wanted: Wanted): void {
  if (isRebootGranted(wanted)) firmware?.forget();
  else firmware?.forgetFailures();
}

/** What was written is read anew. */
function forgetWritten({ firmware }: HostPorts, { node, beforeReboot }: HostPlan): void {
  const steps = [...(node?.steps ?? []), ...(beforeReboot?.steps ?? [])];
  if (steps.some(({ kind }) => kind === 'write-firmware')) firmware?.forget();
}

/** The plan without what prepares a reboot, unless one has been granted, and without what has to wait for the network. */
function permitted(plan: HostPlan, { mayDisturb = 'nothing', untilNetwork = false }: Wanted): HostPlan {
  const { beforeReboot: _, ...rest } = plan;
  const granted = isRebootGranted({ mayDisturb }) ? plan : rest;
  return untilNetwork ? withoutVfs(granted) : granted;
}

/**
 * The plan up to VFs that are there, without drivers: what the network starts with would take their interfaces for its
 * own. Driver probing stays off until they get their drivers, so that nobody else binds them.
 */
function withoutVfs({ needsNoIommu: _, ...plan }: HostPlan): HostPlan {
  const pfs = plan.pfs.flatMap((pf) => (pf.before.length > 0 ? { ...pf, vfs: [], after: [] } : []));
  return { ...plan, modules: [], pfs, bridges: [] };
}

function pfsOf(failures: readonly FailedStep[]): ReadonlySet<string> {
  return new Set(failures.map(({ pciAddress }) => pciAddress));
}

/** What is still to be done after steps have failed. A node that is not right has to be seen as it is before a reboot. */
function withoutFailed(plan: HostPlan, failed: readonly FailedStep[]): HostPlan {
  if (failed.length === 0) return plan;
  const { beforeReboot: _, ...rest } = withoutPfs(plan, failed);
  return rest;
}

/** The plan without what failures are about: nothing to the PFs that they are about, or to the host. */
function withoutPfs(plan: HostPlan, failures: readonly FailedStep[]): HostPlan {
  const left = pfsOf(failures);
  if (left.size === 0) return plan;
  const isDone = (pciAddress: string): boolean => !left.has('') && !left.has(pciAddress);
  const { node, beforeReboot, ...rest } = plan;
  return {
    ...rest,
    ...(node && !left.has('') && { node }),
    ...(beforeReboot && !left.has('') && { beforeReboot }),
    pfs: plan.pfs.filter(({ pciAddress }) => isDone(pciAddress)),
    bridges: plan.bridges?.filter(({ pf }) => isDone(pf.pciAddress)) ?? [],
    udev: plan.udev?.filter(({ pf }) => isDone(pf?.pciAddress ?? '')) ?? [],
  };
}

/** Nobody knows whether pods are given what has changed when the device plugin was not told. */
function withSilence(rest: HostPlan, told: ToldAtEnd): HostPlan {
  if (told.kind !== 'silent' || told.isInformed) return rest;
  const message = `${told.cause}: nobody knows whether pods get the VFs of this node`;
  return { ...rest, problems: [...rest.problems, { reason: told.reason, message }] };
}

/** Damaged files of PFs that are not written again, because no policy wants those PFs. */
function unhealed(damaged: ReadonlyMap<string, string>, plan: HostPlan): JournalProblem[] {
  const healed = new Set(plan.taken.map(({ pciAddress }) => pciAddress));
  return [...damaged]
    .filter(([pciAddress]) => !healed.has(pciAddress))
    .map(([pciAddress, message]) => ({ pciAddress, message }));
}
