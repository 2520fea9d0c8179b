import { CONDITION, REASON } from '@sriov/api';
import { type HostPlan, pfTitle, withdrawalsOf } from '@sriov/node-plan';
import { vfChanges } from '@sriov/plugin-restart';
import { listSome } from '@sriov/words';
import { type PlannedNode } from './plan-cluster.ts';

/**
 * What happens to the device plugin of a node: a sentence; `undefined` when nothing does. Which device plugin a node has
 * is known where the operator's own one has told the daemon what it offers. Elsewhere the sentence says what each does.
 */
export function pluginEffect(node: PlannedNode): string | undefined {
  const { before, plan, host } = node;
  const disturbed = disturbedPfs(host?.pfs ?? []);
  const isReconfigured = hasNewConfig(node);
  if ((plan.devicePluginLabel ?? before.devicePluginLabel) !== 'Enabled') return undefined;
  if (disturbed.length === 0 && !isReconfigured) return undefined;
  const own =
    disturbed.length > 0
      ? `withdraws the VFs of ${listSome(disturbed)} from pods until they have changed`
      : 'takes over its new configuration without a restart';
  if (hasOwnPlugin(node)) return own;
  return `the operator's ${own}; the original one is ${isRestarted(node) ? 'restarted afterwards' : 'left alone'}`;
}

function disturbedPfs(pfs: HostPlan['pfs']): string[] {
  const names = new Map(pfs.map((pf) => [pf.pciAddress, pfTitle(pf)]));
  return withdrawalsOf({ pfs }).map(({ pf }) => names.get(pf) ?? pf);
}

function hasNewConfig({ before, plan }: PlannedNode): boolean {
  const [present, next] = [before.devicePluginConfig, plan.devicePluginConfig];
  return present !== undefined && next !== undefined && present !== next;
}

/** The daemon finds out about devices that are gone with either device plugin. */
function hasOwnPlugin({ before: { state } }: PlannedNode): boolean {
  const told = state?.status?.conditions?.find(({ type }) => type === CONDITION.resourcesOffered);
  return told !== undefined && told.reason !== REASON.deviceGone;
}

/** The original one learns nothing while it runs. */
function isRestarted(node: PlannedNode): boolean {
  const { before, plan, host } = node;
  const owned = new Map((before.state?.spec?.interfaces ?? []).map((entry) => [entry.pciAddress, entry]));
  return hasNewConfig(node) || vfChanges({ pfs: host?.pfs ?? [] }, { spec: plan.spec, owned }).length > 0;
}
