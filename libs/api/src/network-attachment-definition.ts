import { type KubeObject, type Resource } from './object.ts';

/** A NetworkAttachmentDefinition (Multus); `spec.config` is the CNI configuration as JSON text. */
export interface NetworkAttachmentDefinition extends KubeObject {
  spec?: { config?: string };
}

/** How the API server knows a NetworkAttachmentDefinition. */
export const NETWORK_ATTACHMENT_DEFINITION: Resource<NetworkAttachmentDefinition> = {
  group: 'k8s.cni.cncf.io',
  version: 'v1',
  kind: 'NetworkAttachmentDefinition',
  plural: 'network-attachment-definitions',
  namespaced: true,
};
