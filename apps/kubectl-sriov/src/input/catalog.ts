import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  DEVICE_PLUGIN_CONFIG_MAP,
  keyOf,
  type KubeObject,
  LABEL,
  OPERAND_SETTINGS_CONFIG_MAP,
  operatorConfigSpecSchema,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
  SUPPORTED_NIC_CONFIG_MAP,
} from '@sriov/api';
import { listSome } from '@sriov/words';
import { formatPlace } from './documents.ts';
import { type InputObject } from './objects.ts';

/** The objects of the input by kind, as a cluster would hold them. */
export interface Catalog {
  /** Of all namespaces. */
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly pools: readonly SriovNetworkPoolConfig[];
  /** This and all below: of the operator's namespace. */
  readonly operatorConfig: SriovOperatorConfig | undefined;
  /** By name. A node state without a Node adds one. */
  readonly nodes: ReadonlyMap<string, KubeObject>;
  readonly nodeStates: ReadonlyMap<string, SriovNetworkNodeState>;
  /** `data` of the ConfigMap. */
  readonly supportedNics: Readonly<Record<string, string>> | undefined;
  /** Text by node; absent when the input has no such ConfigMap, so that the present text is not known. */
  readonly devicePluginConfig: Readonly<Record<string, string>> | undefined;
  /** `data` of the ConfigMap in which the chart says what the operands are made from. */
  readonly operandSettings: Readonly<Record<string, string>> | undefined;
  readonly notes: readonly string[];
}

/**
 * Sorts the objects by kind. If the input has an object more than once, the last one counts, as with `kubectl apply`.
 */
export function catalogOf(objects: readonly InputObject[], operatorNamespace: string): Catalog {
  const { latest, notes } = latestOf(objects);
  const all = [...latest.values()].map(({ object }) => object);
  const ofKind = <T extends KubeObject>(kind: string): T[] => all.filter((object) => object.kind === kind) as T[];
  const here = <T extends KubeObject>(kind: string): Map<string, T> =>
    new Map(
      ofKind<T>(kind)
        .filter(({ metadata }) => metadata.namespace === operatorNamespace)
        .map((object) => [object.metadata.name, object]),
    );
  const configMaps = here<ConfigMap>('ConfigMap');
  const nodeStates = here<SriovNetworkNodeState>(SRIOV_NETWORK_NODE_STATE.kind);
  const operatorConfig = here<SriovOperatorConfig>(SRIOV_OPERATOR_CONFIG.kind).get(DEFAULT_OPERATOR_CONFIG_NAME);
  const nodes = new Map(ofKind('Node').map((node) => [node.metadata.name, node]));
  const assumed = [...nodeStates.keys()].filter((name) => !nodes.has(name)).sort();
  for (const name of assumed) nodes.set(name, assumedNode(name, operatorConfig));
  const policies = ofKind<SriovNetworkNodePolicy>(SRIOV_NETWORK_NODE_POLICY.kind);
  const pools = ofKind<SriovNetworkPoolConfig>(SRIOV_NETWORK_POOL_CONFIG.kind);
  return {
    policies,
    pools,
    operatorConfig,
    nodes,
    nodeStates,
    supportedNics: dataOf(configMaps.get(SUPPORTED_NIC_CONFIG_MAP)),
    devicePluginConfig: devicePluginConfigOf(configMaps),
    operandSettings: dataOf(configMaps.get(OPERAND_SETTINGS_CONFIG_MAP)),
    notes: [
      ...notes,
      ...elsewhereNotes(all, operatorNamespace),
      ...(nodes.size === 0 && policies.length + pools.length > 0 ? [NO_NODES] : []),
      ...(assumed.length === 0 ? [] : [`${listSome(assumed)}: ${ASSUMPTION}`]),
    ],
  };
}

const NO_NODES =
  'there is no Node and no SriovNetworkNodeState in the input, so nothing is compared with nodes and their PFs: add the output of kubectl get nodes,sriovnetworknodestates -A -o yaml';

/** Kinds that count only in the operator's namespace, and that nothing else would report in another one. */
const OPERATOR_KINDS: ReadonlySet<string | undefined> = new Set([
  SRIOV_NETWORK_NODE_STATE.kind,
  SRIOV_OPERATOR_CONFIG.kind,
]);

function isOperators({ kind, metadata }: KubeObject): boolean {
  return OPERATOR_KINDS.has(kind) || (kind === 'ConfigMap' && metadata.name === SUPPORTED_NIC_CONFIG_MAP);
}

function elsewhereNotes(all: readonly KubeObject[], operatorNamespace: string): string[] {
  const elsewhere = all.filter((object) => isOperators(object) && object.metadata.namespace !== operatorNamespace);
  if (elsewhere.length === 0) return [];
  const namespaces = [...new Set(elsewhere.map(({ metadata }) => metadata.namespace ?? ''))].sort();
  const kinds = [...new Set(elsewhere.map(({ kind }) => kind))].sort().join(', ');
  return [
    `${kinds} of the namespace ${listSome(namespaces)} are not used: that of the operator is ${operatorNamespace} (--operator-namespace)`,
  ];
}

const ASSUMPTION = 'there is no Node object, so a managed node without further labels is assumed';

/**
 * The node of a node state without a Node. Its daemon has reported, so it is managed, and has at least the labels of
 * managed nodes.
 */
function assumedNode(name: string, operatorConfig: SriovOperatorConfig | undefined): KubeObject {
  const config = operatorConfigSpecSchema.safeParse(operatorConfig?.spec ?? {});
  const labels = {
    [LABEL.worker]: '',
    [LABEL.os]: 'linux',
    'kubernetes.io/hostname': name,
    ...config.data?.configDaemonNodeSelector,
  };
  return { metadata: { name, labels } };
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

function dataOf(configMap: ConfigMap | undefined): Readonly<Record<string, string>> | undefined {
  return configMap && (configMap.data ?? {});
}

/** A large fleet has its configuration in several ConfigMaps. All but the first are numbered from 1. */
const DEVICE_PLUGIN_CONFIG = new RegExp(`^${DEVICE_PLUGIN_CONFIG_MAP}(?:-[0-9]+)?$`);

function devicePluginConfigOf(configMaps: ReadonlyMap<string, ConfigMap>): Catalog['devicePluginConfig'] {
  const found = [...configMaps.values()].filter(({ metadata }) => DEVICE_PLUGIN_CONFIG.test(metadata.name));
  return found.length === 0
    ? undefined
    : Object.fromEntries(found.flatMap((each) => Object.entries(dataOf(each) ?? {})));
}

/** Kind, namespace and name of an object. */
export function identityOf({ object }: Pick<InputObject, 'object'>): string {
  return `${object.kind} ${keyOf(object)}`;
}

/** As `kubectl apply` leaves it: annotations that a file does not name, such as that of a pause, stay on a policy. */
function withAnnotations(input: InputObject, earlier: InputObject | undefined): InputObject {
  const { object } = input;
  const before = earlier?.object.metadata.annotations;
  if (before === undefined || object.kind !== SRIOV_NETWORK_NODE_POLICY.kind) return input;
  const annotations = { ...before, ...object.metadata.annotations };
  return { ...input, object: { ...object, metadata: { ...object.metadata, annotations } } };
}

/** The last object of each kind, namespace and name, in order of the input. */
export function latestOf(objects: readonly InputObject[]): {
  readonly latest: ReadonlyMap<string, InputObject>;
  readonly notes: readonly string[];
} {
  const latest = new Map<string, InputObject>();
  const notes: string[] = [];
  for (const input of objects) {
    const key = identityOf(input);
    const earlier = latest.get(key);
    if (earlier) {
      notes.push(`${key} is there twice: ${formatPlace(input.place)} counts, ${formatPlace(earlier.place)} does not`);
    }
    // Deleted first, so that it moves to the end.
    latest.delete(key);
    latest.set(key, withAnnotations(input, earlier));
  }
  return { latest, notes };
}
