import {
  ANNOTATION,
  FINALIZER,
  keyOf,
  type NetworkAttachmentDefinition,
  type ObjectMeta,
  omitUndefined,
  type Reason,
  REASON,
} from '@sriov/api';
import { belongsTo, isRecorded, ownerRefOf } from './ownership.ts';
import { type Network, type Rendered } from './render.ts';

/** Everything that bears on the NetworkAttachmentDefinition of one network CR. */
export interface AttachmentFacts {
  readonly network: Network;
  /** What the CR renders to; a sentence when it cannot be rendered. */
  readonly rendered: Rendered;
  /** The object that exists in the place of the rendered one. */
  readonly present: NetworkAttachmentDefinition | undefined;
  /** Objects elsewhere that name this CR as their owner: they were left behind when it moved. */
  readonly strays: readonly NetworkAttachmentDefinition[];
  /** The namespace where the rendered one belongs exists. */
  readonly namespaceExists: boolean;
}

/** One write. They are carried out in order, and each can be repeated. */
export type AttachmentStep =
  | { readonly kind: 'set-finalizers'; readonly finalizers: readonly string[] }
  | {
      readonly kind: 'apply-attachment';
      readonly attachment: NetworkAttachmentDefinition;
      /** The object that the write changes, in exactly this version. Absent: there must be no such object yet. */
      readonly replaces?: Pick<ObjectMeta, 'uid' | 'resourceVersion'> | undefined;
    }
  | { readonly kind: 'delete-attachment'; readonly attachment: NetworkAttachmentDefinition }
  | { readonly kind: 'record-namespace'; readonly namespace: string };

/** The writes that bring the cluster in line, and the outcome to report on the CR. */
export interface AttachmentPlan {
  readonly steps: readonly AttachmentStep[];
  readonly verdict: { readonly kind: 'done' | 'stalled'; readonly reason: Reason; readonly message: string };
}

/**
 * Decides what becomes of the NetworkAttachmentDefinition of a network CR. An object that belongs to another CR, or
 * that somebody made by hand, is never touched: neither overwritten nor deleted.
 */
export function planAttachment(facts: AttachmentFacts): AttachmentPlan {
  const { network, rendered, present } = facts;
  if (network.metadata.deletionTimestamp !== undefined) return planRemoval(facts);
  if (!rendered.ok) return stalled(rendered.reason, rendered.message);
  const { attachment } = rendered;
  const obstacle = findObstacle(facts, attachment);
  if (obstacle) return obstacle;
  return {
    steps: [
      ...finalizerSteps(network, attachment),
      ...applySteps(present, attachment),
      ...moveSteps(facts, attachment),
    ],
    verdict: {
      kind: 'done',
      reason: REASON.networkReady,
      message: `NetworkAttachmentDefinition ${keyOf(attachment)} is in place`,
    },
  };
}

function findObstacle(
  { network, present, namespaceExists }: AttachmentFacts,
  attachment: NetworkAttachmentDefinition,
): AttachmentPlan | undefined {
  if (!namespaceExists) {
    return stalled(REASON.namespaceNotFound, `namespace ${attachment.metadata.namespace} does not exist yet`);
  }
  if (present === undefined || belongsTo(present, network)) return undefined;
  const owner = present.metadata.annotations?.[ANNOTATION.ownerRef];
  if (owner) {
    return stalled(
      REASON.attachmentInvalid,
      `NetworkAttachmentDefinition ${keyOf(attachment)} belongs to ${owner}: rename one of the two networks`,
    );
  }
  if (isRecorded(network, attachment.metadata.namespace)) return undefined;
  return stalled(
    REASON.attachmentInvalid,
    `NetworkAttachmentDefinition ${keyOf(attachment)} is there already and names no owner, so somebody else made it, and it stays as it is: rename the network, delete the object, or hand it over with the annotation ${ANNOTATION.ownerRef}: ${ownerRefOf(network)}`,
  );
}

function applySteps(
  present: NetworkAttachmentDefinition | undefined,
  attachment: NetworkAttachmentDefinition,
): AttachmentStep[] {
  if (present && isUpToDate(present, attachment)) return [];
  if (present === undefined) return [{ kind: 'apply-attachment', attachment }];
  const { uid, resourceVersion } = present.metadata;
  return [{ kind: 'apply-attachment', attachment, replaces: omitUndefined({ uid, resourceVersion }) }];
}

/**
 * An owner reference cannot reach another namespace, so there, and only there, we have to clean up ourselves: the
 * finalizer is set for as long as that duty exists.
 */
function finalizerSteps(network: Network, attachment: NetworkAttachmentDefinition): AttachmentStep[] {
  const present = network.metadata.finalizers ?? [];
  const others = present.filter((name) => name !== FINALIZER.network);
  const isOwed = network.metadata.namespace !== attachment.metadata.namespace;
  if (isOwed === present.includes(FINALIZER.network)) return [];
  return [{ kind: 'set-finalizers', finalizers: isOwed ? [...present, FINALIZER.network] : others }];
}

/** The new object is written before the old one is deleted, so that pods find one at every moment. */
function moveSteps({ network, strays }: AttachmentFacts, attachment: NetworkAttachmentDefinition): AttachmentStep[] {
  const namespace = attachment.metadata.namespace ?? '';
  const isKnown = isRecorded(network, namespace);
  return [...deleteSteps(strays), ...(isKnown ? [] : [{ kind: 'record-namespace' as const, namespace }])];
}

function deleteSteps(attachments: readonly NetworkAttachmentDefinition[]): AttachmentStep[] {
  return attachments.map((attachment) => ({ kind: 'delete-attachment', attachment }));
}

function planRemoval({ network, present, strays }: AttachmentFacts): AttachmentPlan {
  const verdict = {
    kind: 'done' as const,
    reason: REASON.networkReady,
    message: 'the NetworkAttachmentDefinition is removed',
  };
  const finalizers = network.metadata.finalizers ?? [];
  if (!finalizers.includes(FINALIZER.network)) return { steps: [], verdict };
  const ours = present && belongsTo(present, network) ? [present] : [];
  return {
    steps: [
      ...deleteSteps([...ours, ...strays]),
      { kind: 'set-finalizers', finalizers: finalizers.filter((name) => name !== FINALIZER.network) },
    ],
    verdict,
  };
}

/** Compares only what we own. Other annotations, labels and owners belong to others. */
function isUpToDate(present: NetworkAttachmentDefinition, wanted: NetworkAttachmentDefinition): boolean {
  const annotations = Object.entries(wanted.metadata.annotations ?? {});
  const owners = wanted.metadata.ownerReferences ?? [];
  return (
    present.spec?.config === wanted.spec?.config &&
    annotations.every(([name, value]) => present.metadata.annotations?.[name] === value) &&
    owners.every((owner) => present.metadata.ownerReferences?.some(({ uid }) => uid === owner.uid))
  );
}

function stalled(reason: Reason, message: string): AttachmentPlan {
  return { steps: [], verdict: { kind: 'stalled', reason, message } };
}
