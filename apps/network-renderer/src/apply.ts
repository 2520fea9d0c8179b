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

/** Carries the steps out, in order; the first failure ends it, and the next reconcile plans anew. */
export async function apply(
  ports: { readonly client: KubeClient; readonly log: Logger },
  subject: Subject,
  steps: readonly AttachmentStep[],
): Promise<void> {
  const { namespace, name } = subject.network.metadata;
  for (const step of steps) {
    await applyStep(ports.client, subject, step);
    ports.log.info({ kind: subject.resource.kind, namespace, name, step: step.kind }, 'network changed');
  }
}

function applyStep(client: KubeClient, subject: Subject, step: AttachmentStep): Promise<void> {
  switch (step.kind) {
    case 'set-finalizers':
      return setFinalizers(client, subject, step.finalizers);
    case 'apply-attachment':
      return applyAttachment(client, step.attachment);
    case 'delete-attachment':
      return deleteAttachment(client, step.attachment);
    case 'record-namespace':
      return recordNamespace(client, subject, step.namespace);
  }
}

/** The list is replaced as a whole, so the resource version guards what others added meanwhile. */
async function setFinalizers(client: KubeClient, subject: Subject, finalizers: readonly string[]): Promise<void> {
  const { resourceVersion } = subject.network.metadata;
  await client.mergePatch(subject.resource, subject.network.metadata, {
    patch: { metadata: { finalizers, resourceVersion } },
  });
}

async function applyAttachment(client: KubeClient, attachment: NetworkAttachmentDefinition): Promise<void> {
  await client.apply(NETWORK_ATTACHMENT_DEFINITION, attachment);
}

async function deleteAttachment(client: KubeClient, attachment: NetworkAttachmentDefinition): Promise<void> {
  const { uid } = attachment.metadata;
  try {
    await client.delete(NETWORK_ATTACHMENT_DEFINITION, attachment.metadata, uid === undefined ? {} : { uid });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function recordNamespace(client: KubeClient, subject: Subject, namespace: string): Promise<void> {
  await client.mergePatch(subject.resource, subject.network.metadata, {
    patch: { metadata: { annotations: { [ANNOTATION.lastNetworkNamespace]: namespace } } },
  });
}
