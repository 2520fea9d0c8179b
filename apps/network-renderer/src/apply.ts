import {
  ANNOTATION,
  type CustomResource,
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
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
 * Carries the steps out, in order; the first failure ends it, and the next reconcile plans anew. So does a network that
 * is gone, which is no failure: the caches have not heard of it yet.
 */
export async function apply(
  ports: { readonly client: KubeClient; readonly log: Logger },
  subject: Subject,
  steps: readonly AttachmentStep[],
): Promise<void> {
  const { namespace, name } = subject.network.metadata;
  for (const step of steps) {
    if (!(await applyStep(ports.client, subject, step))) return;
    ports.log.info({ kind: subject.resource.kind, namespace, name, step: step.kind }, 'network changed');
  }
}

/** Returns whether the network is still there, as far as the step shows it. */
async function applyStep(client: KubeClient, subject: Subject, step: AttachmentStep): Promise<boolean> {
  const { resourceVersion } = subject.network.metadata;
  switch (step.kind) {
    case 'set-finalizers':
      // The list is replaced as a whole, so the resource version guards what others added meanwhile.
      return patchNetwork(client, subject, { finalizers: step.finalizers, resourceVersion });
    case 'apply-attachment':
      await writeAttachment(client, step);
      return true;
    case 'delete-attachment':
      await deleteAttachment(client, step.attachment);
      return true;
    case 'record-namespace':
      return patchNetwork(client, subject, { annotations: { [ANNOTATION.lastNetworkNamespace]: step.namespace } });
  }
}

/**
 * Neither way overwrites an object that the plan did not know: what somebody else made meanwhile under the name is a
 * conflict, and the next reconcile sees it.
 */
async function writeAttachment(
  client: KubeClient,
  { attachment, resourceVersion }: Extract<AttachmentStep, { kind: 'apply-attachment' }>,
): Promise<void> {
  if (resourceVersion === undefined) {
    await client.create(NETWORK_ATTACHMENT_DEFINITION, attachment);
  } else {
    const metadata = { ...attachment.metadata, resourceVersion };
    await client.apply(NETWORK_ATTACHMENT_DEFINITION, { ...attachment, metadata });
  }
}

async function deleteAttachment(client: KubeClient, attachment: NetworkAttachmentDefinition): Promise<void> {
  const { uid } = attachment.metadata;
  try {
    await client.delete(NETWORK_ATTACHMENT_DEFINITION, attachment.metadata, uid === undefined ? {} : { uid });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Returns whether there was a network to patch. */
async function patchNetwork(client: KubeClient, { resource, network }: Subject, metadata: object): Promise<boolean> {
  try {
    await client.mergePatch(resource, network.metadata, { patch: { metadata } });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
