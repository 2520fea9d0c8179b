import {
  ANNOTATION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  DEVICE_PLUGIN_CONFIG_MAP,
  isWebhookWanted,
  type KubeObject,
  operatorConfigSpecSchema,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { readElements } from '@sriov/device-plugin-config';
import { findUnmetSettings } from '@sriov/operands';
import { listSome } from '@sriov/words';
import { type Catalog } from '../input/catalog.ts';
import { type ChangeStyle, nodeChange } from '../plan/node-change.ts';
import { type ClusterPlan, type PlannedNode } from '../plan/plan-cluster.ts';
import { pluginEffect } from '../plan/plugin-effect.ts';
import { problemGroups } from '../plan/problem-groups.ts';
import { type MigrationFinding } from './finding.ts';

/** What is to be said of nodes, of the device plugin's configuration, and of what the objects ask for. */
export function fleetFindings(plan: ClusterPlan, catalog: Catalog, style: ChangeStyle): MigrationFinding[] {
  return [
    ...drainFindings(catalog),
    ...plan.nodes.flatMap((node) => nodeFinding(node, style) ?? []),
    ...textFindings(plan.nodes),
    ...settingFindings(catalog),
    ...poolFindings(catalog),
    ...problemFindings(plan),
    ...waitingFindings(plan),
  ];
}

/** A drain that upstream has begun is ended by nobody else. */
function drainFindings({ nodes, nodeStates }: Catalog): MigrationFinding[] {
  return [...nodeStates].flatMap(([name, state]): MigrationFinding[] => {
    const busy = [
      ...atWork('Node', nodes.get(name), [ANNOTATION.nodeState]),
      ...atWork('SriovNetworkNodeState', state, [ANNOTATION.desiredState, ANNOTATION.currentState]),
    ];
    if (busy.length === 0) return [];
    const message = `upstream drains or reboots the node (${busy.join(', ')}), and nobody else would make it schedulable again`;
    const cure = "let upstream's operator run until all of them are Idle";
    return [{ level: 'first', kind: 'Node', name, message, cure }];
  });
}

function atWork(kind: string, object: KubeObject | undefined, annotations: readonly string[]): string[] {
  return annotations.flatMap((annotation) => {
    const value = object?.metadata.annotations?.[annotation] ?? 'Idle';
    return value === 'Idle' ? [] : [`annotation ${annotation} of the ${kind} is ${value}`];
  });
}

function nodeFinding(node: PlannedNode, style: ChangeStyle): MigrationFinding | undefined {
  const rows = nodeChange(node, style).rows.filter(({ subject }) => subject !== 'device plugin');
  if (!node.changes || rows.length === 0) return undefined;
  const effect = pluginEffect(node);
  return {
    level: 'change',
    ...{ kind: 'Node', name: node.name },
    message: [
      ...rows.map(({ subject, setting, before, after }) => `${subject}: ${setting}: now ${before}, then ${after}`),
      ...(effect === undefined ? [] : [`device plugin: ${effect}`]),
      ...unfinishedNote(node.before.state),
    ].join('\n'),
    cure: 'kubectl sriov plan shows all nodes; change the policies until it shows no change, or move the pods away first',
  };
}

function unfinishedNote(state: SriovNetworkNodeState | undefined): string[] {
  const { syncStatus = '', lastSyncError = '' } = state?.status ?? {};
  if (syncStatus === 'Succeeded') return [];
  return [`upstream has not done it either: syncStatus is "${syncStatus}"${lastSyncError && `: ${lastSyncError}`}`];
}

/** Resources whose text changes, each with the nodes on which it does. */
function textFindings(nodes: readonly PlannedNode[]): MigrationFinding[] {
  const changes = new Map<string, { readonly message: string; readonly nodes: string[] }>();
  for (const { name, before, plan } of nodes) {
    const [old, fresh] = [before.devicePluginConfig, plan.devicePluginConfig];
    if (old === undefined || fresh === undefined || old === fresh) continue;
    for (const message of textChanges(old, fresh)) {
      const change = changes.get(message) ?? { message, nodes: [] };
      changes.set(message, change);
      change.nodes.push(name);
    }
  }
  return [...changes.values()].map(({ message, nodes: names }) => ({
    level: 'change',
    ...{ kind: 'ConfigMap', name: DEVICE_PLUGIN_CONFIG_MAP },
    message: `${message}\non ${listSome(names)}: the original device plugin is restarted once there, and pods keep their VFs`,
    cure: 'compare the devices; docs/differences.md says why a text differs',
  }));
}

function textChanges(old: string, fresh: string): string[] {
  const [before, after] = [readElements(old), readElements(fresh)];
  const changed = [...new Set([...before.keys(), ...after.keys()])].flatMap((resource) => {
    const [now, then] = [before, after].map((elements) => JSON.stringify(elements.get(resource) ?? null));
    return now === then ? [] : [`resource ${resource}: now ${now}, then ${then}`];
  });
  return changed.length > 0 ? changed : ['the resources are the same, in another order or form'];
}

function settingFindings({ operatorConfig }: Catalog): MigrationFinding[] {
  const spec = operatorConfigSpecSchema.safeParse(operatorConfig?.spec ?? {});
  const { unsupported, unused } = findUnmetSettings(spec.data ?? {});
  const finding = (level: MigrationFinding['level'], message: string): MigrationFinding => ({
    level,
    ...{
      kind: 'SriovOperatorConfig',
      namespace: operatorConfig?.metadata.namespace,
      name: DEFAULT_OPERATOR_CONFIG_NAME,
    },
    message,
  });
  return [
    ...unsupported.map((message) => ({
      ...finding('change', message),
      cure: 'remove it, or stay with upstream until it is supported',
    })),
    ...unused.map((message) => finding('note', message)),
    ...(isWebhookWanted(operatorConfig) ? [] : [{ ...finding('note', UNJUDGED), cure: 'set it to true' }]),
  ];
}

const UNJUDGED =
  'spec.enableOperatorWebhook is false: the API server does not ask the webhook of this operator either, so only the rules of the CRDs hold';

function poolFindings({ pools }: Catalog): MigrationFinding[] {
  return pools
    .filter(({ spec }) => spec?.maxUnavailable !== undefined)
    .map(({ metadata: { name, namespace } }) => ({
      level: 'note',
      ...{ kind: 'SriovNetworkPoolConfig', namespace, name },
      message:
        'spec.maxUnavailable does not count: this version drains no node, and a change of VFs in use waits until they are free',
    }));
}

function problemFindings({ problems }: ClusterPlan): MigrationFinding[] {
  return problemGroups(problems).map(({ problem: { kind, name, reason, message }, nodes, cure }) => ({
    level: 'change',
    ...{ kind, name },
    message: `${reason}${nodes.length > 0 ? ` on ${listSome(nodes)}` : ''}: ${message}`,
    cure,
  }));
}

function waitingFindings({ nodes, abandoned }: ClusterPlan): MigrationFinding[] {
  const unplanned = nodes.filter(({ plan }) => plan.undecided.length > 0).map(({ name }) => name);
  const about = (name: string, message: string): MigrationFinding => ({ level: 'note', kind: 'Node', name, message });
  return [
    ...unplanned.map((name) => about(name, 'its daemon has not reported its PFs: all stays as it is')),
    ...abandoned.map((name) =>
      about(name, 'it lacks the labels of managed nodes: its device plugin and its node state go, as with upstream'),
    ),
  ];
}
