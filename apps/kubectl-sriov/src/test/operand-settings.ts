/** Settings of the chart with all images, as far as these specs look at them. */
const placement = { tolerations: [{ operator: 'Exists' }], priorityClassName: '', resources: {} };
const SETTINGS = {
  labels: { 'app.kubernetes.io/name': 'sriov-network-operator' },
  ...{ imagePullPolicy: 'IfNotPresent', logLevel: 'info', resourcePrefix: 'openshift.io', devicePluginConfigShards: 1 },
  tls: { cipherSuites: '', minVersion: '' },
  configDaemon: {
    ...placement,
    ...{ image: 'config-daemon:1', stateFolder: '/etc/sriov-operator', configureHostInterfaces: false },
    ...{ drainPolicy: 'whenInUse', useExternalDrainer: false },
    ...{ address: '127.0.0.1', port: 9111, metricsProxy: { image: '', port: 9112, resources: {} }, patch: {} },
  },
  metricsExporter: {
    ...placement,
    ...{ image: '', port: 9110, secretName: 'exporter', proxy: { image: '', resources: {} }, patch: {} },
    prometheusOperator: { enabled: false, deployRules: false, tlsConfig: {} },
  },
  cniPlugins: {
    ...placement,
    ...{ images: { sriovCni: '', ibSriovCni: '', ovsCni: '', rdmaCni: '' }, binPath: '/opt/cni/bin', patch: {} },
  },
};

/** The ConfigMap that the chart writes when every node is to keep the original device plugin with this image. */
export function operandSettings(originalPlugin: string, namespace: string): object {
  const settings = {
    ...SETTINGS,
    devicePlugin: {
      ...placement,
      ...{ image: 'device-plugin:1', kind: 'sriov-network-device-plugin', useCdi: false, allocationPolicy: 'packed' },
      ...{ logLevel: '', port: 9113, patch: {} },
    },
    sriovNetworkDevicePlugin: { image: originalPlugin, patch: {} },
  };
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'operand-settings', namespace } },
    data: { 'settings.json': JSON.stringify(settings) },
  };
}
