import {
  type KubeObject,
  type NodePolicySpec,
  type ObservedInterface,
  omitUndefined,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { PORTS } from '@sriov/testing/objects';
import { admit } from '../admit.ts';
import { type AdmissionCluster, type AdmissionRequest, type AdmissionVerdict } from '../request.ts';

/** The operator namespace of the cases. */
export const OPERATOR = 'operator';

/** Three nodes in zone a, of which the first has two ports, the second has no state yet, and the third is elsewhere. */
const CLUSTER: AdmissionCluster = {
  nodes: [
    { metadata: { name: 'n1', labels: { zone: 'a' } } },
    { metadata: { name: 'n2', labels: { zone: 'a' } } },
    { metadata: { name: 'n3', labels: { zone: 'b' } } },
  ],
  nodeStates: [state('n1', PORTS), state('n3', [])],
  policies: [],
  pools: [],
  supportedNics: undefined,
};

/** State of a node that has reported these PFs. */
export function state(
  name: string,
  interfaces: readonly ObservedInterface[],
  syncStatus?: string,
): SriovNetworkNodeState {
  return {
    metadata: { name, namespace: OPERATOR },
    status: omitUndefined({ interfaces: [...interfaces], syncStatus }),
  };
}

/** A policy that is let in: VFs 0 to 3 of `ens2f0` on the nodes of zone a. */
export function policyObject(spec: object = {}, metadata: object = {}): KubeObject & { spec: NodePolicySpec } {
  return {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovNetworkNodePolicy',
    metadata: { name: 'new', namespace: OPERATOR, ...metadata },
    spec: {
      resourceName: 'new',
      nodeSelector: { zone: 'a' },
      nicSelector: { pfNames: ['ens2f0#0-3'] },
      numVfs: 8,
      priority: 99,
      isRdma: false,
      deviceType: 'netdevice',
      ...spec,
    },
  };
}

/** The same, stored under another name for another resource. */
export function storedPolicy(name: string, spec: object = {}): KubeObject & { spec: NodePolicySpec } {
  return policyObject({ resourceName: name, ...spec }, { name });
}

/** Any object of our kinds, in the operator namespace. */
export function objectOf(kind: string, spec: unknown, metadata: object = {}): KubeObject {
  return { kind, metadata: { name: 'default', namespace: OPERATOR, ...metadata }, ...{ spec } };
}

/** The verdict about an object that is created, unless the rest says otherwise. */
export function verdictOn(
  object: KubeObject,
  rest: Partial<Omit<AdmissionRequest, 'object' | 'cluster'>> & { readonly cluster?: Partial<AdmissionCluster> } = {},
): AdmissionVerdict {
  return admit({
    operation: 'CREATE',
    settings: { operatorNamespace: OPERATOR, supportedNicsOnly: false },
    ...rest,
    object,
    cluster: { ...CLUSTER, ...rest.cluster },
  });
}
