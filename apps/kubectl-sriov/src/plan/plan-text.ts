import { foreseeDrains, formatVfIds, pfTitle } from '@sriov/node-plan';
import { type Problem } from '@sriov/selection';
import { alignColumns, counted, listSome } from '@sriov/words';
import { type ChangeStyle, type NodeChange, nodeChange } from './node-change.ts';
import { type ClusterPlan, type PlannedNode } from './plan-cluster.ts';
import { pluginEffect } from './plugin-effect.ts';
import { problemGroups } from './problem-groups.ts';

/** The plan for people: what changes in one line, a table for each node, then what stays and what is wrong. */
export function planText(plan: ClusterPlan, style: ChangeStyle): string {
  const changed = plan.nodes
    .filter(({ changes }) => changes)
    .map((node) => ({ node, change: nodeChange(node, style) }));
  const unplanned = plan.nodes.filter(isUnplanned).map(({ name }) => name);
  const isUnchanged = (node: PlannedNode): boolean => !node.changes && !isUnplanned(node) && node.hold === undefined;
  const unchanged = plan.nodes.filter(isUnchanged).map(({ name }) => name);
  const blocks = [
    [summary(changed.map(({ change }) => change))],
    ...changed.map((each) => nodeLines(each, plan.isDrainDisabled)),
    heldLines(plan.nodes),
    staysLines(plan, { unchanged, unplanned }),
    idleLines(plan),
    problemLines(plan.problems),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function summary(changes: readonly NodeChange[]): string {
  const total = (field: 'vfsCreated' | 'vfsDestroyed'): number =>
    changes.reduce((count, change) => count + change[field], 0);
  const nodes = `${counted(changes.length, 'node')} ${changes.length === 1 ? 'changes' : 'change'}`;
  return `${nodes}, ${counted(total('vfsCreated'), 'VF')} created, ${total('vfsDestroyed')} destroyed`;
}

function nodeLines(
  { node, change }: { readonly node: PlannedNode; readonly change: NodeChange },
  isDrainDisabled: boolean,
): string[] {
  let last = '';
  const rows = change.rows.map(({ subject, setting, before, after }) => {
    const shown = subject === last ? '' : subject;
    last = subject;
    return [shown, setting, before, after];
  });
  const effect = pluginEffect(node);
  return [
    node.name,
    ...alignColumns([['', 'SETTING', 'NOW', 'PLANNED'], ...rows], '  '),
    ...(effect === undefined ? [] : [`  device plugin: ${effect}`]),
    ...drainLines(node, isDrainDisabled),
  ];
}

/** Whether anybody has the VFs is not in the node state. */
function drainLines({ host, before }: PlannedNode, isDrainDisabled: boolean): string[] {
  if (host === undefined) return [];
  const names = new Map(host.pfs.map((pf) => [pf.pciAddress, pfTitle(pf)]));
  const which = foreseeDrains(host, before.state).map(
    ({ pciAddress, vfs }) => `VF ${formatVfIds(vfs)} of ${names.get(pciAddress) ?? pciAddress}`,
  );
  if (which.length === 0) return [];
  if (isDrainDisabled) return [`  no drain (disableDrain): pods that have ${listSome(which)} lose them at once`];
  return [`  drain: needed where pods have ${listSome(which)}; the node asks for one, and waits for it`];
}

/** Nodes that keep what they have, by why. */
function heldLines(nodes: readonly PlannedNode[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { name, hold } of nodes) {
    if (hold !== undefined) groups.set(hold.message, [...(groups.get(hold.message) ?? []), name]);
  }
  return [...groups].map(
    ([message, names]) => `Held: ${counted(names.length, 'node')} (${listSome(names)}): ${message}`,
  );
}

/** Policies select the node, and their effect there is not known yet. */
function isUnplanned({ plan }: PlannedNode): boolean {
  return plan.undecided.length > 0;
}

function staysLines(
  { unmanaged, abandoned, fleet }: ClusterPlan,
  { unchanged, unplanned }: { readonly unchanged: readonly string[]; readonly unplanned: readonly string[] },
): string[] {
  const selector = Object.entries(fleet.nodeSelector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  return [
    ...(unchanged.length > 0 ? [`Unchanged: ${counted(unchanged.length, 'node')} (${listSome(unchanged)})`] : []),
    ...(unplanned.length > 0
      ? [
          `Not planned yet: ${counted(unplanned.length, 'node')} (${listSome(unplanned)}), whose daemon has not reported its PFs: all stays as it is`,
        ]
      : []),
    ...(unmanaged.length > 0
      ? [
          `Not managed: ${counted(unmanaged.length, 'node')} (${listSome(unmanaged)}), because they lack the labels ${selector}`,
        ]
      : []),
    ...(abandoned.length > 0
      ? [
          `No longer managed: ${counted(abandoned.length, 'node')} (${listSome(abandoned)}): the device plugin leaves at once, and the SriovNetworkNodeState after a while`,
        ]
      : []),
  ];
}

function idleLines({ idle }: ClusterPlan): string[] {
  if (idle.length === 0) return [];
  return [
    'Without effect',
    ...alignColumns(
      idle.map(({ name, message }) => [`${name}:`, message]),
      '  ',
    ),
  ];
}

function problemLines(problems: readonly Problem[]): string[] {
  const groups = problemGroups(problems);
  if (groups.length === 0) return [];
  return [
    'Problems',
    ...groups.flatMap(({ problem: { kind, name, reason, message }, nodes, cure }) => [
      `  ${kind} ${name}: ${reason}${nodes.length > 0 ? ` on ${listSome(nodes)}` : ''}`,
      ...message.split('\n').map((line) => `    ${line}`),
      ...(cure === undefined ? [] : [`    cure: ${cure}`]),
    ]),
  ];
}
