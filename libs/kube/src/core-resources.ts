import { type EventType, type KubeObject, type Resource } from '@sriov/api';

const clusterKind = { group: '', version: 'v1', namespaced: false } as const;
const namespacedKind = { group: '', version: 'v1', namespaced: true } as const;

/** A taint of a Node. A list of them is written whole, so what we do not read is kept. */
export interface Taint {
  key: string;
  value?: string;
  effect: string;
  timeAdded?: string;
}

/** What we read of a Node. */
export interface Node extends KubeObject {
  spec?: { providerID?: string; unschedulable?: boolean; taints?: Taint[] };
  status?: { conditions?: { type: string; status: string; lastTransitionTime?: string }[] };
}

/** A Node: cluster-scoped. */
export const NODE: Resource<Node> = { ...clusterKind, kind: 'Node', plural: 'nodes' };

/** A Namespace: cluster-scoped. */
export const NAMESPACE: Resource = { ...clusterKind, kind: 'Namespace', plural: 'namespaces' };

/** A ConfigMap, text only. */
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** A ConfigMap. */
export const CONFIG_MAP: Resource<ConfigMap> = { ...namespacedKind, kind: 'ConfigMap', plural: 'configmaps' };

/** A Secret; values are base64. */
export interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

/** A Secret. */
export const SECRET: Resource<Secret> = { ...namespacedKind, kind: 'Secret', plural: 'secrets' };

/** What we read of a container of a Pod. */
export interface Container {
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
}

/** What we read of a Pod. */
export interface Pod extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: Container[];
    initContainers?: Container[];
    ephemeralContainers?: Container[];
    resourceClaims?: { name: string; resourceClaimName?: string }[];
  };
  status?: { phase?: string; resourceClaimStatuses?: { name: string; resourceClaimName?: string }[] };
}

/** A Pod. */
export const POD: Resource<Pod> = { ...namespacedKind, kind: 'Pod', plural: 'pods' };

/** What we read of a ResourceClaim: which drivers have allocated devices to it. */
export interface ResourceClaim extends KubeObject {
  status?: { allocation?: { devices?: { results?: { driver?: string }[] } } };
}

/** A ResourceClaim (Kubernetes 1.34 and later). */
export const RESOURCE_CLAIM: Resource<ResourceClaim> = {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  namespaced: true,
};

/** A core/v1 Event, as `kubectl describe` shows it. */
export interface KubeEvent extends KubeObject {
  involvedObject: { apiVersion: string; kind: string; name: string; namespace?: string; uid?: string };
  type: EventType;
  reason: string;
  message: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string; host?: string };
  reportingComponent: string;
  reportingInstance: string;
}

/** An Event. */
export const EVENT: Resource<KubeEvent> = { ...namespacedKind, kind: 'Event', plural: 'events' };

/** A coordination.k8s.io/v1 Lease; times have microseconds. */
export interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** A Lease. */
export const LEASE: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
