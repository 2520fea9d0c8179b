import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ANNOTATION, type Condition, LABEL, type SriovNetworkNodeState } from '@sriov/api';
import { refusal, type SentRequest } from '@sriov/testing';
import { type Controllers, createControllers } from './controllers.ts';
import { type Settings } from './settings.ts';
import {
  createOfflineParts,
  NAMESPACE,
  nodeOf,
  type OfflineParts,
  operatorConfigOf,
  policyOf,
  reportOf,
  stateOf,
} from './test/offline-controllers.ts';

const ADDRESS = '0000:3b:00.0';
const stops: AbortController[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

interface Service extends OfflineParts {
  readonly controllers: Controllers;
  /** Lets so much time pass, and all that is due be done. */
  readonly pass: (ms?: number) => Promise<void>;
  /** What was written since the last call, but for Events. */
  readonly written: () => SentRequest[];
  /** The newest condition that was written on the object. */
  readonly condition: (plural: string, name: string, type: string) => Condition | undefined;
}

/** The controllers over caches that show what the test puts in, and a scripted connection. */
function run(rest: Partial<Settings> = {}): Service {
  const parts = createOfflineParts(rest);
  const controllers = createControllers(parts);
  const stop = new AbortController();
  stops.push(stop);
  for (const controller of Object.values(controllers)) void controller.run(stop.signal);
  const isEvent = ({ path }: SentRequest): boolean => path.includes('/events');
  let seen = 0;
  return {
    ...parts,
    controllers,
    async pass(ms = 0) {
      for (let left = ms; ; left -= 100) {
        await parts.clock.advance(Math.max(0, Math.min(100, left)));
        for (let turns = 0; turns < 20; turns += 1) await turn();
        if (left <= 0) return;
      }
    },
    written() {
      const fresh = parts.connection.writes.slice(seen);
      seen += fresh.length;
      return fresh.filter((request) => !isEvent(request));
    },
    condition(plural, name, type) {
      const about = parts.connection.writes.filter(({ path }) => path.endsWith(`/${plural}/${name}/status`)).at(-1);
      const { status } = (about?.body ?? {}) as { status?: { conditions?: Condition[] } };
      return status?.conditions?.find((each) => each.type === type);
    },
  };
}

const POLICIES = 'sriovnetworknodepolicies';
const POOLS = 'sriovnetworkpoolconfigs';
const CONFIGS = 'sriovoperatorconfigs';
/** Requests as `METHOD last-parts-of-path`. */
const brief = (requests: readonly SentRequest[]): string[] =>
  requests.map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`);
const isOnNode = ({ path }: SentRequest): boolean => !path.endsWith('/status');

/** A managed node that has reported one PF, and a policy for it. */
function runWithPolicy(rest: Partial<Settings> = {}): Service {
  const service = run(rest);
  const { caches } = service;
  caches.operatorConfigs.store.upsert(operatorConfigOf());
  caches.nodes.store.upsert(nodeOf('n1'));
  caches.nodeStates.store.upsert(stateOf('n1', { status: reportOf() }));
  caches.policies.store.upsert(policyOf('p'));
  return service;
}

/** Puts into the caches what the service has written of the ConfigMap and the label of the node. */
function showConfiguration({ caches, connection }: Service): void {
  const config = connection.writes.findLast(({ method, path }) => method === 'POST' && path.endsWith('/configmaps'));
  const { data } = config?.body as { data: Record<string, string> };
  caches.devicePluginConfigs.get('device-plugin-config')?.store.upsert({
    metadata: { name: 'device-plugin-config', namespace: NAMESPACE, resourceVersion: '100001' },
    data,
  });
  caches.nodes.store.upsert({
    metadata: { ...nodeOf('n1', { [LABEL.devicePlugin]: 'Enabled' }).metadata, resourceVersion: '100002' },
  });
}

/** Puts into the caches what the service has written for the node, with the status that its daemon gives it. */
function show(service: Service, status = reportOf()): void {
  const { caches, connection } = service;
  showConfiguration(service);
  const patch = connection.writes.findLast(({ method, path }) => method === 'PATCH' && path.includes('nodestates/n1'));
  const state = patch?.body as SriovNetworkNodeState;
  const { ownerReferences, annotations } = state.metadata;
  const metadata = { name: 'n1', namespace: NAMESPACE, uid: 'n1', generation: 2, resourceVersion: '100003' };
  caches.nodeStates.store.upsert(
    stateOf('n1', {
      metadata: { ...metadata, ...(ownerReferences && { ownerReferences }), ...(annotations && { annotations }) },
      spec: Object.fromEntries(
        Object.entries(state.spec as Record<string, unknown>).filter(([, value]) => value !== null),
      ),
      status,
    }),
  );
}

describe('the controllers of nodes', () => {
  it('make the node state of a managed node, and of no other', async () => {
    const service = run();
    service.caches.operatorConfigs.store.upsert(operatorConfigOf());
    service.caches.nodes.store.upsert(nodeOf('n1'));
    service.caches.nodes.store.upsert({ metadata: { name: 'control-plane', resourceVersion: '1' } });
    await service.pass();
    const writes = service.written().filter(isOnNode);
    expect(writes).toMatchObject([{ method: 'POST', body: { metadata: { name: 'n1', namespace: NAMESPACE } } }]);
  });

  it('write for a policy the ConfigMap first, then the rest, each from the version that it was planned from', async () => {
    const service = runWithPolicy();
    const { resourceVersion } = service.caches.nodeStates.store.get(`${NAMESPACE}/n1`)?.metadata ?? {};
    await service.pass(100);
    const writes = service.written().filter(isOnNode);
    expect(brief(writes)[0]).toBe(`POST ${NAMESPACE}/configmaps`);
    expect(brief(writes).slice(1).sort()).toEqual(['PATCH nodes/n1', 'PATCH sriovnetworknodestates/n1']);
    const state = writes.find(({ path }) => path.includes('nodestates'))?.body;
    expect(state).toMatchObject({
      metadata: { resourceVersion, annotations: { [ANNOTATION.plannedFrom]: ADDRESS } },
      spec: { bridges: null, system: null, interfaces: [{ pciAddress: ADDRESS, numVfs: 4 }] },
    });
    const config = writes[0]?.body as { data: Record<string, string> };
    expect(JSON.parse(config.data['n1'] ?? '')).toMatchObject({ resourceList: [{ resourceName: 'r' }] });
  });

  it('write nothing twice: they wait until the caches show what was written, for a minute at most', async () => {
    const service = runWithPolicy();
    await service.pass(100);
    service.written();
    service.controllers.nodes.enqueue('n1');
    await service.pass(50_000);
    expect(service.written().filter(isOnNode)).toEqual([]);
    await service.pass(20_000);
    expect(service.written().filter(isOnNode).length).toBeGreaterThan(0);
  });

  it('find nothing to write once the caches show it', async () => {
    const service = runWithPolicy();
    await service.pass(100);
    service.written();
    show(service);
    await service.pass(70_000);
    expect(service.written().filter(isOnNode)).toEqual([]);
  });

  it('touch nothing without an SriovOperatorConfig, and say so on the policy', async () => {
    const service = runWithPolicy();
    service.caches.operatorConfigs.store.remove(`${NAMESPACE}/default`);
    await service.pass(2_000);
    expect(service.written().filter(isOnNode)).toEqual([]);
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'NoOperatorConfig',
      message: `there is no SriovOperatorConfig named default in ${NAMESPACE}: nothing is managed until it is created`,
    });
  });

  it('touch nothing while the SriovOperatorConfig cannot be read', async () => {
    const service = runWithPolicy();
    const spec = { configDaemonNodeSelector: 7 } as never;
    service.caches.operatorConfigs.store.upsert({ ...operatorConfigOf({ generation: 2 }), spec });
    await service.pass(2_000);
    expect(service.written().filter(isOnNode)).toEqual([]);
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'OperatorConfigInvalid',
      message: 'the SriovOperatorConfig cannot be read: all nodes stay as they are until it can',
    });
    expect(service.condition(CONFIGS, 'default', 'DevicePluginConfigWritten')).toMatchObject({
      status: 'False',
      reason: 'OperatorConfigInvalid',
    });
  });

  it('announce of a node that is no longer managed when its state goes, and delete it then', async () => {
    const service = runWithPolicy({ staleNodeStateCleanupDelayMinutes: 2 });
    service.caches.nodes.store.upsert({ metadata: { name: 'n1', resourceVersion: '200000' } });
    await service.pass(100);
    const [announced] = service.written().filter(isOnNode);
    const until = new Date(service.clock.now() - 100 + 120_000).toISOString().replace('.000', '');
    const annotations = (announced?.body as SriovNetworkNodeState | undefined)?.metadata.annotations ?? {};
    expect(Object.values(annotations).map((text) => text.replace('.000', ''))).toContain(until);
    const { metadata } = stateOf('n1');
    service.caches.nodeStates.store.upsert(
      stateOf('n1', { metadata: { ...metadata, resourceVersion: '200001', annotations } }),
    );
    await service.pass(110_000);
    expect(service.written().filter(isOnNode)).toEqual([]);
    await service.pass(20_000);
    expect(brief(service.written().filter(isOnNode))).toEqual(['DELETE sriovnetworknodestates/n1']);
  });
});

describe('the controllers of statuses', () => {
  it('say that nodes are being configured, and then that the policy is applied', async () => {
    const service = runWithPolicy();
    await service.pass(2_000);
    expect(service.condition(POLICIES, 'p', 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NodesProgressing',
      message: '1 of 1 nodes are being configured: n1',
      observedGeneration: 1,
    });
    show(service);
    await service.pass(2_000);
    expect(service.condition(POLICIES, 'p', 'Ready')).toMatchObject({ status: 'True', reason: 'PolicyApplied' });
    expect(service.connection.writes.filter(({ path }) => path.endsWith('p/status')).at(-1)?.body).toMatchObject({
      status: { matchedNodeCount: 1, readyNodeCount: 1 },
    });
    expect(service.condition(CONFIGS, 'default', 'DevicePluginConfigWritten')).toMatchObject({ status: 'True' });
    expect(service.condition(CONFIGS, 'default', 'NodesWritten')).toMatchObject({ status: 'True' });
    expect(service.condition(CONFIGS, 'default', 'NicListRead')).toMatchObject({
      status: 'True',
      reason: 'NicListRead',
      message: 'every entry of the list of NICs is read',
    });
  });

  it('say on the policy what failed on its node', async () => {
    const service = runWithPolicy();
    await service.pass(100);
    show(service, reportOf({ syncStatus: 'Failed' }));
    await service.pass(2_000);
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({ status: 'True', reason: 'NodesFailed' });
  });

  it('say what of the selector matches no PF', async () => {
    const service = runWithPolicy();
    service.caches.policies.store.upsert(policyOf('none', { nicSelector: { vendor: '15b3' } }));
    service.caches.policies.store.upsert(policyOf('nowhere', { nodeSelector: { own: 'nobody' } }));
    await service.pass(2_000);
    expect(service.condition(POLICIES, 'none', 'Ready')).toMatchObject({
      status: 'False',
      reason: 'NoMatchingInterfaces',
      message: expect.stringContaining('vendor'),
    });
    expect(service.condition(POLICIES, 'nowhere', 'Ready')).toMatchObject({ reason: 'NoMatchingNodes' });
  });

  it('say of pools which nodes are in them, and nothing of one that is going', async () => {
    const service = runWithPolicy();
    const poolOf = (name: string, rest: object, metadata: object = {}): never =>
      ({
        metadata: { name, namespace: NAMESPACE, generation: 1, resourceVersion: name, ...metadata },
        spec: rest,
      }) as never;
    const { store } = service.caches.pools;
    store.upsert(poolOf('mine', { nodeSelector: { matchLabels: { [LABEL.os]: 'linux' } } }));
    store.upsert(poolOf('nobody', { nodeSelector: { matchLabels: { own: 'nobody' } } }));
    store.upsert(poolOf('offload', { ovsHardwareOffloadConfig: { name: 'x' } }));
    store.upsert(
      poolOf(
        'going',
        { nodeSelector: { matchLabels: { own: 'nobody' } } },
        { deletionTimestamp: '2026-01-01T00:00:00Z' },
      ),
    );
    store.upsert(poolOf('lost', {}, { namespace: 'elsewhere' }));
    await service.pass(2_000);
    expect(service.condition(POOLS, 'mine', 'Progressing')).toMatchObject({ status: 'True' });
    expect(service.condition(POOLS, 'nobody', 'Ready')).toMatchObject({ reason: 'NoMatchingNodes' });
    expect(service.condition(POOLS, 'offload', 'Ready')).toMatchObject({ status: 'False', reason: 'Unsupported' });
    expect(service.condition(POOLS, 'lost', 'Degraded')).toMatchObject({
      reason: 'WrongNamespace',
      message: `pools are read from the namespace ${NAMESPACE} only: move it there`,
    });
    expect(service.condition(POOLS, 'going', 'Ready')).toBeUndefined();
  });

  it("say nothing of upstream's default policy, and move one out of the wrong namespace", async () => {
    const service = runWithPolicy();
    service.caches.policies.store.upsert(policyOf('default'));
    service.caches.policies.store.upsert(policyOf('lost', {}, { namespace: 'elsewhere' }));
    await service.pass(2_000);
    expect(service.condition(POLICIES, 'default', 'Ready')).toBeUndefined();
    expect(service.condition(POLICIES, 'lost', 'Degraded')).toMatchObject({
      reason: 'WrongNamespace',
      message: `policies are read from the namespace ${NAMESPACE} only: move it there`,
    });
  });

  it('tell of a list of NICs that cannot be read by an Event on it as well', async () => {
    const service = runWithPolicy();
    const metadata = { name: 'supported-nic-ids', namespace: NAMESPACE, resourceVersion: '1' };
    service.caches.supportedNics.store.upsert({ metadata, data: { Bad: 'x' } });
    await service.pass(2_000);
    expect(service.condition(CONFIGS, 'default', 'NicListRead')).toMatchObject({
      status: 'False',
      reason: 'NicListInvalid',
    });
    const events = service.connection.writes.flatMap(({ path, body }) => (path.includes('/events') ? [body] : []));
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'NicListInvalid',
        involvedObject: expect.objectContaining({ kind: 'ConfigMap', name: 'supported-nic-ids' }),
      }),
    );
  });
});

describe('a write that keeps being refused', () => {
  it('stands on the policy and the SriovOperatorConfig until it is accepted', async () => {
    const service = runWithPolicy();
    service.connection.script = ({ path }) =>
      path.endsWith('sriovnetworknodestates/n1') ? refusal(403, 'not allowed') : undefined;
    await service.pass(100);
    showConfiguration(service);
    await service.pass(20_000);
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'ReconcileFailed',
      message: expect.stringMatching(/^on n1: PATCH .*n1: not allowed/),
    });
    expect(service.condition(CONFIGS, 'default', 'NodesWritten')).toMatchObject({
      status: 'False',
      reason: 'ReconcileFailed',
    });
    expect(service.condition(CONFIGS, 'default', 'DevicePluginConfigWritten')).toMatchObject({ status: 'True' });
    service.connection.script = () => undefined;
    await service.pass(70_000);
    expect(service.condition(CONFIGS, 'default', 'NodesWritten')).toMatchObject({ status: 'True' });
    show(service);
    await service.pass(12_000);
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({ status: 'False' });
  });

  it('of a ConfigMap says on the SriovOperatorConfig that nodes have no configuration', async () => {
    const service = runWithPolicy();
    service.connection.script = ({ path, method }) =>
      path.endsWith('/configmaps') && method === 'POST' ? refusal(403, 'exceeded quota') : undefined;
    await service.pass(20_000);
    const message = expect.stringMatching(/cannot write the ConfigMap device-plugin-config: .*exceeded quota/);
    expect(service.condition(CONFIGS, 'default', 'DevicePluginConfigWritten')).toMatchObject({
      status: 'False',
      reason: 'ReconcileFailed',
      message,
    });
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({ reason: 'ReconcileFailed', message });
  });

  it.each([
    [POLICIES, 'p', 'SriovNetworkNodePolicy'],
    [CONFIGS, 'default', 'SriovOperatorConfig'],
  ])('of a status in %s is told by an Event', async (plural, name, kind) => {
    const service = runWithPolicy();
    service.connection.script = ({ path }) =>
      path.endsWith(`/${plural}/${name}/status`) ? refusal(403, 'not allowed') : undefined;
    await service.pass(20_000);
    const events = service.connection.writes.flatMap(({ path, body }) => (path.includes('/events') ? [body] : []));
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'ReconcileFailed',
        message: expect.stringMatching(/^the status cannot be written: .*not allowed/),
        involvedObject: expect.objectContaining({ kind, name }),
      }),
    );
  });

  it('because a ConfigMap is full leaves the node as it is, until there is room', async () => {
    const service = runWithPolicy();
    const full = service.caches.devicePluginConfigs.get('device-plugin-config')?.store;
    const metadata = { name: 'device-plugin-config', namespace: NAMESPACE };
    // A node that has not reported keeps its key.
    service.caches.nodes.store.upsert(nodeOf('other'));
    service.caches.nodeStates.store.upsert(stateOf('other'));
    full?.upsert({ metadata: { ...metadata, resourceVersion: '5' }, data: { other: 'x'.repeat(1_048_500) } });
    await service.pass(3_000);
    expect(brief(service.written().filter(isOnNode)).filter((text) => !text.includes('other'))).toEqual([]);
    expect(service.condition(POLICIES, 'p', 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'ConfigMapFull',
      message: 'on n1: the ConfigMap device-plugin-config has no room for the configuration of n1',
    });
    expect(service.condition(CONFIGS, 'default', 'DevicePluginConfigWritten')).toMatchObject({
      status: 'False',
      reason: 'ConfigMapFull',
    });
    full?.upsert({ metadata: { ...metadata, resourceVersion: '6' }, data: { other: 'x' } });
    await service.pass(3_000);
    expect(brief(service.written().filter(isOnNode))).toContain('PATCH configmaps/device-plugin-config');
  });
});
