import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, LABEL, type SriovOperatorConfig } from '@sriov/api';
import { type KubeEvent } from '@sriov/kube';
import { type OperandObject } from '@sriov/operands';
import { serve } from '@sriov/runtime';
import {
  applyManifests,
  createNamespace,
  eventually,
  installCrds,
  request,
  testControlPlane,
  tryRequest,
} from '@sriov/testing';
import { service } from './service.ts';
import { settingsText } from './test/settings-of-chart.ts';

jest.setTimeout(60_000);

const DAEMON = 'sriov-network-config-daemon';
const PLUGIN = 'sriov-operator-device-plugin';
const EXPORTER = 'sriov-network-metrics-exporter';
const CNI = 'sriov-cni-plugins';
let operator: string;
let stop: AbortController;
let running: Promise<void>;

const at = (plural: string, name = '', group = 'apis/apps/v1'): string =>
  `/${group}/namespaces/${operator}/${plural}/${name}`.replace(/\/$/, '');
const daemonSetPath = (name = ''): string => at('daemonsets', name);
const configPath = (name = ''): string => at('sriovoperatorconfigs', name, 'apis/sriovnetwork.openshift.io/v1');
const settingsPath = (name = ''): string => at('configmaps', name, 'api/v1');

const start = (): void => {
  stop = new AbortController();
  const settings = {
    listen: '127.0.0.1:0',
    logLevel: 'silent' as const,
    kubeconfig: testControlPlane().kubeconfigPath,
    namespace: operator,
  };
  running = serve(service, settings, stop.signal);
};
const end = async (): Promise<void> => {
  stop.abort();
  await running;
};

const createConfig = (spec: object = {}): Promise<unknown> =>
  request('POST', configPath(), {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovOperatorConfig',
    metadata: { name: 'default' },
    spec,
  });
const changeConfig = (spec: object): Promise<unknown> => request('PATCH', configPath('default'), { spec });
const createSettings = (): Promise<unknown> =>
  request('POST', settingsPath(), {
    metadata: { name: 'operand-settings' },
    data: { 'settings.json': settingsText() },
  });
const changeSettings = (changes: Record<string, object>): Promise<unknown> =>
  request('PATCH', settingsPath('operand-settings'), { data: { 'settings.json': settingsText(changes) } });

const getSet = async (name: string): Promise<OperandObject> =>
  (await request('GET', daemonSetPath(name))) as OperandObject;
const getConfig = async (): Promise<SriovOperatorConfig> =>
  (await request('GET', configPath('default'))) as SriovOperatorConfig;
const untilSet = (name: string, expected: object = {}): Promise<OperandObject> =>
  eventually(async () => {
    const found = await getSet(name);
    expect(found).toMatchObject(expected);
    return found;
  });
const untilGone = (path: string): Promise<true> =>
  eventually(async () => (await tryRequest('GET', path)).status === 404);
const untilCondition = (type: string, expected: object): Promise<unknown> =>
  eventually(async () => {
    const { status, metadata } = await getConfig();
    const found = status?.conditions?.find((condition) => condition.type === type);
    expect(found).toMatchObject({ ...expected, observedGeneration: metadata.generation });
    return found;
  });
const conditionTypes = async (): Promise<string[]> =>
  ((await getConfig()).status?.conditions ?? []).map(({ type }) => type).sort();
/** What the DaemonSet controller would report when all pods are renewed and available. */
const finishRollout = async (name: string, pods = 2): Promise<void> => {
  const { metadata } = await getSet(name);
  const status = {
    observedGeneration: metadata.generation,
    currentNumberScheduled: pods,
    desiredNumberScheduled: pods,
    numberMisscheduled: 0,
    numberReady: pods,
    updatedNumberScheduled: pods,
    numberAvailable: pods,
  };
  await request('PATCH', `${daemonSetPath(name)}/status`, { status });
};
const versionsOf = async (): Promise<unknown> => {
  const { items } = (await request('GET', daemonSetPath())) as { items: OperandObject[] };
  return items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
};
/** A CRD whose objects may hold anything, in place of that of the Prometheus operator. */
const anyKind = (plural: string, kind: string): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${plural}.monitoring.coreos.com`,
    annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
  },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { plural, kind, singular: kind.toLowerCase() },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});
const podText = (object: OperandObject): string => JSON.stringify(object.spec?.['template']);

beforeAll(() => installCrds());
beforeEach(async () => {
  operator = await createNamespace('operator');
  start();
});
afterEach(end);

describe('the operand controller', () => {
  it('makes what is wanted, owned by the SriovOperatorConfig, and reports how it goes', async () => {
    await createSettings();
    await createConfig();
    const { metadata } = await untilSet(DAEMON);
    await untilSet(PLUGIN);
    const { metadata: config } = await getConfig();
    expect(metadata).toMatchObject({
      labels: { [LABEL.operand]: 'config-daemon' },
      annotations: { [ANNOTATION.operandHash]: expect.any(String) },
      ownerReferences: [{ kind: 'SriovOperatorConfig', name: 'default', uid: config.uid }],
    });
    await untilCondition('ConfigDaemonDeployed', { status: 'Unknown', reason: 'OperandRollingOut' });
    await finishRollout(DAEMON);
    await untilCondition('ConfigDaemonDeployed', { status: 'True', reason: 'OperandDeployed' });
    expect(await conditionTypes()).toEqual(['ConfigDaemonDeployed', 'DevicePluginDeployed', 'Ready']);
    await untilCondition('Ready', { status: 'Unknown', message: expect.stringMatching(/^DevicePluginDeployed: /) });
    await finishRollout(PLUGIN);
    await untilCondition('Ready', { status: 'True', reason: 'OperatorConfigApplied' });
    expect((await getConfig()).status).toMatchObject({ injector: 'not deployed', operatorWebhook: 'not deployed' });
  });

  it('makes nothing without a SriovOperatorConfig, and leaves everything when it goes', async () => {
    await createSettings();
    await createConfig();
    await untilSet(PLUGIN);
    const before = await versionsOf();
    await request('DELETE', configPath('default'));
    await changeSettings({ configDaemon: { image: 'config-daemon:2' } });
    // A new object shows that the controller has seen both.
    await createConfig();
    await untilSet(DAEMON, { spec: { template: { spec: { containers: [{ image: 'config-daemon:2' }] } } } });
    expect(((await versionsOf()) as unknown[]).length).toBe((before as unknown[]).length);
  });

  it('takes back what is switched off: an argument, a volume and a mount at the end of their lists', async () => {
    await createSettings();
    await createConfig({ useCDI: true, configDaemonNodeSelector: { a: '1', b: '2' } });
    const before = await eventually(async () => {
      const plugin = await getSet(PLUGIN);
      return podText(plugin).includes('--use-cdi') && plugin;
    });
    expect(podText(before)).toContain('/var/run/cdi');
    await changeConfig({ useCDI: false, configDaemonNodeSelector: { b: null } });
    await eventually(async () => !/cdi/.test(podText(await getSet(PLUGIN))));
    await eventually(async () => {
      const { spec } = await getSet(DAEMON);
      const { nodeSelector } = (spec?.['template'] as { spec: { nodeSelector: object } }).spec;
      expect(nodeSelector).toEqual({ a: '1' });
      return true;
    });
  });

  it('follows gates and settings while it runs, and removes what is no longer wanted', async () => {
    await createSettings();
    await createConfig({ featureGates: { metricsExporter: true } });
    await untilSet(EXPORTER);
    await eventually(() => request('GET', at('services', `${EXPORTER}-service`, 'api/v1')));
    await changeSettings({ cniPlugins: { images: { sriovCni: 'cni:1', ibSriovCni: '', ovsCni: '', rdmaCni: '' } } });
    await untilSet(CNI);
    await untilCondition('CniPluginsDeployed', { status: 'Unknown' });
    await changeConfig({ featureGates: { metricsExporter: false } });
    await untilGone(daemonSetPath(EXPORTER));
    await untilGone(at('services', `${EXPORTER}-service`, 'api/v1'));
    await changeSettings({});
    await untilGone(daemonSetPath(CNI));
    await eventually(async () => (await conditionTypes()).length === 3);
  });

  it('has what Prometheus collects by where that is asked for, and takes it back', async () => {
    for (const [plural, kind] of [
      ['servicemonitors', 'ServiceMonitor'],
      ['prometheusrules', 'PrometheusRule'],
    ] as const) {
      await applyManifests(JSON.stringify(anyKind(plural, kind)));
    }
    const [monitor, rule] = [
      at('servicemonitors', EXPORTER, 'apis/monitoring.coreos.com/v1'),
      at('prometheusrules', 'sriov-vf-rules', 'apis/monitoring.coreos.com/v1'),
    ];
    const prometheusOperator = { enabled: true, deployRules: true, tlsConfig: {} };
    await createSettings();
    await createConfig({ featureGates: { metricsExporter: true } });
    await changeSettings({ metricsExporter: { prometheusOperator } });
    for (const path of [monitor, rule]) await eventually(() => request('GET', path));
    await changeSettings({ metricsExporter: { prometheusOperator: { ...prometheusOperator, enabled: false } } });
    for (const path of [monitor, rule]) await untilGone(path);
    await untilSet(EXPORTER);
  });

  it('keeps the exporter while its image is missing, and says so', async () => {
    await createSettings();
    await createConfig({ featureGates: { metricsExporter: true } });
    await untilSet(EXPORTER);
    await changeSettings({ metricsExporter: { image: '' } });
    await untilCondition('MetricsExporterDeployed', { status: 'False', reason: 'OperandImpossible' });
    expect((await getSet(EXPORTER)).metadata.deletionTimestamp).toBeUndefined();
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['gone', () => request('DELETE', settingsPath('operand-settings')), 'is missing'],
    [
      'cut off',
      () =>
        request('PATCH', settingsPath('operand-settings'), { data: { 'settings.json': settingsText().slice(0, 99) } }),
      'is not JSON',
    ],
    [
      'without an operand',
      () => request('PATCH', settingsPath('operand-settings'), { data: { 'settings.json': '{"cniPlugins":{}}' } }),
      'configDaemon',
    ],
  ])('changes nothing when its settings are %s', async (_, spoil, message) => {
    await createSettings();
    await createConfig({ featureGates: { metricsExporter: true } });
    for (const name of [DAEMON, PLUGIN, EXPORTER]) await untilSet(name);
    await untilCondition('MetricsExporterDeployed', { status: 'Unknown' });
    const before = await versionsOf();
    await spoil();
    await untilCondition('MetricsExporterDeployed', {
      status: 'False',
      reason: 'OperandSettingsInvalid',
      message: expect.stringContaining(message),
    });
    await changeConfig({ featureGates: { metricsExporter: false } });
    await untilCondition('ConfigDaemonDeployed', { status: 'False', reason: 'OperandSettingsInvalid' });
    expect(await versionsOf()).toEqual(before);
  });

  it('puts back what somebody changed or deleted, tells of it, and keeps what others added', async () => {
    await createSettings();
    await createConfig();
    await untilSet(DAEMON);
    await request('PATCH', daemonSetPath(DAEMON), {
      metadata: { annotations: { theirs: 'yes' } },
      spec: { template: { spec: { nodeSelector: { [LABEL.os]: 'windows' } } } },
    });
    const restored = await untilSet(DAEMON, {
      spec: { template: { spec: { nodeSelector: { [LABEL.os]: 'linux' } } } },
    });
    expect(restored.metadata.annotations).toMatchObject({ theirs: 'yes' });
    await eventually(async () => {
      const { items } = (await request('GET', at('events', '', 'api/v1'))) as { items: KubeEvent[] };
      return items.some(
        ({ reason, message }) => reason === 'OperandRestored' && message.includes('spec.template.spec.nodeSelector'),
      );
    });
    await request('DELETE', daemonSetPath(DAEMON));
    await eventually(async () => (await getSet(DAEMON)).metadata.uid !== restored.metadata.uid);
  });

  it('deploys all others when one is refused, and says why', async () => {
    await createSettings();
    const patch = { spec: { template: { spec: { restartPolicy: 'Never' } } } };
    await changeSettings({ configDaemon: { patch } });
    await createConfig({ featureGates: { metricsExporter: true } });
    for (const name of [PLUGIN, EXPORTER]) await untilSet(name);
    await untilCondition('ConfigDaemonDeployed', {
      status: 'False',
      reason: 'WriteRefused',
      message: expect.stringContaining('restartPolicy'),
    });
    await finishRollout(PLUGIN);
    await untilCondition('DevicePluginDeployed', { status: 'True' });
    await changeSettings({});
    await untilSet(DAEMON);
    await untilCondition('ConfigDaemonDeployed', { status: 'Unknown' });
  });

  it('writes nothing when nothing changed, not even after a restart', async () => {
    await createSettings();
    await createConfig();
    for (const name of [DAEMON, PLUGIN]) {
      await untilSet(name);
      await finishRollout(name);
    }
    for (const type of ['ConfigDaemonDeployed', 'DevicePluginDeployed']) await untilCondition(type, { status: 'True' });
    const state = async (): Promise<unknown> => [await versionsOf(), (await getConfig()).metadata.resourceVersion];
    const before = await state();
    await end();
    start();
    // A change of one operand shows that the controller has looked at all of them.
    await changeSettings({ cniPlugins: { images: { sriovCni: 'cni:1', ibSriovCni: '', ovsCni: '', rdmaCni: '' } } });
    await untilSet(CNI);
    await untilCondition('CniPluginsDeployed', { status: 'Unknown' });
    const after = (await versionsOf()) as string[][];
    expect(after.filter(([name]) => name !== CNI)).toEqual((before as unknown[])[0]);
  });
});

describe('the SriovOperatorConfig', () => {
  const ask = (spec: object): Promise<unknown> =>
    request('POST', settingsPath(), {
      metadata: { name: 'operator-config' },
      data: { 'spec.json': JSON.stringify(spec) },
    });
  const changeWish = (spec: object): Promise<unknown> =>
    request('PATCH', settingsPath('operator-config'), { data: { 'spec.json': JSON.stringify(spec) } });
  const untilSpec = (expected: object): Promise<unknown> =>
    eventually(async () => {
      expect((await getConfig()).spec).toEqual(expected);
      return true;
    });

  it('is made as the chart asks for it, changed with the values, and made again when it was deleted', async () => {
    await ask({ logLevel: 1, featureGates: { parallelNicConfig: true } });
    await untilSpec({ logLevel: 1, featureGates: { parallelNicConfig: true } });
    // Of people. It stays until the values change what they say of it.
    await changeConfig({ logLevel: 0, useCDI: true });
    await changeWish({ logLevel: 1 });
    await untilSpec({ logLevel: 1, useCDI: true });
    const { metadata } = await getConfig();
    expect(metadata.ownerReferences).toBeUndefined();
    await request('DELETE', configPath('default'));
    await eventually(async () => (await getConfig()).metadata.uid !== metadata.uid);
  });

  it('goes on without the ConfigMap of the chart, also where an earlier version has made that its owner', async () => {
    await ask({ logLevel: 1 });
    await untilSpec({ logLevel: 1 });
    const { uid, name } = ((await request('GET', settingsPath('operator-config'))) as OperandObject).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
    await request('PATCH', configPath('default'), { metadata: { ownerReferences } });
    await eventually(async () => (await getConfig()).metadata.ownerReferences === undefined);
    await request('DELETE', settingsPath('operator-config'));
    await ask({ logLevel: 2 });
    await untilSpec({ logLevel: 2 });
  });

  it('that somebody else has made stays as it is, and says that the values of the chart do not count', async () => {
    await createSettings();
    await createConfig({ logLevel: 0 });
    await ask({ logLevel: 2 });
    for (const name of [DAEMON, PLUGIN]) {
      await untilSet(name);
      await finishRollout(name);
    }
    await untilCondition('Ready', {
      status: 'True',
      message: expect.stringContaining("the chart's values sriovOperatorConfig do not count"),
    });
    expect((await getConfig()).spec).toEqual({ logLevel: 0 });
  });

  it('says that values of the chart are refused', async () => {
    await createSettings();
    await ask({ logLevel: 1 });
    await untilSpec({ logLevel: 1 });
    await changeWish({ configDaemonNodeSelector: { 'not a label': 'x'.repeat(300) } });
    await untilCondition('Ready', {
      status: 'False',
      message: expect.stringContaining('cannot be written into this object'),
    });
    await changeWish({ logLevel: 2 });
    await untilCondition('Ready', { status: 'Unknown' });
  });
});

describe('a DaemonSet with the name of ours', () => {
  const create = (ownerReferences: object[] = []): Promise<unknown> => {
    const labels = { app: DAEMON };
    const pod = { containers: [{ name: 'theirs', image: 'theirs:1' }] };
    return request('POST', daemonSetPath(), {
      metadata: { name: DAEMON, ownerReferences },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
    });
  };

  it('stays as it is when somebody else has made it, until it is deleted', async () => {
    await create();
    await createSettings();
    await createConfig();
    await untilCondition('ConfigDaemonDeployed', {
      status: 'False',
      reason: 'OperandForeign',
      message: expect.stringContaining('--cascade=orphan'),
    });
    expect(podText(await getSet(DAEMON))).toContain('theirs:1');
    await request('DELETE', daemonSetPath(DAEMON));
    await eventually(async () => podText(await getSet(DAEMON)).includes('config-daemon:1'));
    await untilCondition('ConfigDaemonDeployed', { status: 'Unknown' });
  });

  it('makes way for ours when upstream has made it for the same SriovOperatorConfig, and leaves its pods', async () => {
    await createConfig();
    const { metadata } = await getConfig();
    const owner = { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovOperatorConfig', name: 'default' };
    await create([{ ...owner, uid: metadata.uid, controller: true, blockOwnerDeletion: true }]);
    await createSettings();
    const going = await eventually(async () => {
      const set = await getSet(DAEMON);
      return set.metadata.deletionTimestamp !== undefined && set;
    });
    // No garbage collector runs here: what it does after it has freed the pods, we do.
    expect(going.metadata.finalizers).toEqual(['orphan']);
    await request('PATCH', daemonSetPath(DAEMON), { metadata: { finalizers: null } });
    const ours = await eventually(async () => {
      const set = await getSet(DAEMON);
      return podText(set).includes('config-daemon:1') && set;
    });
    expect(podText(ours)).not.toContain('theirs');
    // The pods of upstream's have generation 1, and would count as up to date.
    expect(Number(ours.metadata.annotations?.['deprecated.daemonset.template.generation'])).toBeGreaterThan(1_000);
  });
});
