import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { adminRequest, applyObject, type ControlPlane, type Manifest, startControlPlane } from '@sriov/control-plane';
import { eventually } from '@sriov/testing';
import { z } from 'zod';
import { renderChart } from './render.ts';
import { operandsOf } from './test/operands-of.ts';

jest.setTimeout(120_000);

const ORIGINAL = 'sriov-network-device-plugin';
const IMAGE = { images: { sriovDevicePlugin: 'plugin:v1' } };
/** Values of the chart by a namespace of their own, where they are installed. */
const CHARTS = {
  'only-ours': {},
  'ours-by-default': IMAGE,
  'original-by-default': { ...IMAGE, devicePlugin: { kind: ORIGINAL } },
};
type Chart = keyof typeof CHARTS;

const NEEDS = 'sriovnetwork.openshift.io/device-plugin';
const KIND = 'sriovnetwork.openshift.io/device-plugin-kind';
/** Kinds that a node may ask for, by what stands for them in its name. Some are none. */
const KINDS = { unlabelled: undefined, own: 'own', original: ORIGINAL, empty: '', misspelt: 'Own' };
/** Whether the policy controller says that the node needs a device plugin. */
const NEED = { enabled: 'Enabled', disabled: 'Disabled', unmanaged: undefined };
const NODES = Object.entries(KINDS).flatMap(([kindName, kind]) =>
  Object.entries(NEED).map(([needName, need]) => ({
    name: `${kindName}-${needName}`,
    labels: {
      'kubernetes.io/os': 'linux',
      ...(need !== undefined && { [NEEDS]: need }),
      ...(kind !== undefined && { [KIND]: kind }),
    },
    kindName: kindName as keyof typeof KINDS,
    isNeedy: need === 'Enabled',
  })),
);

/** The DaemonSet controller of Kubernetes decides where the pods of the chart's DaemonSets belong. */
let plane: ControlPlane;
const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await adminRequest(plane.access, { method, path, contentType, ...(body && { body }) });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
};

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true });
  for (const { name, labels } of NODES) await ask('POST', '/api/v1/nodes', { metadata: { name, labels } });
  for (const [namespace, values] of Object.entries(CHARTS)) {
    await ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    for (const plugin of await pluginsOf(values, namespace)) await applyObject(plane.access, plugin);
  }
});
afterAll(() => plane.stop());

const pluginsOf = async (values: object, namespace = 'any'): Promise<Manifest[]> =>
  operandsOf(await renderChart({ values, namespace }), namespace).filter(
    ({ kind, metadata }) => kind === 'DaemonSet' && metadata.name.endsWith('device-plugin'),
  );

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    labels: z.object({ app: z.string() }),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    affinity: z.object({
      nodeAffinity: z.object({
        requiredDuringSchedulingIgnoredDuringExecution: z.object({
          nodeSelectorTerms: z.tuple([
            z.object({ matchFields: z.tuple([z.object({ values: z.tuple([z.string()]) })]) }),
          ]),
        }),
      }),
    }),
  }),
});
type Pod = z.output<typeof podSchema>;
const podsSchema = z.object({ items: z.array(podSchema) });

/** The one node that the DaemonSet controller has made the pod for. */
const nodeOf = ({ spec }: Pod): string =>
  spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0]
    .values[0];

/**
 * The labels `app` of the pods on each node that has any, but for pods that are on their way out. Also does the work of
 * the scheduler: the controller takes pods off a node only when they are bound to it.
 */
async function place(namespace: Chart): Promise<Record<string, string[]>> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { items } = podsSchema.parse(await ask('GET', path));
  const byNode: Record<string, string[]> = {};
  for (const pod of items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)) {
    const node = nodeOf(pod);
    const { name, labels } = pod.metadata;
    byNode[node] = [...(byNode[node] ?? []), labels.app];
    if (pod.spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      await ask('POST', `${path}/${name}/binding`, { metadata: { name }, target });
    }
  }
  return byNode;
}

const OUR_APP = 'sriov-operator-device-plugin';
const ORIGINAL_APP = 'sriov-device-plugin';
/** What runs on nodes that need a device plugin. */
const EXPECTED: Record<Chart, Record<keyof typeof KINDS, string>> = {
  'only-ours': { unlabelled: OUR_APP, own: OUR_APP, original: OUR_APP, empty: OUR_APP, misspelt: OUR_APP },
  'ours-by-default': { unlabelled: OUR_APP, own: OUR_APP, original: ORIGINAL_APP, empty: OUR_APP, misspelt: OUR_APP },
  'original-by-default': {
    unlabelled: ORIGINAL_APP,
    own: OUR_APP,
    original: ORIGINAL_APP,
    empty: ORIGINAL_APP,
    misspelt: ORIGINAL_APP,
  },
};

/** Waits, because the controller does it in its own time. */
const expectPlaced = (chart: Chart, expected: Record<string, string[]>): Promise<boolean> =>
  eventually(async () => {
    expect(await place(chart)).toEqual(expected);
    return true;
  });
const placementOf = (chart: Chart): Record<string, string[]> =>
  Object.fromEntries(
    NODES.filter(({ isNeedy }) => isNeedy).map(({ name, kindName }) => [name, [EXPECTED[chart][kindName]]]),
  );

describe('a node', () => {
  it.each(Object.keys(CHARTS) as Chart[])(
    'runs one device plugin when it needs one, and else none, whatever its label says: %s',
    async (chart) => {
      await expectPlaced(chart, placementOf(chart));
    },
  );

  it('moves to the other plugin when its label changes, and back when the label goes', async () => {
    const chart = 'ours-by-default';
    const node = 'unlabelled-enabled';
    await ask('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels: { [KIND]: ORIGINAL } } });
    await expectPlaced(chart, { ...placementOf(chart), [node]: [ORIGINAL_APP] });
    await ask('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels: { [KIND]: null } } });
    await expectPlaced(chart, placementOf(chart));
  });
});

it('pods that another DaemonSet left behind go on where they belong, and end elsewhere', async () => {
  const namespace = 'taken-over';
  await ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (const [name, nodeName] of [
    ['kept', 'original-enabled'],
    ['ended', 'unlabelled-enabled'],
  ]) {
    const metadata = { name, labels: { app: ORIGINAL_APP } };
    await ask('POST', pods, { metadata, spec: { nodeName, containers: [{ name: 'c', image: 'c' }] } });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await ask('PATCH', `${pods}/${name}/status`, { status });
  }
  for (const plugin of await pluginsOf(IMAGE, namespace)) await applyObject(plane.access, plugin);
  const ownerOf = async (name: string): Promise<string | undefined> =>
    leftSchema.parse(await ask('GET', `${pods}/${name}`)).metadata.ownerReferences?.[0]?.name;
  await eventually(async () => leftSchema.parse(await ask('GET', `${pods}/ended`)).metadata.deletionTimestamp);
  await eventually(async () => (await ownerOf('kept')) === ORIGINAL_APP);
});
const leftSchema = z.object({
  metadata: z.object({
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(z.object({ name: z.string() })).optional(),
  }),
});

describe('the chart', () => {
  it('has a DaemonSet for the original plugin only when it is told its image', async () => {
    expect((await pluginsOf({})).map(({ metadata }) => metadata.name)).toEqual([OUR_APP]);
    expect((await pluginsOf(IMAGE)).map(({ metadata }) => metadata.name).sort()).toEqual([ORIGINAL_APP, OUR_APP]);
  });

  it('refuses the original plugin as the default without its image', async () => {
    await expect(renderChart({ values: { devicePlugin: { kind: ORIGINAL } } })).rejects.toThrow(
      'devicePlugin.kind=sriov-network-device-plugin needs the image of that plugin: set images.sriovDevicePlugin',
    );
  });

  it.each([
    [{ configDaemon: { port: 9113 } }, 'configDaemon.port and devicePlugin.port both take port 9113'],
    [
      { devicePlugin: { port: 9110 } },
      'configDaemon.port and devicePlugin.port, whose next one the standby has, both take port 9111',
    ],
  ])('refuses two programs at one port of a node: %j', async (values, message) => {
    await expect(renderChart({ values })).rejects.toThrow(message);
  });
});
