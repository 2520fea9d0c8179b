import { type DesiredInterface } from '@sriov/api';
import { type ESwitchMode, type ObservedPf } from '@sriov/observed-host';
import { nicDriverOf } from '../nic-drivers.ts';
import { pfTitle } from '../words/pf-title.ts';
import { identityOf, vfsOf } from './pf-rules.ts';
import { removalOfVdpas } from './plan-vdpa.ts';
import { type PfStep, type RefusedMode } from './steps.ts';

/** What becomes of the VFs of a PF and of its eSwitch: what is, and what is wanted. */
export interface VfChange {
  readonly numVfs: { readonly present: number; readonly wanted: number };
  readonly mode: { readonly present: ESwitchMode; readonly wanted: ESwitchMode };
  /** The mode is changed before VFs are made: the driver of the PF refuses it while there are VFs. */
  readonly modeFirst: boolean;
  /** What has to be done before the VFs that are there can be removed, or lose their drivers. */
  readonly cleanup: readonly PfStep[];
  /** A VF that is there has a driver. */
  readonly isBound: boolean;
}

/** The change of a PF, absent when both are as wanted, and where somebody else makes the VFs. */
export function findVfChange(desired: DesiredInterface, observed: ObservedPf): VfChange | undefined {
  if (desired.externallyManaged === true) return undefined;
  const vfs = vfsOf(observed);
  const numVfs = { present: vfs.length, wanted: desired.numVfs ?? 0 };
  const mode = { present: presentMode(observed), wanted: wantedMode(desired, observed) };
  if (numVfs.present === numVfs.wanted && mode.present === mode.wanted) return undefined;
  const modeFirst = nicDriverOf(observed.driver)?.modeFirst === true;
  return {
    numVfs,
    mode,
    modeFirst,
    cleanup: removalOfVdpas(vfs),
    isBound: vfs.some(({ driver }) => driver !== undefined),
  };
}

/** The eSwitch mode of a PF that could be read: one without an eSwitch is in legacy mode. */
function presentMode({ eSwitchMode = 'legacy' }: ObservedPf): ESwitchMode {
  return eSwitchMode;
}

/** What is neither was refused. The mode that a driver does not take without VFs is not asked for. */
function wantedMode(desired: DesiredInterface, observed: ObservedPf): ESwitchMode {
  if (lacksVfsForMode(desired, observed)) return presentMode(observed);
  return desired.eSwitchMode === 'switchdev' ? 'switchdev' : 'legacy';
}

function lacksVfsForMode(
  { eSwitchMode, numVfs = 0, externallyManaged }: DesiredInterface,
  { driver }: ObservedPf,
): boolean {
  if (eSwitchMode !== 'switchdev' || numVfs > 0 || externallyManaged === true) return false;
  return nicDriverOf(driver)?.leavesSwitchdev === true;
}

/** What people should know of a PF that cannot be in the mode that is wanted as long as no VFs are wanted. */
export function describeModeWithoutVfs(desired: DesiredInterface, observed: ObservedPf): string[] {
  if (!lacksVfsForMode(desired, observed)) return [];
  return [
    `${pfTitle(identityOf(observed))}: eSwitch mode switchdev is wanted, and ${observed.driver} has it only while there are VFs, of which none are wanted: the PF comes into that mode when a policy wants VFs`,
  ];
}

function changesMode({ mode }: VfChange): boolean {
  return mode.present !== mode.wanted;
}

/** Whether VFs are removed, made, or both. */
export function makesVfs({ numVfs, modeFirst }: VfChange): boolean {
  return numVfs.present !== numVfs.wanted || (modeFirst && numVfs.present > 0);
}

/** Whether the eSwitch mode is set after the VFs were made. They must not have a driver then. */
export function setsModeLast({ numVfs, mode, modeFirst }: VfChange): boolean {
  return !modeFirst && numVfs.wanted > 0 && mode.wanted === 'switchdev';
}

/**
 * Whether the driver is first asked for the mode with the VFs as they are, which it has refused before. Taking the VFs'
 * drivers away for the same answer would gain nothing. When it says something new, what it refused for has changed, and
 * is worth that. A driver that sets the mode first says nothing of use while there are VFs.
 */
export function asksFirst(change: VfChange, refused: RefusedMode | undefined): boolean {
  const { numVfs, modeFirst } = change;
  if (refused === undefined || !changesMode(change)) return false;
  if (numVfs.present !== numVfs.wanted || numVfs.present === 0) return false;
  return modeFirst || refused.isNews !== true;
}

/**
 * The steps that lead from one number of VFs and mode to the other. The kernel changes the number only through 0. With
 * most drivers VFs are made in legacy mode, and the mode is set while none of them has a driver; where the number stays,
 * the VFs stay as well.
 *
 * With some drivers (igb, ixgbe) the device resets when the MTU changes, before VFs are made, and after they were
 * removed. The MTU is therefore set right between the removal and the creation: each reset then finds the link still
 * down from the one before, and the link is interrupted only once.
 */
export function vfSteps(change: VfChange, mtu: readonly PfStep[]): PfStep[] {
  const { numVfs, mode, modeFirst, cleanup } = change;
  const setMode: PfStep[] = [{ kind: 'set-eswitch-mode', mode: mode.wanted }];
  if (!makesVfs(change)) return [...unbindSteps(change), ...mtu, ...setMode];
  const remove: PfStep[] = numVfs.present > 0 ? [...cleanup, { kind: 'set-num-vfs', numVfs: 0 }] : [];
  const create: PfStep[] = numVfs.wanted > 0 ? [{ kind: 'set-num-vfs', numVfs: numVfs.wanted }] : [];
  if (modeFirst || numVfs.wanted === 0) {
    return [...remove, ...mtu, ...(changesMode(change) ? setMode : []), ...create];
  }
  const toLegacy: PfStep[] = mode.present === 'switchdev' ? [{ kind: 'set-eswitch-mode', mode: 'legacy' }] : [];
  return [...remove, ...mtu, ...toLegacy, ...create, ...(mode.wanted === 'switchdev' ? setMode : [])];
}

function unbindSteps({ isBound, cleanup }: VfChange): PfStep[] {
  return isBound ? [...cleanup, { kind: 'unbind-vfs' }] : [...cleanup];
}

/** A sentence for each difference. */
export function describeVfChange({ numVfs, mode }: VfChange): string[] {
  return [
    ...(numVfs.present === numVfs.wanted ? [] : [`the number of VFs is ${numVfs.present}, not ${numVfs.wanted}`]),
    ...(mode.present === mode.wanted ? [] : [`the eSwitch mode is ${mode.present}, and ${mode.wanted} is wanted`]),
  ];
}

/** The change as something that somebody does, and what it does to VFs that are there. */
export function nameVfChange(change: VfChange): { readonly action: string; readonly verb: 'removes' | 'unbinds' } {
  const { numVfs, mode } = change;
  if (numVfs.present !== numVfs.wanted) {
    return { action: `changing the number of VFs from ${numVfs.present} to ${numVfs.wanted}`, verb: 'removes' };
  }
  const action = `changing the eSwitch mode from ${mode.present} to ${mode.wanted}`;
  return { action, verb: makesVfs(change) ? 'removes' : 'unbinds' };
}
