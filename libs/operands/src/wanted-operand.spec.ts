import { describe, expect, it } from '@jest/globals';
import { LABEL, type OperatorConfigSpec } from '@sriov/api';
import { type JsonObject } from './json.ts';
import { OPERANDS, type OperandName } from './operand.ts';
import { type OperandSettings } from './settings.ts';
import {
  containersOf,
  envValue,
  inputsOf,
  make,
  objectsOf,
  OWNER,
  podOf,
  SETTINGS,
  templateOf,
} from './test/inputs.ts';

const ORIGINAL = { sriovNetworkDevicePlugin: { image: 'original:1', patch: {} } };
const ALL_CNI = { sriovCni: 'a:1', ibSriovCni: 'b:1', ovsCni: 'c:1', rdmaCni: 'd:1' };
const EVERYTHING: Partial<OperandSettings> = {
  ...ORIGINAL,
  cniPlugins: { ...SETTINGS.cniPlugins, images: ALL_CNI },
  metricsExporter: {
    ...SETTINGS.metricsExporter,
    prometheusOperator: { enabled: true, deployRules: true, tlsConfig: {} },
  },
};
const ON: OperatorConfigSpec = { featureGates: { metricsExporter: true } };
const WORKERS = { [LABEL.worker]: '', [LABEL.os]: 'linux' };

describe('by default', () => {
  it.each<[OperandName, string[]]>([
    ['config-daemon', ['DaemonSet/sriov-network-config-daemon']],
    ['device-plugin', ['DaemonSet/sriov-operator-device-plugin']],
    ['sriov-network-device-plugin', []],
    ['metrics-exporter', []],
    ['cni-plugins', []],
  ])('%s is %j', (name, expected) => {
    expect(objectsOf(make(name))).toEqual(expected);
  });
});

describe.each(OPERANDS)('%s, when everything is wanted', (name) => {
  const operand = make(name, ON, EVERYTHING);
  const objects = operand.kind === 'on' ? operand.objects : [];

  it('has objects that say whose they are, in the namespace of the operator', () => {
    expect(objects.length).toBeGreaterThan(0);
    for (const { object } of objects) {
      expect(object.metadata).toMatchObject({
        namespace: 'operator',
        ownerReferences: [OWNER],
        labels: { [LABEL.operand]: name, 'app.kubernetes.io/component': name, ...SETTINGS.labels },
      });
    }
  });

  it('selects its own pods alone', () => {
    const { matchLabels } = objects[0]?.object.spec?.['selector'] as { matchLabels: Record<string, string> };
    const { labels } = templateOf(operand)['metadata'] as { labels: Record<string, string> };
    expect(Object.entries(labels)).toEqual(expect.arrayContaining(Object.entries(matchLabels)));
    expect(Object.keys(matchLabels)).toEqual(['app']);
    expect(labels['app']).toBe(objects[0]?.object.metadata.name);
  });

  it('has a volume for each mount, and a mount for each volume', () => {
    const namesIn = (list: unknown): string[] => (list as { name: string }[]).map(({ name: volume }) => volume).sort();
    const mounted = new Set(containersOf(operand).flatMap(({ volumeMounts = [] }) => namesIn(volumeMounts)));
    expect(namesIn(podOf(operand)['volumes'])).toEqual([...mounted].sort());
  });

  it('runs where and as it is told', () => {
    const elsewhere = { tolerations: [{ key: 'x' }], priorityClassName: 'mine' };
    const settings = Object.fromEntries(
      Object.entries({ ...SETTINGS, ...EVERYTHING }).map(([key, value]) => [
        key,
        typeof value === 'object' && 'tolerations' in value ? { ...value, ...elsewhere } : value,
      ]),
    );
    expect(podOf(make(name, ON, { ...settings, imagePullPolicy: 'Always' }))).toMatchObject(elsewhere);
    for (const container of containersOf(make(name, ON, { ...EVERYTHING, imagePullPolicy: 'Never' }))) {
      expect(container['imagePullPolicy']).toBe('Never');
    }
  });

  it('asks for no toleration and no priority where none is given', () => {
    const bare = { tolerations: [], priorityClassName: '' };
    const settings = { ...SETTINGS, ...EVERYTHING };
    const pod = podOf(
      make(name, ON, {
        ...settings,
        configDaemon: { ...settings.configDaemon, ...bare },
        devicePlugin: { ...settings.devicePlugin, ...bare },
        metricsExporter: { ...settings.metricsExporter, ...bare },
        cniPlugins: { ...settings.cniPlugins, ...bare },
      }),
    );
    expect(Object.keys(pod)).toEqual(expect.not.arrayContaining(['tolerations', 'priorityClassName']));
  });
});

describe('a field of the SriovOperatorConfig', () => {
  const selector = { nics: 'fast' };
  it.each<[string, OperatorConfigSpec, OperandName, JsonObject]>([
    ['no node selector', {}, 'config-daemon', WORKERS],
    ['an empty node selector', { configDaemonNodeSelector: {} }, 'config-daemon', WORKERS],
    ['a node selector', { configDaemonNodeSelector: selector }, 'config-daemon', selector],
    [
      'a node selector',
      { ...ON, configDaemonNodeSelector: selector },
      'metrics-exporter',
      { [LABEL.os]: 'linux', ...selector },
    ],
    ['a node selector', { configDaemonNodeSelector: selector }, 'cni-plugins', { [LABEL.os]: 'linux', ...selector }],
    [
      'a node selector',
      { configDaemonNodeSelector: selector },
      'device-plugin',
      { [LABEL.os]: 'linux', [LABEL.devicePlugin]: 'Enabled' },
    ],
    [
      'a node selector',
      { configDaemonNodeSelector: selector },
      'sriov-network-device-plugin',
      { [LABEL.os]: 'linux', [LABEL.devicePlugin]: 'Enabled' },
    ],
  ])('%s: %o gives %s its nodes', (_, config, name, expected) => {
    expect(podOf(make(name, config, EVERYTHING))['nodeSelector']).toEqual(expected);
  });

  it.each<[number | undefined, string]>([
    [undefined, 'info'],
    [0, 'warn'],
    [1, 'info'],
    [2, 'debug'],
  ])('logLevel %s makes the daemon and the device plugin log %s', (logLevel, expected) => {
    const config = logLevel === undefined ? {} : { logLevel };
    expect(envValue(make('config-daemon', config), 'LOG_LEVEL')).toBe(expected);
    expect(envValue(make('device-plugin', config), 'LOG_LEVEL')).toBe(expected);
  });

  it('logLevel does not count for a device plugin with a level of its own', () => {
    const devicePlugin = { ...SETTINGS.devicePlugin, logLevel: 'trace' };
    expect(envValue(make('device-plugin', { logLevel: 0 }, { devicePlugin }), 'LOG_LEVEL')).toBe('trace');
  });

  it.each<[boolean | undefined, boolean, boolean]>([
    [undefined, false, false],
    [undefined, true, true],
    [true, false, true],
    [false, true, false],
  ])('useCDI %s, where the chart says %s, gives both device plugins CDI: %s', (useCDI, useCdi, expected) => {
    const settings = { ...ORIGINAL, devicePlugin: { ...SETTINGS.devicePlugin, useCdi } };
    for (const name of ['device-plugin', 'sriov-network-device-plugin'] as const) {
      const operand = make(name, useCDI === undefined ? {} : { useCDI }, settings);
      for (const { args } of containersOf(operand)) expect((args as string[]).includes('--use-cdi')).toBe(expected);
      expect(JSON.stringify(podOf(operand)).includes('/var/run/cdi')).toBe(expected);
    }
  });

  it('configDaemonEnvVars are variables of the daemon, and win over what the operator sets', () => {
    const config = { configDaemonEnvVars: { AUDIT_SECONDS: '60', STATE_FOLDER: '/var/lib/x' } };
    const operand = make('config-daemon', config);
    expect([envValue(operand, 'AUDIT_SECONDS'), envValue(operand, 'STATE_FOLDER')]).toEqual(['60', '/var/lib/x']);
    const variables = containersOf(operand)[0]?.['env'] as { name: string }[];
    expect(new Set(variables.map(({ name }) => name)).size).toBe(variables.length);
    expect(operand).toMatchObject({ remarks: [] });
  });

  it.each(['NODE_NAME', 'POD_NAME', 'NAMESPACE', 'HOST_ROOT', 'LISTEN'])(
    'configDaemonEnvVars cannot take %s from the daemon',
    (name) => {
      const operand = make('config-daemon', { configDaemonEnvVars: { [name]: 'other' } });
      expect(envValue(operand, name)).not.toBe('other');
      expect(operand).toMatchObject({
        remarks: [`spec.configDaemonEnvVars does not count for ${name}, which the operator sets`],
      });
    },
  );

  it('gate metricsExporter brings the exporter, and what Prometheus needs where that is asked for', () => {
    const base = ['DaemonSet/sriov-network-metrics-exporter', 'Service/sriov-network-metrics-exporter-service'];
    const monitor = 'ServiceMonitor/sriov-network-metrics-exporter';
    const with_ = (enabled: boolean, deployRules: boolean): string[] => {
      const prometheusOperator = { enabled, deployRules, tlsConfig: {} };
      return objectsOf(
        make('metrics-exporter', ON, { metricsExporter: { ...SETTINGS.metricsExporter, prometheusOperator } }),
      );
    };
    expect(with_(false, true)).toEqual(base);
    expect(with_(true, false)).toEqual([...base, monitor]);
    expect(with_(true, true)).toEqual([...base, monitor, 'PrometheusRule/sriov-vf-rules']);
    expect(objectsOf(make('metrics-exporter', { featureGates: { metricsExporter: false } }))).toEqual([]);
  });
});

describe('a setting of the chart', () => {
  it.each<[string, string, string, string]>([
    ['the exporter', '', 'proxy:1', 'spec.featureGates.metricsExporter needs the image of the exporter'],
    ['its proxy', 'exporter:1', '', 'spec.featureGates.metricsExporter needs the image of its proxy'],
    ['both', '', '', 'spec.featureGates.metricsExporter needs the image of the exporter and the image of its proxy'],
  ])('without the image of %s, the exporter is impossible and not unwanted', (_, image, proxyImage, message) => {
    const proxy = { ...SETTINGS.metricsExporter.proxy, image: proxyImage };
    const metricsExporter = { ...SETTINGS.metricsExporter, image, proxy };
    expect(make('metrics-exporter', ON, { metricsExporter })).toEqual({ kind: 'impossible', message });
    expect(make('metrics-exporter', {}, { metricsExporter })).toEqual({ kind: 'off' });
  });

  it('makes nodes have the original, whose image is missing: that is impossible and not unwanted', () => {
    const devicePlugin = { ...SETTINGS.devicePlugin, kind: 'sriov-network-device-plugin' as const };
    expect(make('sriov-network-device-plugin', {}, { devicePlugin })).toMatchObject({ kind: 'impossible' });
  });

  it.each<['own' | 'sriov-network-device-plugin', object, object]>([
    [
      'own',
      { operator: 'NotIn', values: ['sriov-network-device-plugin'] },
      { operator: 'In', values: ['sriov-network-device-plugin'] },
    ],
    ['sriov-network-device-plugin', { operator: 'In', values: ['own'] }, { operator: 'NotIn', values: ['own'] }],
  ])('%s as the default decides which device plugin runs on which node', (kind, own, original) => {
    const settings = { ...ORIGINAL, devicePlugin: { ...SETTINGS.devicePlugin, kind } };
    const requirementOf = (name: OperandName): unknown => {
      const text = JSON.stringify(podOf(make(name, {}, settings))['affinity']);
      return /"matchExpressions":\[(.*?\})\]/.exec(text)?.[1];
    };
    const key = LABEL.devicePluginKind;
    expect(requirementOf('device-plugin')).toBe(JSON.stringify({ key, ...own }));
    expect(requirementOf('sriov-network-device-plugin')).toBe(JSON.stringify({ key, ...original }));
  });

  it('without the original, a label that asks for it does not part a node from the only device plugin', () => {
    expect(podOf(make('device-plugin'))).not.toHaveProperty('affinity');
  });

  it('spreads the configuration over several ConfigMaps', () => {
    const [config] = podOf(make('device-plugin', {}, { devicePluginConfigShards: 2 }))['volumes'] as JsonObject[];
    expect(config).toEqual({
      name: 'config',
      projected: {
        sources: ['device-plugin-config', 'device-plugin-config-1'].map((name) => ({
          configMap: { name, optional: true },
        })),
      },
    });
  });

  it.each<[string, string, string | undefined]>([
    ['127.0.0.1', '127.0.0.1:9111', '127.0.0.1'],
    ['[::1]', '[::1]:9111', '::1'],
    ['0.0.0.0', '0.0.0.0:9111', undefined],
    ['[::]', '[::]:9111', undefined],
    ['', ':9111', undefined],
  ])('address %j of the daemon is where it listens and is asked', (address, listen, host) => {
    const proxied = { ...SETTINGS.configDaemon.metricsProxy, image: 'proxy:1' };
    const operand = make(
      'config-daemon',
      {},
      { configDaemon: { ...SETTINGS.configDaemon, address, metricsProxy: proxied } },
    );
    const [daemon, proxy] = containersOf(operand);
    expect(envValue(operand, 'LISTEN')).toBe(listen);
    const httpGet = { path: '/livez', port: 'health', ...(host !== undefined && { host }) };
    expect(daemon?.['livenessProbe']).toMatchObject({ httpGet });
    expect((daemon?.['livenessProbe'] as { httpGet: object }).httpGet).toEqual(httpGet);
    expect(proxy?.['args']).toContain(`--upstream=http://${host === undefined ? '127.0.0.1' : address}:9111/`);
  });

  it('installs the CNI plugins whose images are set, each in a container of its own', () => {
    const with_ = (images: Partial<typeof ALL_CNI>): unknown[] => {
      const cniPlugins = { ...SETTINGS.cniPlugins, images: { ...SETTINGS.cniPlugins.images, ...images } };
      return containersOf(make('cni-plugins', {}, { cniPlugins })).map(({ name, image }) => [name, image]);
    };
    expect(with_({ ibSriovCni: 'b:1' })).toEqual([['sriov-infiniband-cni', 'b:1']]);
    expect(with_(ALL_CNI)).toEqual([
      ['sriov-cni', 'a:1'],
      ['sriov-infiniband-cni', 'b:1'],
      ['ovs-cni', 'c:1'],
      ['rdma-cni', 'd:1'],
    ]);
  });

  it('tls reaches the proxies', () => {
    const tls = { cipherSuites: 'TLS_AES_128_GCM_SHA256', minVersion: 'VersionTLS13' };
    const flags = ['--tls-cipher-suites=TLS_AES_128_GCM_SHA256', '--tls-min-version=VersionTLS13'];
    const metricsProxy = { ...SETTINGS.configDaemon.metricsProxy, image: 'proxy:1' };
    const settings = { tls, configDaemon: { ...SETTINGS.configDaemon, metricsProxy } };
    for (const name of ['config-daemon', 'metrics-exporter'] as const) {
      expect(containersOf(make(name, ON, settings))[1]?.['args']).toEqual(expect.arrayContaining(flags));
      const plain = containersOf(make(name, ON, { configDaemon: settings.configDaemon }))[1]?.['args'] as string[];
      expect(plain.filter((flag) => flag.startsWith('--tls-cipher') || flag.startsWith('--tls-min'))).toEqual([]);
    }
  });

  it('tlsConfig says what the ServiceMonitor trusts instead of the ca.crt of the Secret', () => {
    const trustOf = (tlsConfig: JsonObject): unknown => {
      const prometheusOperator = { enabled: true, deployRules: false, tlsConfig };
      const operand = make('metrics-exporter', ON, {
        metricsExporter: { ...SETTINGS.metricsExporter, prometheusOperator },
      });
      const spec = operand.kind === 'on' ? operand.objects[2]?.object.spec : undefined;
      return (spec?.['endpoints'] as JsonObject[])[0]?.['tlsConfig'];
    };
    const serverName = 'sriov-network-metrics-exporter-service.operator.svc';
    expect(trustOf({})).toEqual({ serverName, ca: { secret: { name: 'metrics-exporter-cert', key: 'ca.crt' } } });
    expect(trustOf({ insecureSkipVerify: true })).toEqual({ serverName, insecureSkipVerify: true });
  });
});

describe('a patch by the administrator', () => {
  const patched = (patch: JsonObject): ReturnType<typeof make> =>
    make('config-daemon', {}, { configDaemon: { ...SETTINGS.configDaemon, patch } });

  it('changes what it names', () => {
    const operand = patched({
      metadata: { annotations: { 'example.org/a': 'b' } },
      spec: {
        template: {
          metadata: { annotations: { scrape: 'yes' } },
          spec: { containers: [{ name: 'config-daemon', resources: { limits: { memory: '1Gi' } } }] },
        },
      },
    });
    expect(operand).toMatchObject({ kind: 'on', remarks: [] });
    expect(objectsOf(operand)).toHaveLength(1);
    expect(containersOf(operand)[0]?.['resources']).toMatchObject({
      limits: { memory: '1Gi' },
      requests: { cpu: '10m' },
    });
    expect(templateOf(operand)['metadata']).toMatchObject({ annotations: { scrape: 'yes' } });
  });

  it.each<[string, JsonObject, string]>([
    ['rename it', { metadata: { name: 'other' } }, 'metadata.name'],
    ['move it', { metadata: { namespace: 'other' } }, 'metadata.namespace'],
    ['part it from its pods', { spec: { selector: { matchLabels: { x: 'y' } } } }, 'spec.selector.matchLabels.x'],
    [
      'label its pods as those of others',
      { spec: { template: { metadata: { labels: { app: 'x' } } } } },
      'spec.template.metadata.labels.app',
    ],
    ['give it away', { metadata: { labels: { [LABEL.operand]: 'x' } } }, `metadata.labels.${LABEL.operand}`],
    [
      'give it another owner',
      { metadata: { ownerReferences: [{ uid: 'x', name: 'x' }] } },
      'metadata.ownerReferences["x"]',
    ],
    ['give it what is no text as a label', { metadata: { labels: { x: 1 } } }, 'metadata.labels.x'],
    ['write its status', { status: { numberReady: 1 } }, 'status'],
  ])('cannot %s, and the status says so', (_, patch, path) => {
    const operand = patched(patch);
    const remark = `the patch of the DaemonSet sriov-network-config-daemon does not count at ${path}`;
    expect(operand).toMatchObject({ kind: 'on', remarks: [remark] });
    expect({ ...operand, remarks: [] }).toEqual({ ...make('config-daemon'), remarks: [] });
  });

  it('of one operand changes no other', () => {
    const settings = { ...SETTINGS, ...EVERYTHING };
    const patch = { spec: { template: { spec: { nodeName: 'x' } } } };
    for (const patchedOne of OPERANDS) {
      const key = patchedOne.replace(/-(.)/g, (__, letter: string) => letter.toUpperCase()) as 'configDaemon';
      const changed = { ...settings, [key]: { ...settings[key], patch } };
      const names = OPERANDS.filter(
        (name) => JSON.stringify(make(name, ON, changed)) !== JSON.stringify(make(name, ON, settings)),
      );
      expect(names).toEqual([patchedOne]);
    }
    expect(inputsOf().namespace).toBe('operator');
  });
});
