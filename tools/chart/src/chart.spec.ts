import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { service as admissionWebhook } from '@sriov/admission-webhook';
import {
  DEVICE_PLUGIN_METRICS_PATHS,
  REGISTRATIONS,
  WEBHOOK_CONFIGURATION,
  WEBHOOK_ENTRY,
  type WebhookConfiguration,
} from '@sriov/api';
import { Authority } from '@sriov/certificates';
import { service as configDaemon } from '@sriov/config-daemon';
import { applyObject, type Manifest } from '@sriov/control-plane';
import { service as drainController } from '@sriov/drain-controller';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as operandController } from '@sriov/operand-controller';
import { service as policyController } from '@sriov/policy-controller';
import { readSettings } from '@sriov/runtime';
import { DEFAULT_NICS, readSupportedNics } from '@sriov/selection';
import { createNamespace, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { parse } from 'yaml';
import { z } from 'zod';
import { resolveHelm } from './helm.ts';
import { CHART_FOLDER, renderChart, type RenderOptions, runHelm } from './render.ts';
import { dataOf, operandsOf, operatorConfigOf } from './test/operands-of.ts';

jest.setTimeout(120_000);

/** All that a value can switch on. */
const EVERYTHING = {
  crds: { networkAttachmentDefinition: true },
  sriovOperatorConfig: {
    configDaemonNodeSelector: { 'example.org/sriov': 'yes' },
    disablePlugins: ['mellanox'],
    featureGates: { manageSoftwareBridges: true, metricsExporter: true },
    configDaemonEnvVars: { AUDIT_SECONDS: '60' },
  },
  operator: {
    extraEnv: { LISTEN: ':9999' },
    metricsExporter: { port: '9110', prometheusOperator: { enabled: true, deployRules: true } },
    tls: { cipherSuites: 'TLS_AES_128_GCM_SHA256', minVersion: 'VersionTLS13' },
  },
  networkPolicy: { enabled: true },
  images: {
    sriovDevicePlugin: 'registry/plugin:v1',
    sriovCni: 'registry/sriov-cni:v1',
    ibSriovCni: 'registry/ib-sriov-cni:v1',
    ovsCni: 'registry/ovs-cni:v1',
    rdmaCni: 'registry/rdma-cni:v1',
    metricsExporter: 'registry/exporter:v1',
    metricsExporterKubeRbacProxy: 'registry/proxy:v1',
  },
  configDaemon: { metricsProxy: { image: 'registry/proxy:v1' }, patch: { metadata: { annotations: { a: 'b' } } } },
  devicePlugin: { useCdi: true },
  metrics: { dashboards: { enabled: true, annotations: { grafana_folder: 'SR-IOV' } } },
  imagePullSecrets: ['registry-login'],
  supportedExtraNICs: ['Intel_I350: "8086 1521 1520"'],
  extraDeploy: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'of-{{ .Release.Name }}' } },
    'apiVersion: v1\nkind: Secret\nmetadata:\n  name: a-secret',
  ],
};

const certificates = (values: object): object => ({ operator: { admissionControllers: { certificates: values } } });
const PEM = (await Authority.create('somebody', { notBefore: new Date(0), notAfter: new Date(2e12) })).certificate;

const find = (objects: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} among ${objects.map((object) => object.metadata.name).join(', ')}`);
  return found;
};
const names = (objects: readonly Manifest[], kind: string): string[] =>
  objects
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name)
    .sort();

describe('the chart', () => {
  it('has nothing that "helm lint --strict" objects to', async () => {
    const { path } = await resolveHelm();
    expect(await runHelm(path, ['lint', '--strict', CHART_FOLDER])).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each<[string, object]>([
    ['its defaults', {}],
    ['all that can be switched on', EVERYTHING],
    ['a proxy of metrics', { configDaemon: { metricsProxy: { image: 'proxy:1' } } }],
    ['a webhook outside the cluster', { admissionWebhook: { url: 'https://127.0.0.1:6443' } }],
    ['a certificate of cert-manager', certificates({ certManager: { enabled: true } })],
    ['a certificate that others make', certificates({ custom: { enabled: true, operator: { caCrt: PEM } } })],
    ...['openshift', 'k3s', 'rke2', 'microk8s', 'talos'].map((clusterType): [string, object] => [
      `the type ${clusterType}`,
      { ...EVERYTHING, operator: { clusterType } },
    ]),
    ['no webhook', { operator: { admissionControllers: { enabled: false } }, networkPolicy: { enabled: true } }],
  ])('has no object with %s that the API server refuses', async (_, values) => {
    await installCrds();
    const namespace = await createNamespace('chart');
    const objects = await renderChart({ namespace, values, hooks: true });
    const refusals: string[] = [];
    const withOperands = [...objects, ...operandsOf(objects, namespace).filter(isOfKubernetes)];
    for (const object of withOperands) {
      const inNamespace = { ...object, metadata: { namespace, ...object.metadata } };
      await applyObject(testControlPlane().access, inNamespace, { dryRun: true }).catch((error: unknown) =>
        refusals.push(String(error)),
      );
    }
    expect(refusals).toEqual([]);
    expect(objects.length).toBeGreaterThan(20);
  });

  it.each([
    ['a name that is none', { operatr: {} }, "additional properties 'operatr' not allowed"],
    ['a misspelt name', { operator: { resourcePrefx: 'x' } }, "additional properties 'resourcePrefx' not allowed"],
    ['a text for a number', { policyController: { replicas: '2' } }, '/policyController/replicas'],
    [
      'a certificate of others without its authority',
      certificates({ custom: { enabled: true } }),
      '/operator/admissionControllers/certificates/custom',
    ],
    ['a plain http address', { admissionWebhook: { url: 'http://127.0.0.1' } }, '/admissionWebhook/url'],
    ['half a line of a NIC', { supportedExtraNICs: ['MyNIC: "8086 1521"'] }, '/supportedExtraNICs/0'],
    ['an unknown log level', { logLevel: 'loud' }, '/logLevel'],
    ['an unknown type of cluster', { operator: { clusterType: 'k8s' } }, '/operator/clusterType'],
  ])('refuses %s and names it', async (_, values, message) => {
    await expect(renderChart({ values })).rejects.toThrow(message);
  });

  it('documents each of its values, and no others', () => {
    const values = z.looseObject({}).parse(parse(readFileSync(join(CHART_FOLDER, 'values.yaml'), 'utf8')));
    const readme = readFileSync(join(CHART_FOLDER, 'README.md'), 'utf8');
    const table = readme.slice(readme.indexOf('## Values'), readme.indexOf('## Kinds of clusters'));
    const documented = [...table.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name);
    expect(documented).toEqual(leavesOf(values));
  });

  it('has CRDs that helm keeps, and leaves them out when asked to', async () => {
    const crds = (await renderChart()).filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crds).toHaveLength(7);
    for (const { metadata } of crds) expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    expect(names(await renderChart({ values: { crds: { install: false } } }), 'CustomResourceDefinition')).toEqual([]);
  });

  it('lists the NIC models that the policy library knows, and those that are added', async () => {
    const values = { supportedExtraNICs: EVERYTHING.supportedExtraNICs };
    const { data } = find(await renderChart({ values }), 'ConfigMap', 'supported-nic-ids') as unknown as {
      data: Record<string, string>;
    };
    expect(readSupportedNics(data).problems).toEqual([]);
    const models = [...DEFAULT_NICS, { vendor: '8086', pfDevice: '1521', vfDevice: '1520' }];
    const lines = models.map(({ vendor, pfDevice, vfDevice }) => `${vendor} ${pfDevice} ${vfDevice}`);
    expect(Object.values(data).sort()).toEqual(lines.sort());
  });

  it.each([
    ['repo/app', 'repo/app:0.1.0'],
    ['host:5000/repo/app', 'host:5000/repo/app:0.1.0'],
    ['repo/app:v2', 'repo/app:v2'],
    ['repo/app@sha256:12', 'repo/app@sha256:12'],
  ])('makes of the image %s %s', async (image, reference) => {
    const objects = await renderChart({ values: { images: { webhook: image } } });
    expect(containerOf(find(objects, 'Deployment', 'admission-webhook')).image).toBe(reference);
  });

  it('asks for the SriovOperatorConfig that its values say, and for none when it is told so', async () => {
    expect(operatorConfigOf(await renderChart({ values: EVERYTHING }))).toEqual({
      ...EVERYTHING.sriovOperatorConfig,
      enableOperatorWebhook: true,
      logLevel: 1,
      disableDrain: false,
      configurationMode: 'daemon',
    });
    const objects = await renderChart({ values: { sriovOperatorConfig: { deploy: false } } });
    expect(names(objects, 'ConfigMap')).toEqual(['operand-settings', 'supported-nic-ids']);
  });

  it('tells the operand controller of each operand that a value can switch on', async () => {
    const objects = operandsOf(await renderChart({ values: EVERYTHING }));
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'DaemonSet sriov-network-config-daemon',
      'DaemonSet sriov-operator-device-plugin',
      'DaemonSet sriov-device-plugin',
      'DaemonSet sriov-network-metrics-exporter',
      'Service sriov-network-metrics-exporter-service',
      'ServiceMonitor sriov-network-metrics-exporter',
      'PrometheusRule sriov-vf-rules',
      'DaemonSet sriov-cni-plugins',
    ]);
    expect(find(objects, 'DaemonSet', DAEMON).metadata.annotations).toEqual({ a: 'b' });
  });

  it.each([
    ['kubernetes', '/opt/cni/bin', '/etc/sriov-operator'],
    ['openshift', '/var/lib/cni/bin', '/etc/sriov-operator'],
    ['k3s', '/var/lib/rancher/k3s/data/cni', '/etc/sriov-operator'],
    ['rke2', '/opt/cni/bin', '/etc/sriov-operator'],
    ['microk8s', '/var/snap/microk8s/current/opt/cni/bin', '/etc/sriov-operator'],
    ['talos', '/opt/cni/bin', '/var/lib/sriov-operator'],
  ])('knows the paths of %s, and takes others that are given', async (clusterType, binPath, stateFolder) => {
    const settingsOf = async (values: object): Promise<unknown> =>
      JSON.parse(dataOf(await renderChart({ values }), 'operand-settings')['settings.json'] ?? '');
    expect(await settingsOf({ operator: { clusterType } })).toMatchObject({
      cniPlugins: { binPath },
      configDaemon: { stateFolder },
    });
    const given = { operator: { clusterType, cniBinPath: '/cni' }, configDaemon: { stateFolder: '/state' } };
    expect(await settingsOf(given)).toMatchObject({
      cniPlugins: { binPath: '/cni' },
      configDaemon: { stateFolder: '/state' },
    });
  });

  it('lets exactly the accounts of operands use the SCC privileged of OpenShift, and names no user there', async () => {
    const images = { sriovCni: 'cni:1', sriovDevicePlugin: 'plugin:1', metricsExporter: 'exporter:1' };
    const objects = await renderChart({ values: { operator: { clusterType: 'openshift' }, images } });
    expect(find(objects, 'RoleBinding', 'operands-privileged')).toMatchObject({
      subjects: [
        { name: DAEMON },
        { name: 'sriov-operator-device-plugin' },
        { name: 'sriov-device-plugin' },
        { name: 'metrics-exporter-sa' },
        { name: 'sriov-cni-plugins' },
      ],
    });
    const deployments = objects.filter(({ kind }) => kind === 'Deployment');
    expect(JSON.stringify(deployments)).not.toMatch(/runAsUser|runAsGroup/);
    expect(JSON.stringify(await renderChart())).not.toContain('security.openshift.io');
  });

  it('lets the drain controller pause MachineConfigPools on OpenShift, and has no such right elsewhere', async () => {
    const objects = await renderChart({ values: { operator: { clusterType: 'openshift' } } });
    const roles = objects.filter(({ kind }) => kind === 'ClusterRole') as (Manifest & {
      rules?: { apiGroups?: string[] }[];
    })[];
    const group = 'machineconfiguration.openshift.io';
    const holders = roles.filter(({ rules = [] }) =>
      rules.some(({ apiGroups }) => apiGroups?.includes(group) === true),
    );
    expect(holders).toHaveLength(1);
    expect(holders[0]).toMatchObject({
      metadata: { name: expect.stringContaining('drain-controller') as unknown },
      rules: expect.arrayContaining([
        { apiGroups: [group], resources: ['machineconfigpools'], verbs: ['list', 'watch', 'patch'] },
        { apiGroups: [group], resources: ['machineconfigs'], verbs: ['list', 'watch'] },
        {
          apiGroups: ['config.openshift.io'],
          resources: ['infrastructures'],
          resourceNames: ['cluster'],
          verbs: ['get'],
        },
      ]) as unknown,
    });
    expect(JSON.stringify(await renderChart())).not.toMatch(
      /machineconfiguration\.openshift\.io|config\.openshift\.io/,
    );
  });

  it('has the account of each operand, and the pods of none have another', async () => {
    const objects = await renderChart({ values: EVERYTHING });
    const accounts = names(objects, 'ServiceAccount');
    const used = operandsOf(objects)
      .filter(({ kind }) => kind === 'DaemonSet')
      .map((daemonSet) => podOf(daemonSet).serviceAccountName);
    expect(used.filter((name) => name === undefined || !accounts.includes(name))).toEqual([]);
    const few = names(await renderChart(), 'ServiceAccount');
    expect(few).toEqual(SERVICES_AND_PLUGIN);
  });

  it('has pods that tolerate the startup taint where one of them takes it off', async () => {
    const tolerating = async (startupTaint: boolean): Promise<number> => {
      const objects = await renderChart({ values: { drainController: { startupTaint } } });
      return objects.filter((each) =>
        JSON.stringify(each).includes('{"key":"sriovnetwork.openshift.io/not-configured"'),
      ).length;
    };
    const deployments = (await renderChart()).filter(({ kind }) => kind === 'Deployment');
    expect([await tolerating(true), await tolerating(false)]).toEqual([deployments.length, 0]);
  });

  it('does not restart the pods of operands by a new version of the chart alone', async () => {
    const objects = operandsOf(await renderChart({ values: EVERYTHING }));
    expect(JSON.stringify(objects)).not.toMatch(/helm.sh\/chart|app.kubernetes.io\/version/);
  });

  it.each([
    ['policy-controller', { policyController: { enabled: false } }],
    ['network-renderer', { networkRenderer: { enabled: false, releaseFinalizers: false } }],
    ['operand-controller', { operandController: { enabled: false } }],
    ['drain-controller', { drainController: { enabled: false } }],
  ])('brings nothing of %s when that is switched off', async (name, values) => {
    const networkPolicy = { enabled: true };
    const left = await renderChart({ values: { ...values, networkPolicy }, hooks: true });
    const of = (objects: readonly Manifest[]): string[] =>
      objects.map(({ metadata }) => metadata.name).filter((each) => each.includes(name));
    expect(of(left)).toEqual([]);
    expect(of(await renderChart({ values: { networkPolicy } })).length).toBeGreaterThan(5);
  });

  it('brings nothing of the webhook when it is switched off', async () => {
    const objects = await renderChart({ values: { operator: { admissionControllers: { enabled: false } } } });
    expect(objects.map(({ metadata }) => metadata.name).filter((name) => name.includes('webhook'))).toEqual([]);
  });

  it.each([
    ['cert-manager', { certManager: { enabled: true } }, { 'cert-manager.io/inject-ca-from': 'ns/theirs' }, undefined],
    [
      'somebody',
      { custom: { enabled: true, operator: { caCrt: PEM } } },
      undefined,
      Buffer.from(PEM).toString('base64'),
    ],
  ])(
    'serves the certificate that %s makes, and asks for no right to make one',
    async (_, by, annotations, caBundle) => {
      const values = certificates({ ...by, secretNames: { operator: 'theirs' } });
      const objects = await renderChart({ values, namespace: 'ns' });
      const deployment = find(objects, 'Deployment', 'admission-webhook');
      expect(containerOf(deployment).env).toContainEqual({ name: 'KEY_FILE', value: '/certificate/tls.key' });
      expect(podOf(deployment)).toMatchObject({ volumes: [{ secret: { secretName: 'theirs' } }] });
      const registration = find(objects, 'MutatingWebhookConfiguration', 'sriov-operator-webhook-config');
      expect(registration.metadata.annotations).toEqual(annotations);
      expect(registration).toMatchObject({ webhooks: [{ clientConfig: caBundle === undefined ? {} : { caBundle } }] });
      expect(JSON.stringify(find(objects, 'Role', 'admission-webhook'))).not.toContain('secrets');
    },
  );

  it('registers the webhook without rules where the webhook sets them, and with the same rules where it may not', async () => {
    const rulesOf = async (values: object): Promise<unknown[]> => {
      const objects = await renderChart({ values });
      return REGISTRATIONS.map(({ kind }) => {
        const { webhooks } = find(objects, kind, WEBHOOK_CONFIGURATION) as unknown as Required<WebhookConfiguration>;
        return webhooks.map(({ name, rules }) => [name, rules]);
      });
    };
    const probe = [
      'probe.operator-webhook.sriovnetwork.openshift.io',
      [expect.objectContaining({ resources: ['secrets'] })],
    ];
    expect(await rulesOf({})).toEqual([[[WEBHOOK_ENTRY, undefined]], [[WEBHOOK_ENTRY, undefined], probe]]);
    for (const by of [{ certManager: { enabled: true } }, { custom: { enabled: true, operator: { caCrt: PEM } } }]) {
      const wanted = REGISTRATIONS.map(({ wanted: rule }) => [[WEBHOOK_ENTRY, [rule]]]);
      expect(await rulesOf(certificates(by))).toEqual(wanted);
    }
  });

  it('registers a webhook outside the cluster by its address, and then runs none', async () => {
    const objects = await renderChart({ values: { admissionWebhook: { url: 'https://127.0.0.1:6443' } } });
    const { webhooks } = find(
      objects,
      'ValidatingWebhookConfiguration',
      'sriov-operator-webhook-config',
    ) as unknown as {
      webhooks: [{ clientConfig: object }];
    };
    expect(webhooks[0].clientConfig).toEqual({ url: 'https://127.0.0.1:6443/validating-custom-resource' });
    expect(names(objects, 'Deployment')).toEqual([
      'drain-controller',
      'network-renderer',
      'operand-controller',
      'policy-controller',
    ]);
    expect(names(objects, 'ServiceAccount')).toContain('admission-webhook');
  });
});

/** Values that are read as a whole: below them stand names of others. */
const WHOLE = /^(operator\.(affinity|tolerations)|metrics\.dashboards\.labels|[\w.]+\.(resources|proxyResources))$/;
const leavesOf = (value: object, prefix = ''): string[] =>
  Object.entries(value as Record<string, unknown>).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const isBranch = typeof child === 'object' && child !== null && !Array.isArray(child);
    return isBranch && Object.keys(child).length > 0 && !WHOLE.test(path) ? leavesOf(child, `${path}.`) : [path];
  });

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly resources: { readonly requests?: object; readonly limits?: object };
  readonly livenessProbe: { readonly httpGet: object };
  readonly readinessProbe: { readonly httpGet: object };
}
interface Pod {
  readonly containers: readonly [Container];
  readonly nodeSelector?: object;
  readonly serviceAccountName?: string;
}
const podOf = (workload: Manifest): Pod =>
  (workload as unknown as { spec: { template: { spec: Pod } } }).spec.template.spec;
const containerOf = (workload: Manifest): Container => podOf(workload).containers[0];
const DAEMON = 'sriov-network-config-daemon';
const SERVICES_AND_PLUGIN = [
  'admission-webhook',
  'drain-controller',
  'network-renderer',
  'operand-controller',
  'policy-controller',
  DAEMON,
  'sriov-operator-device-plugin',
];
/** A kind that every API server serves. */
const isOfKubernetes = ({ apiVersion }: Manifest): boolean => !apiVersion.startsWith('monitoring.');
/** The chart's objects, and those that the operand controller makes of it. */
const renderAll = async (options: RenderOptions = {}): Promise<Manifest[]> => {
  const objects = await renderChart(options);
  return [...objects, ...operandsOf(objects)];
};

describe('the workloads', () => {
  const SERVICES = [
    ['Deployment', 'policy-controller', policyController],
    ['Deployment', 'network-renderer', networkRenderer],
    ['Deployment', 'operand-controller', operandController],
    ['Deployment', 'drain-controller', drainController],
    ['Deployment', 'admission-webhook', admissionWebhook],
    ['DaemonSet', 'sriov-network-config-daemon', configDaemon],
  ] as const;

  it.each(SERVICES)('give the %s %s the settings that it knows, and none that it would not read', async (...row) => {
    const [kind, name, service] = row;
    const { env } = containerOf(find(await renderAll(), kind, name));
    const settings = readSettings(
      { ...service, schema: service.schema as typeof policyController.schema },
      { argv: [], env: Object.fromEntries(env.map((variable) => [variable.name, variable.value ?? 'from-the-pod'])) },
    );
    expect(settings).toMatchObject({ settings: { namespace: 'from-the-pod', logLevel: 'info' } });
    const known = Object.keys(service.schema.shape).map((field) => field.replace(/[A-Z]/g, '_$&').toUpperCase());
    expect(env.map((variable) => variable.name).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it('probe health, request resources, bound their memory, and write to no file system of their own', async () => {
    const objects = await renderAll();
    for (const [kind, name] of SERVICES) {
      const container = containerOf(find(objects, kind, name));
      expect(container.resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(container.resources.limits).toEqual({ memory: expect.any(String) });
      expect(container.livenessProbe.httpGet).toMatchObject({ path: '/livez', port: 'health' });
      expect(container.readinessProbe.httpGet).toMatchObject({ path: '/readyz', port: 'health' });
      expect(container.securityContext['readOnlyRootFilesystem']).toBe(true);
    }
  });

  it.each<[string, object, string, string | undefined]>([
    ['on loopback, where the kubelet is as well', {}, '127.0.0.1:9111', '127.0.0.1'],
    ['where it is told to', { address: '10.0.0.1', port: 9 }, '10.0.0.1:9', '10.0.0.1'],
    ['on loopback of IPv6', { address: '[::1]' }, '[::1]:9111', '::1'],
    ['everywhere, when that is wanted', { address: '' }, ':9111', undefined],
  ])('let the daemon serve health and metrics %s', async (_, configDaemon, listen, host) => {
    const daemon = containerOf(find(await renderAll({ values: { configDaemon } }), 'DaemonSet', DAEMON));
    expect(daemon.env).toContainEqual({ name: 'LISTEN', value: listen });
    for (const probe of [daemon.livenessProbe, daemon.readinessProbe]) {
      expect((probe.httpGet as { host?: string }).host).toBe(host);
    }
  });

  it('give the metrics of the daemon to bearers of a token, by a proxy that is asked for', async () => {
    const values = { configDaemon: { metricsProxy: { image: 'proxy:1', port: 9443 } } };
    const paths = ['/metrics', ...DEVICE_PLUGIN_METRICS_PATHS];
    const objects = await renderAll({ values });
    const [, proxy] = podOf(find(objects, 'DaemonSet', DAEMON)).containers as readonly object[];
    expect(proxy).toMatchObject({
      image: 'proxy:1',
      args: ['--secure-listen-address=:9443', '--upstream=http://127.0.0.1:9111/', `--allow-paths=${paths.join(',')}`],
      securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true },
    });
    expect(find(objects, 'ClusterRole', 'sriov-network-operator-config-daemon-metrics-reader')).toMatchObject({
      rules: [{ nonResourceURLs: paths, verbs: ['get'] }],
    });
    expect(names(objects, 'ClusterRole').filter((name) => name.includes('metrics'))).toHaveLength(2);
    expect(JSON.stringify(await renderChart())).not.toContain('tokenreviews');
  });

  it('meet the strictest Pod Security standard of Kubernetes, but for the daemon', async () => {
    const restricted = await createNamespace('restricted');
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await request('PATCH', `/api/v1/namespaces/${restricted}`, { metadata: { labels } });
    const objects = await renderAll({ namespace: restricted });
    const refusalOf = async (workload: Manifest): Promise<string> => {
      const pod = { metadata: { name: workload.metadata.name }, spec: podOf(workload) };
      const { status, body } = await tryRequest('POST', `/api/v1/namespaces/${restricted}/pods?dryRun=All`, pod);
      return status < 400 ? '' : (body as { message: string }).message;
    };
    const deployments = objects.filter(({ kind }) => kind === 'Deployment');
    expect(await Promise.all(deployments.map(refusalOf))).toEqual(deployments.map(() => ''));
    const daemon = find(objects, 'DaemonSet', 'sriov-network-config-daemon');
    expect(await refusalOf(daemon)).toContain('privileged');
  });
});
