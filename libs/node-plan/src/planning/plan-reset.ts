import { findUnreadMode } from '@sriov/node-limits';
import { type ObservedPf } from '@sriov/observed-host';
import { drainFor } from './drain.ts';
import { factsOfHost } from './facts-of-host.ts';
import { nicDriverOf } from '../nic-drivers.ts';
import {
  autoprobeOf,
  autoprobeStep,
  findBlocker,
  findHostUse,
  findMissingInterface,
  type GuardedPf,
  identityOf,
  isEmptyPlan,
  problemOf,
  vfsOf,
} from './pf-rules.ts';
import { presentMode } from './plan-eswitch.ts';
import { removalOfVdpas } from './plan-vdpa.ts';
import { type InitialPf, type PfResult } from './plan-pf.ts';
import { type PfPlan, type PfStep } from './steps.ts';

/** A PF to give back, and what it was before the operator touched it. */
export interface ResetCase extends GuardedPf {
  readonly initial: InitialPf | undefined;
}

/** Plans the way back for a PF that the operator configured and that the spec no longer has. */
export function planReset(pf: ResetCase): PfResult {
  const { observed } = pf;
  const present = vfsOf(observed).length;
  const restoresMode = pf.initial?.eSwitchMode !== undefined;
  const unread = present > 0 || restoresMode ? findUnreadMode(factsOfHost(observed)) : undefined;
  if (unread) return { problems: [problemOf(observed, unread.reason, unread.message)] };
  const missing = present > 0 ? findMissingInterface(observed) : undefined;
  if (missing) return { problems: [missing] };
  const plan: PfPlan = {
    ...identityOf(observed),
    because: ['no policy selects the PF any more'],
    before: [...removalSteps(observed), ...initialModeStep(pf)],
    vfs: [],
    after: [...initialProbingStep(pf), ...initialMtuStep(pf)],
  };
  const blocker = present > 0 ? findBlocker(pf, `removing its ${present} VFs, as no policy wants them,`) : undefined;
  if (blocker) return { problems: [blocker], needsDrain: drainFor(plan, observed) };
  return isEmptyPlan(plan) ? { problems: [] } : { plan, problems: [] };
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

/** As with its MTU: a PF that the host depends on keeps its mode, because setting it back would interrupt the link. */
function initialModeStep(pf: ResetCase): PfStep[] {
  const mode = pf.initial?.eSwitchMode;
  if (mode === undefined || mode === presentMode(pf.observed)) return [];
  return findHostUse(pf, 'setting its eSwitch mode back') ? [] : [{ kind: 'set-eswitch-mode', mode }];
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
