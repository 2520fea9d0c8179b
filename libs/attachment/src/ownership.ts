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

/** Which network an owner reference names: its kind, and its key in caches. Nothing for anything else. */
export function parseOwnerRef(ownerRef: string | undefined): { kind: string; key: string } | undefined {
  const [owner = '', namespace, name, ...rest] = (ownerRef ?? '').split('/');
  const [kind = '', ...group] = owner.split('.');
  if (group.join('.') !== GROUP || !namespace || !name || rest.length > 0) return undefined;
  return { kind, key: `${namespace}/${name}` };
}
