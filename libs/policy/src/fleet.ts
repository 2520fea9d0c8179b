import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  isPaused,
  managedNodeLabels,
  type ObjectMeta,
  operatorConfigSpecSchema,
  readSpec,
  REASON,
  type SriovNetworkNodePolicy,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
} from '@sriov/api';
import {
  matchesLabels,
  PolicyIndex,
  type PreparedPolicy,
  type PreparedPool,
  preparePolicies,
  preparePools,
  type Problem,
  readSupportedNics,
  type SupportedNics,
} from '@sriov/selection';

/** The objects that matter for every node. */
export interface FleetObjects {
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly pools: readonly SriovNetworkPoolConfig[];
  /** The one named `default`; without it the defaults are used. */
  readonly operatorConfig: SriovOperatorConfig | undefined;
  /** `data` of the ConfigMap `supported-nic-ids`; without it the built-in list is used. */
  readonly supportedNics: Readonly<Record<string, string>> | undefined;
  /** Refuse PFs whose ids the list lacks, as upstream does. */
  readonly supportedNicsOnly: boolean;
}

/** What is computed once for all nodes. */
export interface Fleet {
  /** In rising precedence. */
  readonly policies: readonly PreparedPolicy[];
  /** The same policies, indexed by the labels of nodes. */
  readonly policyIndex: PolicyIndex;
  readonly pools: readonly PreparedPool[];
  /** Names of pools that cannot be read. Any node may be in them. */
  readonly unreadablePools: readonly string[];
  readonly nics: SupportedNics;
  readonly supportedNicsOnly: boolean;
  readonly managesSoftwareBridges: boolean;
  /** Names of the policies that are paused. */
  readonly paused: ReadonlySet<string>;
  /** Names of the pools that ask for a canary and cannot be read. */
  readonly unreadableCanaries: readonly string[];
  /** A text that differs for each stored version of the spec of a policy, by its name. */
  readonly policyVersions: ReadonlyMap<string, string>;
  /** A text that differs when settings differ that the specs of nodes are made from. */
  readonly inputs: string;
  /** Labels of the nodes that the operator manages; absent when the SriovOperatorConfig cannot be read. */
  readonly nodeSelector: Record<string, string> | undefined;
  readonly problems: readonly Problem[];
}

/** The fields that the fleet depends on. A fault in another field of the spec does not matter here. */
const ownConfigSchema = operatorConfigSpecSchema.pick({ configDaemonNodeSelector: true, featureGates: true });

/** Reads and sorts what matters for every node. Problems are values; nothing throws. */
export function prepareFleet(objects: FleetObjects): Fleet {
  const policies = preparePolicies(objects.policies);
  const pools = preparePools(objects.pools);
  const { nics, problems } = readSupportedNics(objects.supportedNics);
  const config = readSpec(ownConfigSchema, objects.operatorConfig?.spec);
  const { featureGates = {} } = config.ok ? config.value : {};
  const managesSoftwareBridges = featureGates['manageSoftwareBridges'] ?? false;
  const { supportedNicsOnly, supportedNics } = objects;
  return {
    policies: policies.prepared,
    policyIndex: new PolicyIndex(policies.prepared),
    pools: pools.prepared,
    unreadablePools: pools.unreadable,
    nics,
    supportedNicsOnly,
    managesSoftwareBridges,
    paused: new Set(objects.policies.filter(isPaused).map(({ metadata }) => metadata.name)),
    unreadableCanaries: objects.pools
      .filter(asksForCanary)
      .flatMap(({ metadata: { name } }) => (pools.unreadable.includes(name) ? name : [])),
    policyVersions: new Map(objects.policies.map(({ metadata }) => [metadata.name, versionOf(metadata)])),
    inputs: JSON.stringify([supportedNicsOnly, managesSoftwareBridges, Object.entries(supportedNics ?? {}).sort()]),
    nodeSelector: config.ok ? managedNodeLabels(config.value) : undefined,
    problems: [
      ...policies.problems,
      ...pools.problems,
      ...problems,
      ...(config.ok ? [] : [unreadable(config.message)]),
    ],
  };
}

function asksForCanary({ spec }: SriovNetworkPoolConfig): boolean {
  return (spec as { canary?: unknown } | null | undefined)?.canary !== undefined;
}

/** A policy that is deleted and made again begins with generation 1 again. */
function versionOf({ uid = '', generation = 0 }: ObjectMeta): string {
  return `${uid} ${generation}`;
}

function unreadable(cause: string): Problem {
  return {
    kind: 'SriovOperatorConfig',
    name: DEFAULT_OPERATOR_CONFIG_NAME,
    reason: REASON.operatorConfigInvalid,
    message: `${cause}: until it can be read, all nodes stay as they are`,
  };
}

/** True when the operator manages nodes with these labels. */
export function isManaged({ nodeSelector }: Pick<Fleet, 'nodeSelector'>, labels: Record<string, string>): boolean {
  return nodeSelector !== undefined && matchesLabels(nodeSelector, labels);
}
