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
import { isManaged, type NodeStatePlan, planNodeState, prepareFleet } from '@sriov/policy';
import { admit } from './admit.ts';
import { type PatchOperation } from './request.ts';

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

/** Where the device plugin's configuration differs on purpose: what stands there for a part of upstream's text. */
interface Difference {
  /** The first cell of the row of docs/differences.md that says why. */
  readonly row: string;
  readonly theirs: string;
  readonly ours: string;
}

const SHARED_ID =
  '`vendor` and `deviceID` of one PF model, on a node where another model has VFs with the same device id';
const RDMA_OF_VDPA: Difference = {
  row: '`isRdma: true` with a `vdpaType` in one policy',
  theirs: '"IsRdma":true,"NeedVhostNet":false,"vdpaType"',
  ours: '"IsRdma":false,"NeedVhostNet":false,"vdpaType"',
};
const DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  'input-01': [{ row: SHARED_ID, theirs: '"devices":["101e"]', ours: '"rootDevices":["0000:17:00.0"]' }],
  'input-04': [RDMA_OF_VDPA],
  'input-10': [RDMA_OF_VDPA],
  'input-16': [{ row: SHARED_ID, theirs: '"devices":["1889"]', ours: '"rootDevices":["0000:48:00.0"]' }, RDMA_OF_VDPA],
};

/** Where admission lets in what upstream refuses: the row, by input and name. */
const LET_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'input-20': {
    delta: 'Policies of one resource that differ in `excludeTopology`, and share nodes on which not both have a PF',
  },
};

interface NetworkWords {
  readonly vlan?: number;
  readonly vlanQoS?: number;
  readonly trunk?: readonly { readonly minID?: number; readonly maxID?: number }[];
}

/** Where admission refuses what upstream lets in and the CNI plugin refuses at pod start. */
const isRefusedHere = (object: KubeObject | undefined): boolean => {
  const { vlan, vlanQoS, trunk = [] } = (object as { spec?: NetworkWords } | undefined)?.spec ?? {};
  const hasHalfRange = trunk.some(({ minID, maxID }) => (minID === undefined) !== (maxID === undefined));
  return (Boolean(vlanQoS) && !vlan) || hasHalfRange;
};

const withDifferences = (input: string, text: string): string =>
  (DIFFERENCES[input] ?? []).reduce((so, { theirs, ours }) => so.replace(theirs, ours), text);

const ofKind = <T extends KubeObject>({ objects }: Vector, kind: string): T[] =>
  objects.filter((object) => object.kind === kind) as T[];
const find = <T extends KubeObject>(vector: Vector, kind: string, name: string, among = ofKind<T>): T | undefined =>
  among(vector, kind).find(({ metadata }) => metadata.name === name);
const nicList = (vector: Vector): Record<string, string> | undefined =>
  find<KubeObject & { data: Record<string, string> }>(vector, 'ConfigMap', 'supported-nic-ids')?.data;

function plansOf(vector: Vector): NodeStatePlan[] {
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
      planNodeState(fleet, { name, labels, state: find<SriovNetworkNodeState>(vector, 'SriovNetworkNodeState', name) }),
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

it('differences are explained in docs/differences.md', () => {
  const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8');
  const rows = [
    ...Object.values(DIFFERENCES).flatMap((each) => each.map(({ row }) => row)),
    ...Object.values(LET_IN).flatMap((each) => Object.values(each)),
  ];
  expect(rows.filter((row) => !page.includes(`| ${row} `))).toEqual([]);
});

describe.each(vectors)('what upstream wrote for %s', (input, vector) => {
  it('is what the planner wants of the hosts, and the bytes that the device plugin reads', () => {
    // A node that has not reported is not planned: upstream writes an empty configuration for it.
    const written = plansOf(vector)
      .filter(({ devicePluginConfig }) => devicePluginConfig !== undefined)
      .map(({ name, spec, devicePluginConfig, devicePluginLabel }) => [
        name,
        { spec: wireText(nodeStateSpecSchema, spec), devicePluginConfig, devicePluginLabel },
      ]);
    const hasState = ([name]: readonly [string, ExpectedNode]): boolean =>
      find<SriovNetworkNodeState>(vector, 'SriovNetworkNodeState', name) !== undefined;
    const expected = Object.entries(vector.expected.nodes)
      .filter(hasState)
      .map(([name, node]) => [
        name,
        {
          ...node,
          spec: wireText(nodeStateSpecSchema, node.spec),
          devicePluginConfig: withDifferences(input, node.devicePluginConfig),
        },
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
      const isLetIn = (allowed && !isRefusedHere(object)) || LET_IN[input]?.[name] !== undefined;
      expect(said).toEqual({ namespace, name, allowed: isLetIn, patch });
    }
  });
});
