import { ANNOTATION, formatTime, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { type Expectations } from '@sriov/controller';
import { type MissingAnnotation } from '@sriov/drain-protocol';
import { type KubeClient, NODE } from '@sriov/kube';
import { type CordonChange, formatCordonRecord } from '@sriov/rollout';
import { type Clock, type Logger } from '@sriov/runtime';
import { type GatheredNode } from './gather.ts';

/** What writes go through. */
export interface WritePorts {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Our own writes that the caches do not show yet, by node. */
  readonly expectations: Expectations;
}

/** Names of the two objects of a node among what is expected. */
export const WRITTEN = { node: 'Node', nodeState: 'SriovNetworkNodeState' } as const;

/** A node, and the versions of its objects that a write was planned from. */
export type Target = Pick<GatheredNode, 'versions'> & { readonly name: string };

/**
 * Gives the node its slot. @returns the version that its node state has since
 * @throws {ApiError} 409 when its request has changed since
 */
export async function grant(ports: WritePorts, target: Target): Promise<string> {
  const granted = formatTime(ports.clock.now());
  const state = { [ANNOTATION.currentState]: 'Draining', [ANNOTATION.drainGrant]: granted };
  const version = await annotate(ports, target, state);
  ports.log.info({ node: target.name }, 'the node is drained from now on');
  return version;
}

/** Tells the daemon that it may begin. @throws {ApiError} 409 when the request has changed since */
export async function complete(ports: WritePorts, target: Target): Promise<void> {
  await annotate(ports, target, { [ANNOTATION.currentState]: 'DrainComplete' });
  ports.log.info({ node: target.name }, 'the node is drained');
}

/** Takes the slot back from a drain that has taken too long. @throws {ApiError} 409 when its request has changed since */
export async function giveUp(ports: WritePorts, target: Target): Promise<void> {
  const released = formatTime(ports.clock.now());
  const state = { [ANNOTATION.currentState]: 'Idle', [ANNOTATION.drainGrant]: null };
  await annotate(ports, target, { ...state, [ANNOTATION.drainReleasedAt]: released });
  ports.log.info({ node: target.name }, 'gave up the drain of the node, which took too long');
}

/** Takes the slot back. @throws {ApiError} 409 when the node has asked again since */
export async function release(ports: WritePorts, target: Target): Promise<void> {
  const gone = { [ANNOTATION.drainGrant]: null, [ANNOTATION.drainReleasedAt]: null };
  await annotate(ports, target, { [ANNOTATION.currentState]: 'Idle', ...gone });
  ports.log.info({ node: target.name }, 'the node is no longer drained');
}

/** Makes annotations that daemons wait for. */
export async function prepare(ports: WritePorts, target: Target, missing: readonly MissingAnnotation[]): Promise<void> {
  const ofState = missing.filter((annotation) => annotation !== 'nodeState');
  if (ofState.length > 0) {
    await annotate(ports, target, Object.fromEntries(ofState.map((annotation) => [ANNOTATION[annotation], 'Idle'])));
  }
  if (missing.includes('nodeState')) {
    await patchNode(ports, target, { metadata: { annotations: { [ANNOTATION.nodeState]: 'Idle' } } });
  }
}

/** Closes or opens the node, and notes who has closed it, in one write. */
export async function changeCordon(ports: WritePorts, target: Target, change: CordonChange): Promise<void> {
  const { unschedulable, record } = change;
  const annotations = { [ANNOTATION.cordoned]: record === null ? null : formatCordonRecord(record) };
  await patchNode(ports, target, { metadata: { annotations }, spec: { unschedulable } });
  ports.log.info({ node: target.name, unschedulable }, unschedulable ? 'cordoned the node' : 'uncordoned the node');
}

async function annotate(
  { client, namespace, expectations }: WritePorts,
  { name, versions }: Target,
  annotations: Readonly<Record<string, string | null>>,
): Promise<string> {
  const patch = { metadata: { annotations, resourceVersion: versions.nodeState } };
  const ref = { name, namespace };
  const { metadata } = await client.mergePatch(SRIOV_NETWORK_NODE_STATE, ref, { patch, metadataOnly: true });
  const { resourceVersion = '' } = metadata;
  expectations.expect(name, WRITTEN.nodeState, resourceVersion);
  return resourceVersion;
}

async function patchNode(
  { client, expectations }: WritePorts,
  { name, versions }: Target,
  change: { readonly metadata: object; readonly spec?: object },
): Promise<void> {
  const patch = { ...change, metadata: { ...change.metadata, resourceVersion: versions.node } };
  const { metadata } = await client.mergePatch(NODE, { name }, { patch, metadataOnly: true });
  expectations.expect(name, WRITTEN.node, metadata.resourceVersion ?? '');
}
