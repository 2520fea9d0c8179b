import {
  controllerReference,
  LABEL,
  type NodeStateSpec,
  type ObjectMeta,
  omitUndefined,
  type OwnerReference,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { type Expectations } from '@sriov/controller';
import { isNotFound, type KubeClient, NODE } from '@sriov/kube';
import { type NodeWrite, type StateChanges } from '@sriov/policy';
import { type Logger } from '@sriov/runtime';
import { type LimitFunction } from 'p-limit';
import { type ConfigMapWriter } from './config-map/config-map-writer.ts';
import { type GatheredNode, WRITTEN } from './gather.ts';
import { type Settings } from './settings.ts';

/** What writes go through. */
export interface WritePorts {
  readonly client: KubeClient;
  readonly configMaps: ConfigMapWriter;
  readonly expectations: Expectations;
  /** Limits how many writes run at the same time. */
  readonly writeLimit: LimitFunction;
  readonly settings: Settings;
  readonly log: Logger;
}

/** The node that the writes are about, and the object that owns what is made. */
interface Target {
  readonly name: string;
  readonly namespace: string;
  readonly owner: OwnerReference;
  /** Owners that the node state has now. */
  readonly owners: readonly OwnerReference[];
  /** The objects that the writes were planned from. One that somebody else has changed since is not written. */
  readonly planned: Pick<GatheredNode, 'nodeVersion' | 'configMapVersions'> & {
    readonly state: Pick<ObjectMeta, 'uid' | 'resourceVersion'>;
  };
}

/** Carries the writes out, in order; the first failure ends it, and the next reconcile plans again. */
export async function apply(ports: WritePorts, gathered: GatheredNode, writes: readonly NodeWrite[]): Promise<void> {
  const { operatorConfig, facts, present, nodeVersion, configMapVersions } = gathered;
  if (operatorConfig === undefined) return;
  const target = {
    name: facts.name,
    namespace: ports.settings.namespace,
    owner: controllerReference(SRIOV_OPERATOR_CONFIG, operatorConfig),
    owners: present.state?.metadata.ownerReferences ?? [],
    planned: { state: present.state?.metadata ?? {}, nodeVersion, configMapVersions },
  };
  ports.configMaps.settle(target.name, new Set(writes.filter(isKeyWrite).map(({ configMap }) => configMap)));
  for (const write of writes) {
    await applyWrite(ports, target, write);
    ports.log.info({ node: target.name, write: write.kind }, 'node changed');
  }
}

function applyWrite(ports: WritePorts, target: Target, write: NodeWrite): Promise<void> {
  // The keys of a ConfigMap are written together, one request after the other: they take no slot of the limit.
  return isKeyWrite(write) ? writeKey(ports, target, write) : ports.writeLimit(() => writeObject(ports, target, write));
}

type KeyWrite = Extract<NodeWrite, { kind: 'device-plugin-config' }>;

const isKeyWrite = (write: NodeWrite): write is KeyWrite => write.kind === 'device-plugin-config';

async function writeKey(
  { configMaps, expectations }: WritePorts,
  { name, owner, planned }: Target,
  { configMap, text }: KeyWrite,
): Promise<void> {
  const plannedFrom = planned.configMapVersions.get(configMap);
  const version = await configMaps.set({ configMap, node: name, text, owner, plannedFrom });
  expectations.expect(name, WRITTEN.configMap(configMap), version);
}

async function writeObject(ports: WritePorts, target: Target, write: Exclude<NodeWrite, KeyWrite>): Promise<void> {
  const { client, expectations } = ports;
  const { name, namespace, owner } = target;
  const ref = { name, namespace };
  switch (write.kind) {
    case 'device-plugin-label':
      return labelNode(ports, target, write.value);
    case 'create-state': {
      const metadata = { ...ref, ownerReferences: [owner], annotations: write.annotations };
      const created = await client.create(SRIOV_NETWORK_NODE_STATE, { metadata, spec: write.spec });
      expectations.expect(name, WRITTEN.state, created.metadata.resourceVersion ?? '');
      return;
    }
    case 'update-state': {
      const change = { patch: patchOf(target, write), metadataOnly: true };
      const patched = await client.mergePatch(SRIOV_NETWORK_NODE_STATE, ref, change);
      expectations.expect(name, WRITTEN.state, patched.metadata.resourceVersion ?? '');
      return;
    }
    case 'delete-state':
      return client.delete(SRIOV_NETWORK_NODE_STATE, ref, {
        uid: target.planned.state.uid,
        resourceVersion: target.planned.state.resourceVersion,
      });
  }
}

async function labelNode(
  { client, expectations }: WritePorts,
  { name, planned }: Target,
  value: string | undefined,
): Promise<void> {
  const labels = { [LABEL.devicePlugin]: value ?? null };
  const patch = { metadata: { labels, ...omitUndefined({ resourceVersion: planned.nodeVersion }) } };
  try {
    const patched = await client.mergePatch(NODE, { name }, { patch, metadataOnly: true });
    expectations.expect(name, WRITTEN.node, patched.metadata.resourceVersion ?? '');
  } catch (error) {
    // The node went away meanwhile, and its label with it.
    if (!isNotFound(error)) throw error;
  }
}

function patchOf(
  { owner, owners, planned }: Target,
  { spec, annotations, owner: isOwnerMissing }: StateChanges,
): object {
  // An object has one controlling owner at most, and a former SriovOperatorConfig is none any more.
  const others = owners.filter(({ kind, controller }) => kind !== owner.kind && controller !== true);
  const metadata = {
    ...omitUndefined({ resourceVersion: planned.state.resourceVersion }),
    ...(annotations && { annotations }),
    ...(isOwnerMissing && { ownerReferences: [...others, owner] }),
  };
  return { ...(Object.keys(metadata).length > 0 && { metadata }), ...(spec && { spec: replacement(spec) }) };
}

/**
 * A merge patch that replaces the spec: parts that are gone are named. Server-side apply would leave in place what
 * another manager (upstream's operator, a hand with kubectl) has set.
 */
function replacement(spec: NodeStateSpec): object {
  return { interfaces: null, bridges: null, system: null, ...spec };
}
