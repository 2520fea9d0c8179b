import { type DesiredInterface, type NodeStateSpec } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { pfTitle } from '../words/pf-title.ts';
import { identityOf } from './pf-rules.ts';
import { type OffloadKind, type PfPlan, type PfStep } from './steps.ts';

/** Steps for hardware offload of a PF, or of the node, that have failed, with the cause: they are not tried again. */
export type RefusedOffload = Readonly<Partial<Record<OffloadKind, string>>>;

/** A PF, what it should be, and what it has refused. */
export interface OffloadCase {
  readonly desired: DesiredInterface;
  readonly observed: ObservedPf;
  readonly refusedOffload?: RefusedOffload | undefined;
}

/**
 * PFs that hardware offload matters for, by PCI address: those that policies want in switchdev mode, and that nobody else
 * manages.
 */
export function offloadingPfs({ interfaces = [] }: NodeStateSpec): ReadonlySet<string> {
  return new Set(interfaces.filter(wantsOffload).map(({ pciAddress }) => pciAddress));
}

/** Whether hardware offload matters for the PF. */
export function wantsOffload({ eSwitchMode, externallyManaged }: DesiredInterface): boolean {
  return eSwitchMode === 'switchdev' && externallyManaged !== true;
}

/** What is to be done for hardware offload of the PF, and why: one sentence for each step. */
export interface OffloadPlan {
  readonly because: readonly string[];
  readonly steps: readonly PfStep[];
}

const NOTHING: OffloadPlan = { because: [], steps: [] };

/**
 * Turns the offload of traffic rules on where the driver lets us. It interrupts nothing, so it is done whenever the
 * feature is found off. It comes after a change of the eSwitch mode, which may make the interface of the PF anew.
 */
export function planTcOffload({ desired, observed, refusedOffload = {} }: OffloadCase): OffloadPlan {
  if (!wantsOffload(desired) || observed.offload?.tc !== 'off') return NOTHING;
  if (refusedOffload['set-tc-offload'] !== undefined) return NOTHING;
  return {
    because: ['its offload of traffic rules (hw-tc-offload) is off, which is wanted in switchdev mode'],
    steps: [{ kind: 'set-tc-offload' }],
  };
}

/**
 * Has the driver put traffic rules into the NIC (`smfs`) where the firmware does (`dmfs`), right before the PF goes into
 * switchdev mode: mlx5_core changes it in legacy mode only. Nothing is changed for its sake alone, because that would take
 * the VFs away. `hmfs`, where the NIC does it itself, is left: it is what newer devices have instead.
 */
export function planFlowSteering(pf: OffloadCase, steps: readonly PfStep[]): OffloadPlan {
  const { desired, observed, refusedOffload = {} } = pf;
  const isPossible = wantsOffload(desired) && refusedOffload['set-flow-steering'] === undefined;
  const at = steps.findIndex(
    ({ kind, ...step }) => kind === 'set-eswitch-mode' && 'mode' in step && step.mode === 'switchdev',
  );
  if (!isPossible || at < 0 || observed.offload?.steering?.mode !== 'dmfs') return { because: [], steps };
  return {
    because: ['its flow_steering_mode is dmfs, and smfs is wanted in switchdev mode'],
    steps: [...steps.slice(0, at), { kind: 'set-flow-steering', mode: 'smfs' }, ...steps.slice(at)],
  };
}

/** What hardware offload of the PF lacks, and what can be done, after the plan: a sentence each. */
export function describeMissingOffload(pf: OffloadCase, plan: PfPlan | undefined): string[] {
  const { desired, observed } = pf;
  if (!wantsOffload(desired) || observed.offload === undefined) return [];
  const { unknown = [] } = observed.offload;
  const planned = [...(plan?.before ?? []), ...(plan?.after ?? [])].map(({ kind }) => kind);
  const missing = [
    ...unknown.map((cause) => `it is not known whether it offloads traffic rules to hardware, because ${cause}`),
    ...(planned.includes('set-tc-offload') ? [] : missingTc(pf)),
    ...(planned.includes('set-flow-steering') ? [] : missingSteering(pf)),
  ];
  return missing.map((sentence) => `${pfTitle(identityOf(observed))}: ${sentence}`);
}

function missingTc({ observed, refusedOffload = {} }: OffloadCase): string[] {
  const { offload, driver, link } = observed;
  if (offload?.tc === 'fixed') {
    return [
      `its offload of traffic rules (hw-tc-offload) is off, and its driver ${driver} lets nobody turn it on: the traffic of its representors takes CPU time of the host`,
    ];
  }
  const refusal = refusedOffload['set-tc-offload'];
  if (offload?.tc !== 'off' || refusal === undefined) return [];
  const cure = `ethtool -K ${link?.name} hw-tc-offload on`;
  return [
    `its offload of traffic rules (hw-tc-offload) is off (${refusal}): remove the cause, and run ${cure} on the host, or restart the config daemon`,
  ];
}

function missingSteering({ observed, refusedOffload = {} }: OffloadCase): string[] {
  const { offload, eSwitchMode } = observed;
  if (offload?.steering?.mode !== 'dmfs' || eSwitchMode !== 'switchdev') return [];
  const refusal = refusedOffload['set-flow-steering'];
  const slow = 'its flow_steering_mode is dmfs, so traffic rules reach the NIC more slowly than with smfs';
  if (refusal !== undefined) return [`${slow}, which it did not take (${refusal})`];
  return [
    `${slow}: its driver changes that in legacy mode only, and the daemon does it when the PF goes into switchdev mode the next time`,
  ];
}
