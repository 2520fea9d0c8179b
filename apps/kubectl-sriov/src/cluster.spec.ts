import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES, type SriovNetworkNodeState } from '@sriov/api';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as policyController } from '@sriov/policy-controller';
import { serve } from '@sriov/runtime';
import { eventually, installCrds, readJson, request, testControlPlane, tryRequest } from '@sriov/testing';
import { z } from 'zod';
import { CORE_SCHEMA, loadAll, mergeTag } from 'js-yaml';
import { toStoredForm } from './input/stored-form.ts';
import { runOn } from './test/test-run.ts';

jest.setTimeout(120_000);

const OPERATOR = 'sriov-network-operator';
const SRIOV = '/apis/sriovnetwork.openshift.io/v1';

const labelsSchema = z.record(z.string(), z.string()).optional();
const itemSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().exactOptional(), labels: labelsSchema }),
  spec: z.record(z.string(), z.unknown()).exactOptional(),
  status: z.looseObject({}).exactOptional(),
  data: z.record(z.string(), z.string()).exactOptional(),
});
type Item = z.output<typeof itemSchema>;
const documentsSchema = z.array(z.union([z.object({ items: z.array(itemSchema) }), itemSchema]));

const golden = (file: string): Item[] => {
  const text = readFileSync(join(import.meta.dirname, 'golden', file), 'utf8');
  const documents = documentsSchema.parse(loadAll(text, { schema: CORE_SCHEMA.withTags(mergeTag) }));
  return documents.flatMap((document): Item[] => ('metadata' in document ? [document] : document.items));
};

function pathOf({ kind, metadata: { namespace } }: Item): string {
  if (kind === 'Node') return '/api/v1/nodes';
  if (kind === 'ConfigMap') return `/api/v1/namespaces/${namespace}/configmaps`;
  const plural = CUSTOM_RESOURCES.find((resource) => resource.kind === kind)?.plural ?? '';
  return `${SRIOV}/namespaces/${namespace}/${plural}`;
}

async function create(object: Item): Promise<void> {
  await request('POST', pathOf(object), object);
  if (object.kind !== 'SriovNetworkNodeState') return;
  await request('PATCH', `${pathOf(object)}/${object.metadata.name}/status`, { status: object.status ?? {} });
}

/** As `kubectl get` prints it. */
async function list(path: string, kind: string): Promise<Item[]> {
  const { items, apiVersion } = (await request('GET', path)) as { items: Item[]; apiVersion: string };
  return items.map((item) => ({ ...item, kind, apiVersion }));
}

const plannedSchema = z.object({
  nodes: z.array(
    z.object({
      name: z.string(),
      spec: z.looseObject({}),
      devicePluginConfig: z.string(),
      devicePluginLabel: z.string(),
    }),
  ),
});
type Planned = z.output<typeof plannedSchema>;

const planOf = async (objects: readonly object[]): Promise<Planned> => {
  const { stdout, exitCode } = await runOn(objects, 'plan', '-o', 'json');
  expect(exitCode).toBe(0);
  return readJson(plannedSchema, stdout);
};

const stop = new AbortController();
let running: Promise<unknown> = Promise.resolve();
const settings = { listen: '127.0.0.1:0', logLevel: 'silent' as const, namespace: OPERATOR };

beforeAll(async () => {
  await installCrds();
  for (const name of [OPERATOR, 'apps', 'team-a']) await request('POST', '/api/v1/namespaces', { metadata: { name } });
});
afterAll(async () => {
  stop.abort();
  await running;
});

describe('what the CLI takes an object for', () => {
  const NET = { resourceName: 'r' };
  const POLICY = { resourceName: 'r', nodeSelector: {}, nicSelector: { vendor: '8086' }, numVfs: 4 };
  it.each<[sentence: string, kind: string, spec: Record<string, unknown>]>([
    ['a default of the CRD', 'SriovNetwork', NET],
    ['a default that is given', 'SriovNetwork', { ...NET, logLevel: '' }],
    ['null where there is a default', 'SriovNetwork', { ...NET, logLevel: null }],
    ['null where there is none', 'SriovNetwork', { ...NET, minTxRate: null, ipam: null }],
    ['a rate of 0', 'SriovNetwork', { ...NET, minTxRate: 0 }],
    ['a field that the kind has not', 'OVSNetwork', { ...NET, vlanQoS: 3, trunk: [{ id: 1, ID: 2 }] }],
    ['a device type that is not given', 'SriovNetworkNodePolicy', POLICY],
    [
      'null in a nested object',
      'SriovNetworkNodePolicy',
      { ...POLICY, nicSelector: { vendor: '8086', deviceID: null } },
    ],
    ['an empty object', 'SriovNetworkNodePolicy', { ...POLICY, eSwitchMode: 'switchdev', bridge: { ovs: {} } }],
    ['maps', 'SriovNetworkPoolConfig', { nodeSelector: { matchLabels: { 'a/b': 'c' } }, maxUnavailable: '10%' }],
    ['any feature gate', 'SriovOperatorConfig', { featureGates: { something: true } }],
  ])('is what the API server stores: %s', async (_, kind, spec) => {
    const resource = CUSTOM_RESOURCES.find((each) => each.kind === kind);
    if (resource === undefined) throw new Error(`no kind ${kind}`);
    const object = {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind,
      metadata: { name: 'default', namespace: 'team-a' },
      spec,
    };
    const answer = await tryRequest('POST', `${pathOf(object)}?dryRun=All`, object);
    expect(answer.body).toMatchObject({ kind });
    const stored = toStoredForm(resource, object).object as Item;
    expect(stored.spec).toEqual((answer.body as Item).spec);
  });
});

/** The node state as its daemon writes it once the host is as the spec wants it. */
function asOrdered(state: SriovNetworkNodeState): SriovNetworkNodeState {
  const ordered = new Map(state.spec?.interfaces?.map((entry) => [entry.pciAddress, entry]));
  const interfaces = state.status?.interfaces?.map((nic) => {
    const { numVfs = nic.numVfs, mtu = nic.mtu } = ordered.get(nic.pciAddress) ?? {};
    return { ...nic, ...(numVfs !== undefined && { numVfs }), ...(mtu !== undefined && { mtu }) };
  });
  return { ...state, status: { ...state.status, ...(interfaces && { interfaces }) } };
}

describe('what the CLI prints', () => {
  const cluster = golden('fleet.yaml');
  // The API server itself refuses the one whose range is none.
  const policies = golden('policies.yaml').filter(({ metadata }) => metadata.name !== 'typo');
  const networks = golden('networks.yaml');

  it('is what the policy controller and the network renderer do', async () => {
    for (const object of [...cluster, ...policies, ...networks]) await create(object);
    const planned = await planOf([...cluster, ...policies]);

    const kubeconfig = testControlPlane().kubeconfigPath;
    running = Promise.all([
      serve(
        policyController,
        {
          ...settings,
          kubeconfig,
          supportedNicsOnly: false,
          staleNodeStateCleanupDelayMinutes: 30,
          vanishedPfGraceMinutes: 10,
          devicePluginConfigShards: 1,
        },
        stop.signal,
      ),
      serve(
        networkRenderer,
        { ...settings, kubeconfig, resourcePrefix: 'openshift.io', releaseFinalizers: false },
        stop.signal,
      ),
    ]);

    for (const { name, spec, devicePluginConfig, devicePluginLabel } of planned.nodes) {
      await eventually(async () => {
        const state = (await request('GET', `${SRIOV}/namespaces/${OPERATOR}/sriovnetworknodestates/${name}`)) as Item;
        const configMap = (await request(
          'GET',
          `/api/v1/namespaces/${OPERATOR}/configmaps/device-plugin-config`,
        )) as Item;
        const node = (await request('GET', `/api/v1/nodes/${name}`)) as Item;
        expect({
          spec: state.spec ?? {},
          config: configMap.data?.[name],
          label: node.metadata.labels?.['sriovnetwork.openshift.io/device-plugin'],
        }).toEqual({ spec, config: devicePluginConfig, label: devicePluginLabel });
        return true;
      });
    }
    expect(planned.nodes.map(({ name }) => name)).toEqual(['worker-1', 'worker-2', 'worker-3']);
  });

  it('is what is left for the daemons once the services have done theirs, and nothing once they have', async () => {
    const states = await list(`${SRIOV}/namespaces/${OPERATOR}/sriovnetworknodestates`, 'SriovNetworkNodeState');
    const others = [
      ...(await list('/api/v1/nodes', 'Node')),
      ...(await list(`/api/v1/namespaces/${OPERATOR}/configmaps`, 'ConfigMap')),
      ...(await list(`${SRIOV}/namespaces/${OPERATOR}/sriovoperatorconfigs`, 'SriovOperatorConfig')),
      ...(await list(`${SRIOV}/namespaces/${OPERATOR}/sriovnetworknodepolicies`, 'SriovNetworkNodePolicy')),
    ];
    const { stdout, stderr } = await runOn([...others, ...states], 'plan');
    expect(stdout).toMatch(/^2 nodes change, 16 VFs created, 8 destroyed\n/);
    expect(stderr).toBe('');
    const done = await runOn([...others, ...(states as unknown as SriovNetworkNodeState[]).map(asOrdered)], 'plan');
    expect(done.stdout).toMatch(/^0 nodes change, 0 VFs created, 0 destroyed\n/);
  });

  it('are the NetworkAttachmentDefinitions that the network renderer makes', async () => {
    const objects = [
      ...(await list(`${SRIOV}/sriovnetworks`, 'SriovNetwork')),
      ...(await list(`${SRIOV}/sriovibnetworks`, 'SriovIBNetwork')),
      ...(await list(`${SRIOV}/ovsnetworks`, 'OVSNetwork')),
    ];
    // Other specs have networks on the same API server.
    const namespaces = new Set(networks.map(({ metadata }) => metadata.namespace));
    const own = objects.filter(({ metadata }) => namespaces.has(metadata.namespace));
    const { stdout } = await runOn(own, 'render', '-o', 'json');
    const rendered = readJson(z.array(itemSchema), stdout);
    expect(rendered).toHaveLength(networks.length);
    for (const attachment of rendered) {
      const { namespace, name } = attachment.metadata;
      await eventually(async () => {
        const made = await request(
          'GET',
          `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`,
        );
        expect(made).toMatchObject(attachment);
        return true;
      });
    }
  });
});
