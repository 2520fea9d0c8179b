import { ANNOTATION, GROUP, type KubeObject } from '@sriov/api';

/** `<Kind>.<group>/<namespace>/<name>`: which network CR a NetworkAttachmentDefinition belongs to. */
export function ownerRefOf(network: KubeObject): string {
  return `${network.kind}.${GROUP}/${network.metadata.namespace}/${network.metadata.name}`;
}

/** Namespace to which the NetworkAttachmentDefinition of a network CR belongs. */
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

/** True when the object itself says that it belongs to the network: by the annotation, or by an owner reference. */
export function belongsTo({ metadata }: KubeObject, network: KubeObject): boolean {
  const ownerRef = metadata.annotations?.[ANNOTATION.ownerRef];
  if (ownerRef) return ownerRef === ownerRefOf(network);
  return (metadata.ownerReferences ?? []).some(({ apiVersion, kind, name }) => {
    return apiVersion.startsWith(`${GROUP}/`) && kind === network.kind && name === network.metadata.name;
  });
}

/**
 * True when the network records that an operator made its object in that namespace. Every version of upstream's
 * operator records this when it creates the object, and never for an object that it found. Releases before 2025 set no
 * owner on the object itself.
 */
export function isRecorded(network: KubeObject, namespace: string | undefined): boolean {
  return namespace !== undefined && network.metadata.annotations?.[ANNOTATION.lastNetworkNamespace] === namespace;
}
