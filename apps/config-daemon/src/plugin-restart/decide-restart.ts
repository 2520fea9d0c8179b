import { parseVfRange, rangeContains, type VfGroup, REASON } from '@sriov/api';
import {
  formatVfIds,
  type HostFacts,
  type HostPlan,
  type PfPlan,
  pfTitle,
  type PlanProblemReason,
  type StepFailure,
  type StepName,
} from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';

/** What is known of the device plugin of this node: it reads its configuration and finds devices at its start alone. */
export interface PluginRecord {
  /** Hash of the configuration with which it runs; absent as long as nobody has told one. */
  readonly configHash?: string | undefined;
  /** A restart that is still to be done. */
  readonly owed?: OwedRestart | undefined;
}

/** A restart, and why. */
export interface OwedRestart {
  /** One sentence a change that the device plugin has not seen. */
  readonly because: readonly string[];
  /** The pods that have not seen it, once they were looked up. Others started later, and know all there is to know. */
  readonly found?: { readonly uids: readonly string[]; readonly configHash?: string | undefined } | undefined;
}

/** Everything that bears on whether the device plugin has to be restarted. */
export interface RestartFacts {
  /** What was known when the pass began. */
  readonly before: PluginRecord;
  /** What is known now: before its first step the pass has written what it was about to change. */
  readonly now: PluginRecord;
  /** Hash that stands on the node state. */
  readonly configHash: string | undefined;
  /** Whether the pass got so far as to change a VF, or may have. */
  readonly hasChangedVfs: boolean;
  /** PFs on which something is still to be done, see {@link unsettledPfs}. */
  readonly unsettled: readonly string[];
}

/** What is known after the pass, and whether the restart that it owes can be done. */
export interface RestartDecision {
  readonly record: PluginRecord;
  readonly isDue: boolean;
}

const CONFIG_CHANGED = 'the configuration of the device plugin has changed';

/**
 * Decides on the restart. It is owed when VFs of a resource were changed, by this pass or one that was interrupted, and
 * when the configuration is no longer the one with which the device plugin was last started. It is done when no PF is
 * half configured: what the device plugin finds at its start, it gives to pods.
 */
export function decideRestart(facts: RestartFacts): RestartDecision {
  const { before, now, configHash, hasChangedVfs, unsettled } = facts;
  const stands = hasChangedVfs || before.owed !== undefined ? now.owed : undefined;
  const known = now.configHash ?? configHash;
  const news = configHash === undefined || known === configHash ? [] : [CONFIG_CHANGED];
  const because = [...new Set([...stillOwed(stands), ...news])];
  if (because.length === 0) return { record: { configHash: known }, isDue: false };
  return {
    record: { configHash: known, owed: { because, found: foundFor(configHash, stands) } },
    isDue: unsettled.length === 0,
  };
}

/** Pods that came since others were found for an earlier configuration may not know the newest. */
function foundFor(configHash: string | undefined, owed: OwedRestart | undefined): OwedRestart['found'] {
  return owed?.found?.configHash === configHash ? owed?.found : undefined;
}

/** A configuration that has changed back is no reason, unless pods were deleted meanwhile: others came then. */
function stillOwed(owed: OwedRestart | undefined): readonly string[] {
  const because = owed?.because ?? [];
  return owed?.found === undefined ? because.filter((reason) => reason !== CONFIG_CHANGED) : because;
}

/** Why the device plugin will not know the VFs any more once the plan is carried out: a sentence a PF. */
export function vfChanges(plan: Pick<HostPlan, 'pfs'>, { spec, owned }: Pick<HostFacts, 'spec' | 'owned'>): string[] {
  return plan.pfs.flatMap((pf) => {
    const entries = [spec.interfaces?.find(({ pciAddress }) => pciAddress === pf.pciAddress), owned.get(pf.pciAddress)];
    const groups = entries.flatMap((entry) => entry?.vfGroups ?? []).filter(({ resourceName }) => resourceName);
    const change = groups.length > 0 ? vfChange(pf, groups) : undefined;
    return change === undefined ? [] : [`${pfTitle(pf)}: ${change}`];
  });
}

function vfChange({ before, vfs }: PfPlan, groups: readonly VfGroup[]): string | undefined {
  const made = before.flatMap((step) => (step.kind === 'set-num-vfs' ? [step.numVfs] : [])).at(-1);
  if (made !== undefined) return `the number of VFs becomes ${made}`;
  const ids = vfs.flatMap(({ id, steps }) => (steps.some(changesVfs) && isInGroup(groups, id) ? [id] : []));
  return ids.length > 0 ? `another driver for VF ${formatVfIds(ids)}` : undefined;
}

function isInGroup(groups: readonly VfGroup[], id: number): boolean {
  return groups.some(({ vfRange = '' }) => {
    const range = parseVfRange(vfRange);
    return range.ok && rangeContains(range.value, id);
  });
}

const VF_STEPS: readonly StepName['kind'][] = ['set-num-vfs', 'bind-vf', 'unbind-vf'];

/** Whether the step changes which VFs there are, or what drives them. Their settings are no concern of the plugin. */
export function changesVfs({ kind }: Pick<StepName, 'kind'>): boolean {
  return VF_STEPS.includes(kind);
}

/** Which VFs a host has, and what drives them: equal texts, nothing for the device plugin to learn. */
export function vfPortrait({ interfaces }: ObservedHost): string {
  return JSON.stringify(
    interfaces.map(({ sriov }) => sriov?.vfs.map(({ pciAddress, driver }) => [pciAddress, driver])),
  );
}

const KEEPS_WAITING: readonly PlanProblemReason[] = [REASON.notPlannedYet, REASON.blocked];

/**
 * PCI addresses of the PFs that are not at rest: VFs are to be bound yet, or are held by a pod that a new configuration
 * would give to another one. So are all as long as the spec was not planned. A PF that has no VFs, or on which nothing is
 * done at all, keeps nobody waiting: that may never change. `''` stands for what concerns all PFs.
 */
export function unsettledPfs({
  observed,
  rest,
  failures,
}: {
  readonly observed: ObservedHost;
  readonly rest: Pick<HostPlan, 'pfs' | 'problems'>;
  readonly failures: readonly Pick<StepFailure, 'pciAddress' | 'outcome'>[];
}): string[] {
  const withVfs = new Set(['']);
  for (const { pciAddress, sriov } of observed.interfaces) if (sriov?.vfs.length) withVfs.add(pciAddress);
  const undone = [...failures, ...rest.pfs].filter(({ pciAddress }) => withVfs.has(pciAddress));
  // VFs that are being made may come at any moment.
  const blocked = failures.filter(({ outcome }) => outcome === 'blocked');
  const waiting = rest.problems.filter(
    ({ reason, pciAddress = '' }) =>
      KEEPS_WAITING.includes(reason) || (reason === REASON.vfInUse && withVfs.has(pciAddress)),
  );
  return [...new Set([...undone, ...blocked, ...waiting].map(({ pciAddress = '' }) => pciAddress))];
}
