import { REASON } from '@sriov/api';
import { findUnreadMode } from '@sriov/node-limits';
import { type ESwitchMode, type ObservedPf } from '@sriov/observed-host';
import { drainFor } from './drain.ts';
import { factsOfHost } from './facts-of-host.ts';
import { nicDriverOf } from '../nic-drivers.ts';
import {
  autoprobeOf,
  autoprobeStep,
  findBlocker,
  findHostUse,
  findLateVfs,
  findMissingInterface,
  type GuardedPf,
  identityOf,
  isEmptyPlan,
  problemOf,
  vfsOf,
} from './pf-rules.ts';
import { removalOfVdpas } from './plan-vdpa.ts';
import { type InitialPf, type PfResult } from './plan-pf.ts';
import { type PfPlan, type PfStep, type PlanProblem } from './steps.ts';

/** A PF to give back, and what it was before the operator touched it. */
export interface ResetCase extends GuardedPf {
  readonly initial: InitialPf | undefined;
}

/** Plans the way back for a PF that the operator configured and that the spec no longer has. */
export function planReset(pf: ResetCase): PfResult {
  const { observed } = pf;
  const unknown = findUnknown(pf);
  if (unknown) return { problems: [unknown] };
  const mode = modeToRestore(pf);
  const plan: PfPlan = {
    ...identityOf(observed),
    because: ['no policy selects the PF any more'],
    before: [...removalSteps(observed), ...modeSteps(mode)],
    vfs: [],
    after: [...initialProbingStep(pf), ...initialMtuStep(pf)],
  };
  const blocker = findResetBlocker(pf, plan);
  if (blocker) return { problems: [blocker], needsDrain: drainFor(plan, observed) };
  return isEmptyPlan(plan) ? { problems: [] } : { plan, problems: [] };
}

/** What has to be known of a PF before it can be given back, and is not. */
function findUnknown(pf: ResetCase): PlanProblem | undefined {
  const { observed, initial } = pf;
  const late = findLateVfs(observed);
  if (late) return late;
  const hasVfs = vfsOf(observed).length > 0;
  const unread = hasVfs || initial?.eSwitchMode !== undefined ? findUnreadMode(factsOfHost(observed)) : undefined;
  if (unread) return problemOf(observed, unread.reason, unread.message);
  // Without its interface nobody knows who uses the PF.
  return hasVfs || modeToRestore(pf) !== undefined ? findMissingInterface(observed) : undefined;
}

function modeSteps(mode: ESwitchMode | undefined): PfStep[] {
  return mode === undefined ? [] : [{ kind: 'set-eswitch-mode', mode }];
}

function findResetBlocker(pf: ResetCase, { before }: PfPlan): PlanProblem | undefined {
  const present = vfsOf(pf.observed).length;
  if (present > 0) return findBlocker(pf, `removing its ${present} VFs, as no policy wants them,`);
  return before.length > 0 ? findHostUse(pf, 'setting its eSwitch mode back') : undefined;
}

function removalSteps(observed: ObservedPf): PfStep[] {
  const vfs = vfsOf(observed);
  if (vfs.length === 0) return [];
  return [...linkStep(observed), ...removalOfVdpas(vfs), { kind: 'set-num-vfs', numVfs: 0 }];
}

/** Some drivers remove no VFs while the link is down. */
function linkStep({ driver, link }: ObservedPf): PfStep[] {
  const isNeeded = link?.up === false && nicDriverOf(driver)?.needsLinkUp === true;
  return isNeeded ? [{ kind: 'set-link-up' }] : [];
}

/**
 * The mode to set back. As with its MTU, a PF that the host depends on keeps the mode that it has, because setting it
 * back would interrupt the link. Other users go away one day. Where a driver has left switchdev mode with the last VF,
 * or hides its eSwitch since, there is nothing to go back to: without VFs it would refuse the mode.
 */
function modeToRestore(pf: ResetCase): ESwitchMode | undefined {
  const { observed, initial: { eSwitchMode: mode } = {} } = pf;
  if (mode === undefined || observed.eSwitchMode === undefined || mode === observed.eSwitchMode) return undefined;
  if (mode === 'switchdev' && nicDriverOf(observed.driver)?.leavesSwitchdev === true) return undefined;
  return findHostUse(pf, '')?.reason === REASON.hostInterface ? undefined : mode;
}

/** A PF that has lost its driver has lost the attribute as well. */
function initialProbingStep({ observed, initial }: ResetCase): PfStep[] {
  return observed.sriov === undefined ? [] : autoprobeStep(autoprobeOf(observed), initial?.autoprobe);
}

/**
 * Only now may the MTU go down: no VF is left that could need the larger one. An interface that the host depends on
 * keeps its MTU, because setting it back would interrupt the link.
 */
function initialMtuStep(pf: ResetCase): PfStep[] {
  const { link } = pf.observed;
  const mtu = pf.initial?.mtu;
  if (link === undefined || mtu === undefined || link.mtu === mtu) return [];
  return findHostUse(pf, 'setting its MTU back') ? [] : [{ kind: 'set-pf-mtu', mtu }];
}
