import {
  ANNOTATION,
  type CustomResource,
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
  omitUndefined,
} from '@sriov/api';
import { type AttachmentStep, type Network } from '@sriov/attachment';
import { isNotFound, type KubeClient } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';

/** What the steps are about. */
export interface Subject {
  readonly resource: CustomResource<Network>;
  readonly network: Network;
}

/**
 * Carries the steps out in order. The first failure ends it, and the next reconcile plans again. A network that is gone
 * ends it as well, without a failure: the caches do not show the deletion yet.
 */
export async function apply(
  ports: { readonly client: KubeClient; readonly log: Logger },
  subject: Subject,
  steps: readonly AttachmentStep[],
): Promise<void> {
  const { namespace, name } = subject.network.metadata;
  let { network } = subject;
  for (const step of steps) {
    const next = await applyStep(ports.client, { ...subject, network }, step);
    if (next === undefined) return;
    network = next;
    ports.log.info({ kind: subject.resource.kind, namespace, name, step: step.kind }, 'network changed');
  }
}

/** Returns the network with its version after the step; nothing when the network is gone. */
async function applyStep(client: KubeClient, subject: Subject, step: AttachmentStep): Promise<Network | undefined> {
  switch (step.kind) {
    case 'set-finalizers':
      return patchNetwork(client, subject, { finalizers: step.finalizers });
    case 'apply-attachment':
      await writeAttachment(client, step);
      return subject.network;
    case 'delete-attachment':
      await deleteAttachment(client, step.attachment);
      return subject.network;
    case 'record-namespace':
      return patchNetwork(client, subject, { annotations: { [ANNOTATION.lastNetworkNamespace]: step.namespace } });
  }
}

/**
 * Neither way touches an object that the plan did not know: whatever somebody else made, changed or deleted meanwhile
 * is a conflict, and the next reconcile sees it. The version alone does not notice that an object is gone: server-side
 * apply would create it again, unless a uid says which object is meant.
 */
async function writeAttachment(
  client: KubeClient,
  { attachment, replaces }: Extract<AttachmentStep, { kind: 'apply-attachment' }>,
): Promise<void> {
  if (replaces === undefined) {
    await client.create(NETWORK_ATTACHMENT_DEFINITION, attachment);
  } else {
    const metadata = { ...attachment.metadata, ...replaces };
    await client.apply(NETWORK_ATTACHMENT_DEFINITION, { ...attachment, metadata });
  }
}

async function deleteAttachment(client: KubeClient, attachment: NetworkAttachmentDefinition): Promise<void> {
  const { uid, resourceVersion } = attachment.metadata;
  try {
    await client.delete(NETWORK_ATTACHMENT_DEFINITION, attachment.metadata, { uid, resourceVersion });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Patches exactly this version of the network. Returns nothing when the network is gone. */
async function patchNetwork(
  client: KubeClient,
  { resource, network }: Subject,
  change: object,
): Promise<Network | undefined> {
  const { resourceVersion } = network.metadata;
  const patch = { metadata: { ...change, ...omitUndefined({ resourceVersion }) } };
  try {
    const patched = await client.mergePatch(resource, network.metadata, { patch, metadataOnly: true });
    const metadata = { ...network.metadata, ...omitUndefined({ resourceVersion: patched.metadata.resourceVersion }) };
    return { ...network, metadata };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
