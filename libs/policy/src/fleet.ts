import {
  LABEL,
  operatorConfigSpecSchema,
  type SriovNetworkNodePolicy,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
} from '@sriov/api';
import { type PreparedPool, preparePools } from './pools.ts';
import { type PreparedPolicy, preparePolicies } from './prepare.ts';
import { type Problem } from './problem.ts';
import { readSupportedNics, type SupportedNics } from './supported-nics.ts';

/** The objects that bear on every node. */
export interface FleetObjects {
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly pools: readonly SriovNetworkPoolConfig[];
  /** The one named `default`; without it the defaults hold. */
  readonly operatorConfig: SriovOperatorConfig | undefined;
  /** `data` of the ConfigMap `supported-nic-ids`; without it the built-in list serves. */
  readonly supportedNics: Readonly<Record<string, string>> | undefined;
  /** Refuse PFs whose ids the list lacks, as upstream does. */
  readonly supportedNicsOnly: boolean;
}

/** What is computed once for all nodes. */
export interface Fleet {
  /** In rising precedence. */
  readonly policies: readonly PreparedPolicy[];
  readonly pools: readonly PreparedPool[];
  readonly nics: SupportedNics;
  readonly supportedNicsOnly: boolean;
  readonly managesSoftwareBridges: boolean;
  /** Labels of the nodes that the operator manages. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

const DEFAULT_NODE_SELECTOR = { [LABEL.worker]: '', [LABEL.os]: 'linux' };

/** Reads and orders what bears on every node. Problems are values; nothing throws. */
export function prepareFleet(objects: FleetObjects): Fleet {
  const policies = preparePolicies(objects.policies);
  const pools = preparePools(objects.pools);
  const { nics, problems } = readSupportedNics(objects.supportedNics);
  const config = operatorConfigSpecSchema.safeParse(objects.operatorConfig?.spec ?? {});
  const { configDaemonNodeSelector = {}, featureGates = {} } = config.success ? config.data : {};
  return {
    policies: policies.prepared,
    pools: pools.prepared,
    nics,
    supportedNicsOnly: objects.supportedNicsOnly,
    managesSoftwareBridges: featureGates['manageSoftwareBridges'] ?? false,
    nodeSelector: Object.keys(configDaemonNodeSelector).length > 0 ? configDaemonNodeSelector : DEFAULT_NODE_SELECTOR,
    problems: [...policies.problems, ...pools.problems, ...problems],
  };
}
