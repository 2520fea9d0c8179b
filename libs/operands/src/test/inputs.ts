import { apiVersionOf, type OperatorConfigSpec, type OwnerReference, SRIOV_OPERATOR_CONFIG } from '@sriov/api';
import { type JsonObject } from '../json.ts';
import { type Operand, type OperandInputs, type OperandName } from '../operand.ts';
import { type OperandSettings } from '../settings.ts';
import { wantedOperand } from '../wanted-operand.ts';

const RESOURCES = { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '192Mi' } };
const PLACEMENT = {
  tolerations: [{ operator: 'Exists' }],
  priorityClassName: 'system-node-critical',
  resources: RESOURCES,
};

/** What the chart tells by default. */
export const SETTINGS: OperandSettings = {
  labels: { 'app.kubernetes.io/name': 'sriov-network-operator' },
  imagePullPolicy: 'IfNotPresent',
  logLevel: 'info',
  resourcePrefix: 'openshift.io',
  devicePluginConfigShards: 1,
  tls: { cipherSuites: '', minVersion: '' },
  configDaemon: {
    ...PLACEMENT,
    image: 'config-daemon:1',
    stateFolder: '/etc/sriov-operator',
    configureHostInterfaces: false,
    drainPolicy: 'whenInUse',
    useExternalDrainer: false,
    address: '127.0.0.1',
    port: 9111,
    metricsProxy: { image: '', port: 9112, resources: RESOURCES },
    patch: {},
  },
  devicePlugin: {
    ...PLACEMENT,
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
    ...PLACEMENT,
    image: 'exporter:1',
    port: 9110,
    secretName: 'metrics-exporter-cert',
    proxy: { image: 'proxy:1', resources: RESOURCES },
    prometheusOperator: { enabled: false, deployRules: false, tlsConfig: {} },
    patch: {},
  },
  cniPlugins: {
    ...PLACEMENT,
    images: { sriovCni: '', ibSriovCni: '', ovsCni: '', rdmaCni: '' },
    binPath: '/opt/cni/bin',
    patch: {},
  },
};

export const OWNER: OwnerReference = {
  apiVersion: apiVersionOf(SRIOV_OPERATOR_CONFIG),
  kind: SRIOV_OPERATOR_CONFIG.kind,
  name: 'default',
  uid: 'uid-of-config',
  controller: true,
  blockOwnerDeletion: true,
};

export function inputsOf(config: OperatorConfigSpec = {}, settings: Partial<OperandSettings> = {}): OperandInputs {
  return { namespace: 'operator', config, owner: OWNER, settings: { ...SETTINGS, ...settings } };
}

/** The spec of the pods of an operand that is wanted. */
export function podOf(operand: Operand): JsonObject {
  return templateOf(operand)['spec'] as JsonObject;
}

export function templateOf(operand: Operand): JsonObject {
  if (operand.kind !== 'on') throw new Error(`the operand is ${operand.kind}`);
  return operand.objects[0]?.object.spec?.['template'] as JsonObject;
}

export function containersOf(operand: Operand): readonly JsonObject[] {
  return podOf(operand)['containers'] as readonly JsonObject[];
}

/** The value of a variable of the first container. */
export function envValue(operand: Operand, name: string): unknown {
  const variables = containersOf(operand)[0]?.['env'] as readonly JsonObject[];
  return variables.find((variable) => variable['name'] === name)?.['value'];
}

/** The objects of an operand as `Kind/name`. */
export function objectsOf(operand: Operand): string[] {
  const objects = operand.kind === 'on' ? operand.objects : [];
  return objects.map(({ resource, object }) => `${resource.kind}/${object.metadata.name}`);
}

export const make = (
  name: OperandName,
  config: OperatorConfigSpec = {},
  settings: Partial<OperandSettings> = {},
): Operand => wantedOperand(inputsOf(config, settings), name);
