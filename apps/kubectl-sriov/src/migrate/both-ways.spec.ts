import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type KubeObject,
  type OwnerReference,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { simulatedService } from '@sriov/config-daemon';
import { type MachineState, parseMachineState } from '@sriov/host-sim';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as operandController } from '@sriov/operand-controller';
import { service as policyController } from '@sriov/policy-controller';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, readJson, request, testControlPlane } from '@sriov/testing';
import { z } from 'zod';
import { operandSettings } from '../test/operand-settings.ts';
import { runOn } from '../test/test-run.ts';
import {
  createUpstreamObjects,
  makeUpstreamHost,
  paths,
  PF,
  readPfFile,
  RECORDED_NETWORK,
  UPSTREAM_DAEMON_SETS,
  type UpstreamCluster,
  upstreamDaemonSet,
} from '../test/upstream-cluster.ts';

jest.setTimeout(120_000);

let cluster: UpstreamCluster;
let owner: OwnerReference;
let folder: string;
const stop = new AbortController();
let running: Promise<unknown> = Promise.resolve();

const get = async <T extends KubeObject>(path: string): Promise<T> => (await request('GET', path)) as T;
const list = async (path: string, kind: string, apiVersion: string): Promise<(KubeObject & { kind: string })[]> => {
  const { items } = (await request('GET', path)) as { items: KubeObject[] };
  return items.map((item) => ({ apiVersion, kind, ...item }));
};
const getState = (): Promise<SriovNetworkNodeState> =>
  get(paths.sriov(cluster.namespace, 'sriovnetworknodestates', cluster.node));
const getPolicy = (): Promise<SriovNetworkNodePolicy> =>
  get(paths.sriov(cluster.namespace, 'sriovnetworknodepolicies', 'fast'));
const machine = (): MachineState => parseMachineState(readFileSync(cluster.machineFile, 'utf8'));
const daemonSets = (): Promise<KubeObject[]> =>
  list(paths.apps(cluster.namespace, 'daemonsets'), 'DaemonSet', 'apps/v1');

/** What `kubectl get` gives to the CLI. */
async function dump(): Promise<object[]> {
  const { namespace, node } = cluster;
  const sriov = 'sriovnetwork.openshift.io/v1';
  return [
    { apiVersion: 'v1', kind: 'Node', ...(await get(`/api/v1/nodes/${node}`)) },
    ...(await list(paths.sriov(namespace, 'sriovoperatorconfigs'), 'SriovOperatorConfig', sriov)),
    ...(await list(paths.sriov(namespace, 'sriovnetworknodepolicies'), 'SriovNetworkNodePolicy', sriov)),
    ...(await list(paths.sriov(namespace, 'sriovnetworknodestates'), 'SriovNetworkNodeState', sriov)),
    ...(await list(paths.core(namespace, 'configmaps'), 'ConfigMap', 'v1')),
    ...(await list(paths.apps(namespace, 'deployments'), 'Deployment', 'apps/v1')),
    ...(await daemonSets()),
    operandSettings('plugin:1', namespace),
  ];
}

const checkSchema = z.object({
  verdict: z.string(),
  findings: z.array(z.looseObject({ level: z.string(), kind: z.string(), name: z.string() })),
});
async function check(): Promise<z.output<typeof checkSchema>> {
  const { stdout } = await runOn(await dump(), 'migrate', '--check', '-o', 'json');
  return readJson(checkSchema, stdout);
}

/** The parts of the cluster and of the host that nobody may notice a change of. */
async function portrait(): Promise<object> {
  const { namespace, node } = cluster;
  const [{ metadata, spec }, nodeObject, { data }, attachment, pods] = await Promise.all([
    getState(),
    get<KubeObject & { spec?: object }>(`/api/v1/nodes/${node}`),
    get<KubeObject & { data?: object }>(paths.core(namespace, 'configmaps', 'device-plugin-config')),
    get(paths.attachments(namespace, RECORDED_NETWORK)),
    list(paths.core(namespace, 'pods'), 'Pod', 'v1'),
  ]);
  return {
    state: { generation: metadata.generation, spec, uid: metadata.uid },
    node: [nodeObject.metadata.labels, nodeObject.metadata.annotations, nodeObject.spec],
    data,
    attachment: attachment.metadata.resourceVersion,
    pods: pods.map((pod) => [pod.metadata.name, pod.metadata.deletionTimestamp]),
    host: hostOf(machine()),
    file: readPfFile(cluster),
  };
}

/**
 * Without what the daemon tells the device plugin and udev, which counts as writes: one per file, and one for udev to
 * read the rules. Nobody notices it: the machine of the test has no rules of upstream's.
 */
function hostOf(state: MachineState): object {
  const rules = Object.keys(state.udev?.files ?? {}).length;
  const told = Object.keys(state.runFiles ?? {}).length + rules + (rules > 0 ? 1 : 0);
  return {
    devices: state.devices,
    links: state.links,
    modules: state.modules,
    writes: state.writes - told,
  };
}

/** Starts the services that act on the cluster, and the daemon of the node. */
function startServices(): void {
  const { namespace, node, worldFile, machineFile } = cluster;
  const common = {
    ...{ listen: '127.0.0.1:0', logLevel: 'silent' as const, namespace },
    kubeconfig: testControlPlane().kubeconfigPath,
  };
  const policySettings = {
    ...{ supportedNicsOnly: false, staleNodeStateCleanupDelayMinutes: 30, vanishedPfGraceMinutes: 10 },
    devicePluginConfigShards: 1,
  };
  const daemonSettings = {
    ...{ nodeName: node, hostRoot: '/', stateFolder: '/nowhere', auditSeconds: 300, passLimitSeconds: 600 },
    ...{
      configureHostInterfaces: false,
      devicePluginMetricsPort: 0,
      manageSoftwareBridges: false,
      changeFirmware: true,
      iommu: 'none' as const,
      maxReboots: 2,
      drainPolicy: 'whenInUse' as const,
      useExternalDrainer: false,
      dryRun: false,
      simulate: worldFile,
      simulateState: machineFile,
    },
  };
  running = Promise.all([
    serve(policyController, { ...common, ...policySettings }, stop.signal),
    serve(networkRenderer, { ...common, resourcePrefix: 'openshift.io', releaseFinalizers: false }, stop.signal),
    serve(operandController, common, stop.signal),
    serve(simulatedService, { ...common, ...daemonSettings }, stop.signal),
  ]);
}

/** No garbage collector runs here: what it does after it has freed the pods of a DaemonSet, we do. */
async function freePods(name: string): Promise<void> {
  const path = paths.apps(cluster.namespace, 'daemonsets', name);
  await eventually(async () => {
    const { metadata } = await get(path);
    return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes('orphan') === true;
  });
  await request('PATCH', path, { metadata: { finalizers: null } });
}

const untilReady = (numVfs: number): Promise<unknown> =>
  eventually(async () => {
    const [state, policy] = [await getState(), await getPolicy()];
    const ready = [state, policy].map(({ status, metadata }) => {
      const found = status?.conditions?.find(({ type }) => type === 'Ready');
      return found?.status === 'True' && found.observedGeneration === metadata.generation;
    });
    const pf = state.status?.interfaces?.find(({ pciAddress }) => pciAddress === PF);
    return ready.every(Boolean) && pf?.numVfs === numVfs && state.status?.syncStatus === 'Succeeded';
  });

beforeAll(async () => {
  await installCrds();
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
  const namespace = await createNamespace('operator');
  const machineFile = join(folder, 'machine.json');
  cluster = {
    ...{ namespace, node: `node-of-${namespace}`, worldFile: join(folder, 'world.yaml'), machineFile },
    hostFolder: `${machineFile}.d`,
  };
  await makeUpstreamHost(cluster);
  owner = await createUpstreamObjects(cluster);
});
afterAll(async () => {
  stop.abort();
  await running;
  rmSync(folder, { recursive: true, force: true });
});

// Each step begins where the one before has ended.
describe("a cluster of upstream's operator", () => {
  it('is not ready to be moved while upstream runs, and then it is', async () => {
    expect(await check()).toMatchObject({
      verdict: 'not-ready',
      findings: [
        { level: 'first', kind: 'Deployment', name: 'sriov-network-operator' },
        { level: 'note', kind: 'DaemonSet' },
        { level: 'note', kind: 'DaemonSet' },
      ],
    });
    const deployment = paths.apps(cluster.namespace, 'deployments', 'sriov-network-operator');
    await request('PATCH', deployment, { spec: { replicas: 0 } });
    expect(await check()).toMatchObject({ verdict: 'nothing-disturbed' });
  });

  it('is taken over: no VF, no node, no attachment and no pod notices, and each DaemonSet is there once', async () => {
    const before = await portrait();
    const settings = operandSettings('plugin:1', cluster.namespace);
    await request('POST', paths.core(cluster.namespace, 'configmaps'), settings);
    startServices();
    for (const name of UPSTREAM_DAEMON_SETS) await freePods(name);
    await untilReady(4);
    await eventually(async () => {
      const found = await daemonSets();
      expect(
        found.map(({ metadata }) => [metadata.name, metadata.labels?.['sriovnetwork.openshift.io/operand']]),
      ).toEqual([
        ['sriov-device-plugin', 'sriov-network-device-plugin'],
        ['sriov-network-config-daemon', 'config-daemon'],
        ['sriov-operator-device-plugin', 'device-plugin'],
      ]);
      // Nothing of upstream's is left in them.
      expect(JSON.stringify(found)).not.toContain('upstream');
      return true;
    });
    expect(await portrait()).toEqual(before);
    const { items } = (await request('GET', paths.core(cluster.namespace, 'events'))) as {
      items: { reason: string }[];
    };
    expect(items.filter(({ reason }) => /Restarted|Reset|Drain/.test(reason))).toEqual([]);
    expect((await check()).findings.filter(({ level }) => level !== 'note')).toEqual([]);
  });

  it('is worked on', async () => {
    await request('PATCH', paths.sriov(cluster.namespace, 'sriovnetworknodepolicies', 'fast'), { spec: { numVfs: 6 } });
    await untilReady(6);
    stop.abort();
    await running;
  });
});

const fieldsSchema = z.object({
  crds: z.record(
    z.string(),
    z.object({ fields: z.record(z.string(), z.looseObject({ type: z.string().optional() })) }),
  ),
});
/** The fields of upstream's CRDs. */
const FIELDS = readJson(
  fieldsSchema,
  readFileSync(join(import.meta.dirname, '../../../../tools/crds/src/fixtures/crd-fields.json'), 'utf8'),
).crds;

/** Paths of a value that upstream's CRD does not have, or has with another type. */
function unknownToUpstream(kind: string, value: unknown, path: string): string[] {
  const { fields = {} } = FIELDS[kind] ?? {};
  if (fields[path]?.type !== typeOf(value)) return [path];
  const memberOf = (name: string): string => (fields[`${path}{}`] === undefined ? `${path}.${name}` : `${path}{}`);
  if (Array.isArray(value)) return value.flatMap((item: unknown) => unknownToUpstream(kind, item, `${path}[]`));
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return members.flatMap(([name, member]) => unknownToUpstream(kind, member, memberOf(name)));
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}

describe("what is left for upstream's operator", () => {
  it('is its file of the PF, as the entry of the node state', async () => {
    const { spec } = await getState();
    const file: unknown = JSON.parse(readPfFile(cluster));
    expect(file).toEqual(spec?.interfaces?.[0]);
    expect(file).toMatchObject({ pciAddress: PF, name: 'ens1', numVfs: 6 });
    expect(unknownToUpstream('SriovNetworkNodeState', [file], 'spec.interfaces')).toEqual([]);
  });

  it('is a node state in its fields, at rest, and owned by its SriovOperatorConfig', async () => {
    const { metadata, spec, status } = await getState();
    expect(unknownToUpstream('SriovNetworkNodeState', spec, 'spec')).toEqual([]);
    const { interfaces, syncStatus } = status ?? {};
    expect(unknownToUpstream('SriovNetworkNodeState', { interfaces, syncStatus }, 'status')).toEqual([]);
    expect(metadata).toMatchObject({
      annotations: {
        'sriovnetwork.openshift.io/desired-state': 'Idle',
        'sriovnetwork.openshift.io/current-state': 'Idle',
      },
      ownerReferences: [owner],
    });
  });

  it('is a policy in its fields', async () => {
    const { spec } = await getPolicy();
    expect(unknownToUpstream('SriovNetworkNodePolicy', spec, 'spec')).toEqual([]);
  });

  it("is its finalizer, and the network's attachment under its name", async () => {
    const { namespace } = cluster;
    const config = await get(paths.sriov(namespace, 'sriovoperatorconfigs', 'default'));
    expect(config.metadata.finalizers).toEqual(['operatorconfig.finalizers.sriovnetwork.openshift.io']);
    const network = await get(paths.sriov(namespace, 'sriovnetworks', RECORDED_NETWORK));
    expect(network.metadata).toMatchObject({
      annotations: { 'operator.sriovnetwork.openshift.io/last-network-namespace': namespace },
    });
    const attachment = await get(paths.attachments(namespace, RECORDED_NETWORK));
    expect(attachment.metadata.annotations?.['sriovnetwork.openshift.io/owner-ref']).toBe(
      `SriovNetwork.sriovnetwork.openshift.io/${namespace}/${RECORDED_NETWORK}`,
    );
  });

  it('are DaemonSets that it can write over: their selectors are its own', async () => {
    for (const name of UPSTREAM_DAEMON_SETS) {
      const path = paths.apps(cluster.namespace, 'daemonsets', name);
      const { metadata } = await get(path);
      const theirs = upstreamDaemonSet(name, owner) as { metadata: object };
      const body = { ...theirs, metadata: { ...metadata, ...theirs.metadata, managedFields: undefined } };
      await request('PUT', `${path}?fieldManager=sriov-network-operator`, body);
    }
  });
});
