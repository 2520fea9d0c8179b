import {
  type KubeObject,
  type ObservedInterface,
  omitUndefined,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  SUPPORTED_NIC_CONFIG_MAP,
  withReadableStatus,
} from '@sriov/api';
import { limitingFields } from '@sriov/node-limits';
import { type AnyInformer, CONFIG_MAP, type ConfigMap, Informer, type InformerContext, NODE } from '@sriov/kube';

/** What verdicts depend on. It is read from memory, which watches keep up to date. */
export interface Caches {
  readonly policies: Informer<SriovNetworkNodePolicy>;
  readonly pools: Informer<SriovNetworkPoolConfig>;
  /** Names and labels only. */
  readonly nodes: Informer<KubeObject>;
  /** Only what the rules read, so without VFs. */
  readonly nodeStates: Informer<SriovNetworkNodeState>;
  readonly supportedNics: Informer<ConfigMap>;
}

/** Node states in a page of a list: each is some 30 kB, and parsing a page holds up everything else. */
const NODE_STATE_PAGE = 100;

/** Makes the caches; they fill once they run. */
export function createCaches(context: InformerContext, namespace: string): Caches {
  return {
    policies: new Informer(context, SRIOV_NETWORK_NODE_POLICY, { namespace }),
    pools: new Informer(context, SRIOV_NETWORK_POOL_CONFIG, { namespace }),
    nodes: new Informer(context, NODE, { metadataOnly: true, transform: trimNode }),
    nodeStates: new Informer(context, SRIOV_NETWORK_NODE_STATE, {
      namespace,
      pageSize: NODE_STATE_PAGE,
      transform: trimNodeState,
    }),
    supportedNics: new Informer(context, CONFIG_MAP, {
      namespace,
      fieldSelector: `metadata.name=${SUPPORTED_NIC_CONFIG_MAP}`,
    }),
  };
}

/** All informers, to run them and to wait for them. */
export function allInformers(caches: Caches): AnyInformer[] {
  return Object.values(caches) as AnyInformer[];
}

function trimNode({ metadata }: KubeObject): KubeObject {
  const { name, resourceVersion, labels } = metadata;
  return { metadata: omitUndefined({ name, resourceVersion, labels }) };
}

function trimNodeState(state: SriovNetworkNodeState): SriovNetworkNodeState {
  const { metadata, spec, status } = withReadableStatus(state);
  const { name, namespace, resourceVersion } = metadata;
  const { interfaces, syncStatus } = status ?? {};
  return {
    metadata: omitUndefined({ name, namespace, resourceVersion }),
    // The present spec shows which VFs a write takes away.
    spec: omitUndefined({ interfaces: spec?.interfaces }),
    status: omitUndefined({ interfaces: interfaces?.map(trimInterface), syncStatus }),
  };
}

function trimInterface(nic: ObservedInterface): ObservedInterface {
  const { altNames, pciAddress, deviceID } = nic;
  return omitUndefined({ ...limitingFields(nic), altNames, pciAddress, deviceID });
}
