import { GROUP, type KubeObject } from '@sriov/api';

/** `<Kind>.<group>/<namespace>/<name>`: which network CR a NetworkAttachmentDefinition belongs to. */
export function ownerRefOf(network: KubeObject): string {
  return `${network.kind}.${GROUP}/${network.metadata.namespace}/${network.metadata.name}`;
}

/** Namespace in which the NetworkAttachmentDefinition of a network CR belongs. */
export function attachmentNamespace(
  network: KubeObject & { spec?: { networkNamespace?: string | undefined } },
): string {
  return network.spec?.networkNamespace || network.metadata.namespace || '';
}
