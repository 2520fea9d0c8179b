/** What the chart tells by default, as far as these specs look at it. */
const placement = {
  tolerations: [{ operator: 'Exists' }],
  priorityClassName: '',
  // Not the form in which the API server keeps it.
  resources: { requests: { cpu: '0.05' } },
};

/** The settings as JSON text, with changes per operand. */
export function settingsText(changes: Readonly<Record<string, object>> = {}): string {
  const settings: Record<string, unknown> = {
    labels: { 'app.kubernetes.io/name': 'sriov-network-operator' },
    imagePullPolicy: 'IfNotPresent',
    logLevel: 'info',
    resourcePrefix: 'openshift.io',
    devicePluginConfigShards: 1,
    tls: { cipherSuites: '', minVersion: '' },
    configDaemon: {
      ...placement,
      image: 'config-daemon:1',
      stateFolder: '/etc/sriov-operator',
      configureHostInterfaces: false,
      drainPolicy: 'whenInUse',
      useExternalDrainer: false,
      address: '127.0.0.1',
      port: 9111,
      metricsProxy: { image: '', port: 9112, resources: {} },
      patch: {},
    },
    devicePlugin: {
      ...placement,
      image: 'device-plugin:1',
      kind: 'own',
      useCdi: false,
      allocationPolicy: 'packed',
      logLevel: '',
      port: 9113,
      patch: {},
    },
    sriovNetworkDevicePlugin: { image: '', patch: {} },
    metricsExporter: {
      ...placement,
      image: 'exporter:1',
      port: 9110,
      secretName: 'metrics-exporter-cert',
      proxy: { image: 'proxy:1', resources: {} },
      prometheusOperator: { enabled: false, deployRules: false, tlsConfig: {} },
      patch: {},
    },
    cniPlugins: {
      ...placement,
      images: { sriovCni: '', ibSriovCni: '', ovsCni: '', rdmaCni: '' },
      binPath: '/opt/cni/bin',
      patch: {},
    },
  };
  for (const [operand, change] of Object.entries(changes)) {
    settings[operand] = { ...(settings[operand] as object), ...change };
  }
  return JSON.stringify(settings);
}
