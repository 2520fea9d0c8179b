import {
  ANNOTATION,
  apiVersionOf,
  LABEL,
  type NodeStateSpec,
  type OwnerReference,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_OPERATOR_CONFIG,
  type SriovOperatorConfig,
} from '@sriov/api';
import { isNotFound, type KubeClient, NODE } from '@sriov/kube';
import { type NodeWrite } from '@sriov/policy';
import { type Logger } from '@sriov/runtime';
import { type ConfigMapWriter } from './config-map-writer.ts';

/** What writes go through. */
export interface WritePorts {
  readonly client: KubeClient;
  readonly configMap: ConfigMapWriter;
  readonly log: Logger;
}

/** The node that the writes are about, and the object that owns what is made. */
export interface WriteTarget {
  readonly name: string;
  readonly namespace: string;
  readonly operatorConfig: SriovOperatorConfig;
}

/** Carries the writes out, in order; the first failure ends it, and the next reconcile plans anew. */
export async function apply(ports: WritePorts, target: WriteTarget, writes: readonly NodeWrite[]): Promise<void> {
  for (const write of writes) {
    await applyWrite(ports, target, write);
    ports.log.info({ node: target.name, write: write.kind }, 'node changed');
  }
}

function applyWrite({ client, configMap }: WritePorts, target: WriteTarget, write: NodeWrite): Promise<void> {
  const { name, namespace, operatorConfig } = target;
  switch (write.kind) {
    case 'device-plugin-config':
      return configMap.set(name, write.text, ownerOf(operatorConfig));
    case 'device-plugin-label':
      return labelNode(client, name, write.value);
    case 'create-state':
      return createState(client, target, write.spec);
    case 'update-spec':
      return patchState(client, { name, namespace }, { spec: replacement(write.spec) });
    case 'keep-state-until':
      return patchState(
        client,
        { name, namespace },
        {
          metadata: { annotations: { [ANNOTATION.keepStateUntil]: write.time ?? null } },
        },
      );
    case 'delete-state':
      return client.delete(SRIOV_NETWORK_NODE_STATE, { name, namespace });
  }
}

async function labelNode(client: KubeClient, name: string, value: string | undefined): Promise<void> {
  const patch = { metadata: { labels: { [LABEL.devicePlugin]: value ?? null } } };
  try {
    await client.mergePatch(NODE, { name }, { patch });
  } catch (error) {
    // The node went away meanwhile, and its label with it.
    if (!isNotFound(error)) throw error;
  }
}

async function createState(client: KubeClient, target: WriteTarget, spec: NodeStateSpec): Promise<void> {
  const { name, namespace, operatorConfig } = target;
  await client.create(SRIOV_NETWORK_NODE_STATE, {
    metadata: { name, namespace, ownerReferences: [ownerOf(operatorConfig)] },
    spec,
  });
}

async function patchState(client: KubeClient, ref: { name: string; namespace: string }, patch: object): Promise<void> {
  await client.mergePatch(SRIOV_NETWORK_NODE_STATE, ref, { patch });
}

/**
 * A merge patch that replaces the spec: parts that are gone are named. Server-side apply would leave in place what
 * another manager (upstream's operator, a hand with kubectl) has set.
 */
function replacement(spec: NodeStateSpec): object {
  return { interfaces: null, bridges: null, system: null, ...spec };
}

/** The garbage collector removes what we made when the operator is uninstalled. */
function ownerOf({ metadata }: SriovOperatorConfig): OwnerReference {
  return {
    apiVersion: apiVersionOf(SRIOV_OPERATOR_CONFIG),
    kind: SRIOV_OPERATOR_CONFIG.kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
