import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  type KubeObject,
  type NodeStateSpec,
  nodeStateSpecSchema,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
  wireText,
} from '@sriov/api';
import { type Network, renderAttachment } from '@sriov/attachment';
import { admit } from './admission/admit.ts';
import { type PatchOperation } from './admission/request.ts';
import { prepareFleet } from './fleet.ts';
import { isManaged } from './managed.ts';
import { type NodePlan, planNode } from './plan-node.ts';

/**
 * What upstream's own code (sriov-network-operator, commit 249e20012 of August 2026) wrote for inputs of a random
 * generator: node states, the bytes of the device-plugin configuration, attachments, verdicts of admission.
 */
interface Vector {
  readonly supportedNicsOnly: boolean;
  readonly objects: readonly KubeObject[];
  readonly expected: {
    /** Managed nodes alone; empty objects are left out, and interfaces are in the order of their PCI addresses. */
    readonly nodes: Readonly<Record<string, ExpectedNode>>;
    readonly networks: readonly ExpectedNetwork[];
    /** The verdict on the creation of each object beside the others, and the defaults that it gets. */
    readonly admission: readonly (Identity & {
      readonly allowed: boolean;
      readonly patch: readonly PatchOperation[];
    })[];
  };
}

interface ExpectedNode {
  readonly spec: NodeStateSpec;
  readonly devicePluginConfig: string;
  readonly devicePluginLabel: string;
}

interface Identity {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

interface ExpectedNetwork extends Identity {
  /** Nothing is rendered. */
  readonly refused?: true;
  readonly attachment?: {
    readonly namespace: string;
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
    readonly config: string;
  };
}

const OPERATOR = 'sriov-system';
const FOLDER = new URL('./upstream-vectors/', import.meta.url);
const vectors = readdirSync(FOLDER).map(
  (file) => [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Vector] as const,
);

const ofKind = <T extends KubeObject>({ objects }: Vector, kind: string): T[] =>
  objects.filter((object) => object.kind === kind) as T[];
const find = <T extends KubeObject>(vector: Vector, kind: string, name: string): T | undefined =>
  ofKind<T>(vector, kind).find(({ metadata }) => metadata.name === name);
const nicList = (vector: Vector): Record<string, string> | undefined =>
  find<KubeObject & { data: Record<string, string> }>(vector, 'ConfigMap', 'supported-nic-ids')?.data;

function plansOf(vector: Vector): NodePlan[] {
  const fleet = prepareFleet({
    policies: ofKind<SriovNetworkNodePolicy>(vector, 'SriovNetworkNodePolicy'),
    pools: ofKind<SriovNetworkPoolConfig>(vector, 'SriovNetworkPoolConfig'),
    operatorConfig: find<SriovOperatorConfig>(vector, 'SriovOperatorConfig', 'default'),
    supportedNics: nicList(vector),
    supportedNicsOnly: vector.supportedNicsOnly,
  });
  return ofKind(vector, 'Node')
    .filter(({ metadata }) => isManaged(fleet, metadata.labels ?? {}))
    .map(({ metadata: { name, labels = {} } }) =>
      planNode(fleet, { name, labels, state: find<SriovNetworkNodeState>(vector, 'SriovNetworkNodeState', name) }),
    );
}

function attachmentOf(vector: Vector, { kind, name }: ExpectedNetwork): ExpectedNetwork['attachment'] {
  const network = find<Network>(vector, kind, name);
  const rendered =
    network && renderAttachment(network, { operatorNamespace: OPERATOR, resourcePrefix: 'openshift.io' });
  if (!rendered?.ok) return undefined;
  const { metadata, spec } = rendered.attachment;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    annotations: metadata.annotations ?? {},
    config: spec?.config ?? '',
  };
}

describe.each(vectors)('what upstream wrote for %s', (_, vector) => {
  it('is what the planner wants of the hosts, and the bytes that the device plugin reads', () => {
    const written = plansOf(vector).map(({ name, spec, devicePluginConfig, devicePluginLabel }) => [
      name,
      { spec: wireText(nodeStateSpecSchema, spec), devicePluginConfig, devicePluginLabel },
    ]);
    const expected = Object.entries(vector.expected.nodes).map(([name, node]) => [
      name,
      { ...node, spec: wireText(nodeStateSpecSchema, node.spec) },
    ]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(expected));
  });

  it('is what networks are rendered to', () => {
    for (const network of vector.expected.networks) {
      expect([network.name, attachmentOf(vector, network)]).toEqual([network.name, network.attachment]);
    }
  });

  it('is what admission says', () => {
    for (const { kind, namespace, name, allowed, patch } of vector.expected.admission) {
      const object = find(vector, kind, name);
      const verdict =
        object &&
        admit({
          operation: 'CREATE',
          object,
          cluster: {
            nodes: ofKind(vector, 'Node'),
            nodeStates: ofKind(vector, 'SriovNetworkNodeState'),
            policies: ofKind(vector, 'SriovNetworkNodePolicy'),
            pools: ofKind(vector, 'SriovNetworkPoolConfig'),
            supportedNics: nicList(vector),
          },
          settings: { operatorNamespace: OPERATOR, supportedNicsOnly: vector.supportedNicsOnly },
        });
      const said = { namespace: object?.metadata.namespace, name, allowed: verdict?.allowed, patch: verdict?.patch };
      expect(said).toEqual({ namespace, name, allowed, patch });
    }
  });
});
