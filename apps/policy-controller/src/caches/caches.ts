import {
  ANNOTATION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  type KubeObject,
  type ObjectMeta,
  type ObservedInterface,
  omitUndefined,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
  SUPPORTED_NIC_CONFIG_MAP,
  withReadableStatus,
} from '@sriov/api';
import { configShardNames } from '@sriov/device-plugin-config';
import { type AnyInformer, CONFIG_MAP, type ConfigMap, Informer, type InformerContext, NODE } from '@sriov/kube';
import { limitingFields } from '@sriov/node-limits';
import { configHash } from '@sriov/runtime';

/** What the policy controller reads: everything from memory, kept up to date by watches. */
export interface Caches {
  /** Of all namespaces, so that a policy in the wrong one can be reported. */
  readonly policies: Informer<SriovNetworkNodePolicy>;
  /** Of all namespaces, for the same reason. */
  readonly pools: Informer<SriovNetworkPoolConfig>;
  readonly operatorConfigs: Informer<SriovOperatorConfig>;
  /** Names and labels only. */
  readonly nodes: Informer<KubeObject>;
  /** Without the details of VFs that planning does not look at. */
  readonly nodeStates: Informer<SriovNetworkNodeState>;
  /** By name: with one watch each, the right to read just these is enough. */
  readonly devicePluginConfigs: ReadonlyMap<string, Informer<ConfigMap>>;
  readonly supportedNics: Informer<ConfigMap>;
}

/** Node states in a page of a list: each is some 30 kB, and parsing a page holds up everything else. */
const NODE_STATE_PAGE = 50;

/** Makes the caches; they fill once they run. */
export function createCaches(
  context: InformerContext,
  { namespace, devicePluginConfigShards }: { namespace: string; devicePluginConfigShards: number },
): Caches {
  const named = (name: string): { namespace: string; fieldSelector: string } => ({
    namespace,
    fieldSelector: `metadata.name=${name}`,
  });
  return {
    policies: new Informer(context, SRIOV_NETWORK_NODE_POLICY),
    pools: new Informer(context, SRIOV_NETWORK_POOL_CONFIG),
    operatorConfigs: new Informer(context, SRIOV_OPERATOR_CONFIG, named(DEFAULT_OPERATOR_CONFIG_NAME)),
    nodes: new Informer(context, NODE, { metadataOnly: true, transform: trimNode }),
    nodeStates: new Informer(context, SRIOV_NETWORK_NODE_STATE, {
      namespace,
      pageSize: NODE_STATE_PAGE,
      transform: trimNodeState,
    }),
    devicePluginConfigs: new Map(
      configShardNames(devicePluginConfigShards).map((name) => [name, new Informer(context, CONFIG_MAP, named(name))]),
    ),
    supportedNics: new Informer(context, CONFIG_MAP, named(SUPPORTED_NIC_CONFIG_MAP)),
  };
}

/** All of them, for running and waiting. */
export function allInformers({ devicePluginConfigs, ...others }: Caches): AnyInformer[] {
  return [...Object.values(others), ...devicePluginConfigs.values()] as AnyInformer[];
}

function trimNode({ metadata }: KubeObject): KubeObject {
  const { name, uid, resourceVersion, labels } = metadata;
  return { metadata: omitUndefined({ name, uid, resourceVersion, labels }) };
}

function trimNodeState(state: SriovNetworkNodeState): SriovNetworkNodeState {
  const { metadata, spec, status } = withReadableStatus(state);
  const { interfaces, system, syncStatus, failures, conditions } = status ?? {};
  return {
    metadata: { ...metadata, ...omitUndefined({ annotations: trimAnnotations(metadata.annotations) }) },
    spec: spec ?? {},
    status: { interfaces: interfaces?.map(trimInterface), system, syncStatus, failures, conditions },
  };
}

/** The configuration of the device plugin is in memory once already, as a key of its ConfigMap: here its hash will do. */
function trimAnnotations(annotations: ObjectMeta['annotations']): ObjectMeta['annotations'] {
  const text = annotations?.[ANNOTATION.devicePluginConfig];
  return text === undefined ? annotations : { ...annotations, [ANNOTATION.devicePluginConfig]: configHash(text) };
}

/** What selects a PF, what limits it, and the device id that its VFs have. */
function trimInterface(nic: ObservedInterface): ObservedInterface {
  const { pciAddress, deviceID, altNames, Vfs } = nic;
  const [vf] = Vfs ?? [];
  return omitUndefined({
    ...limitingFields(nic),
    pciAddress,
    deviceID,
    altNames,
    Vfs: vf && [{ vfID: vf.vfID, pciAddress: vf.pciAddress, deviceID: vf.deviceID }],
  });
}
