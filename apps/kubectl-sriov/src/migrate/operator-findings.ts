import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  type KubeObject,
  LABEL,
  type SriovOperatorConfig,
  WEBHOOK_CONFIGURATION,
} from '@sriov/api';
import {
  DAEMON_SET,
  foreignMessage,
  OPERAND_DAEMON_SETS,
  OPERANDS,
  type OperandName,
  type OperandObject,
  readOperandSettings,
  rivalMessage,
} from '@sriov/operands';
import { type Catalog } from '../input/catalog.ts';
import { type Deployed, type Registration, type UpstreamOperator } from './deployed.ts';
import { type MigrationFinding } from './finding.ts';

/** What is to be said of upstream's operator, its operands and its webhooks. */
export function operatorFindings(deployed: Deployed, catalog: Catalog, namespace: string): MigrationFinding[] {
  return [
    ...(deployed.hasDeployments ? [] : [unknownOperator(namespace)]),
    ...deployed.operators.flatMap((operator) => operatorFinding(operator) ?? []),
    ...configFindings(catalog.operatorConfig),
    ...deployed.registrations.map(registrationFinding),
    ...OPERANDS.flatMap((name) => operandFinding(name, deployed, catalog) ?? []),
    ...leftFindings(deployed),
  ];
}

function unknownOperator(namespace: string): MigrationFinding {
  return {
    level: 'note',
    ...{ kind: 'Namespace', name: namespace },
    message: "the input has no Deployment, so nothing is known of upstream's operator",
    cure: 'add deployments,daemonsets,validatingwebhookconfigurations,mutatingwebhookconfigurations to kubectl get, unless upstream was removed',
  };
}

function operatorFinding({ object, replicas }: UpstreamOperator): MigrationFinding | undefined {
  if (replicas === 0) return undefined;
  const { name, namespace, ownerReferences = [] } = object.metadata;
  const version = ownerReferences.find(({ kind }) => kind === 'ClusterServiceVersion');
  const scale = `kubectl scale deployment ${name} --namespace ${namespace ?? ''} --replicas=0`;
  return {
    level: 'first',
    ...{ kind: 'Deployment', namespace, name },
    message: `upstream's operator runs (spec.replicas is ${replicas}): two operators would undo each other's work`,
    cure:
      version === undefined
        ? scale
        : `delete its Subscription and the ClusterServiceVersion ${version.name}, which would start it again`,
  };
}

function configFindings(config: SriovOperatorConfig | undefined): MigrationFinding[] {
  const about = { kind: 'SriovOperatorConfig', name: DEFAULT_OPERATOR_CONFIG_NAME };
  if (config === undefined) {
    const message = 'it is not in the input: without it, the operator manages nothing';
    return [{ level: 'first', ...about, message, cure: 'add sriovoperatorconfigs to kubectl get, or create one' }];
  }
  const { deletionTimestamp, namespace } = config.metadata;
  if (deletionTimestamp === undefined) return [];
  const message = 'it is being deleted, and the node states, the ConfigMap and the DaemonSets go with it';
  const cure = 'let it go, and create it again from a copy of its spec';
  return [{ level: 'first', ...about, namespace, message, cure }];
}

function registrationFinding({ kind, object, asks }: Registration): MigrationFinding {
  const { name } = object.metadata;
  const cause =
    name === WEBHOOK_CONFIGURATION
      ? "it is upstream's, and once upstream's pods are gone, every change of policies is refused"
      : 'it would judge our kinds beside the webhook of this operator';
  return {
    level: 'first',
    ...{ kind, name },
    message: `the API server asks ${asks} about our kinds: ${cause}`,
    cure: `kubectl delete ${kind.toLowerCase()} ${name}`,
  };
}

/** What becomes of the DaemonSet that has the name of an operand. */
function operandFinding(name: OperandName, deployed: Deployed, catalog: Catalog): MigrationFinding | undefined {
  const object = deployed.daemonSets.get(OPERAND_DAEMON_SETS[name]);
  if (object === undefined || object.metadata.labels?.[LABEL.operand] === name) return undefined;
  const about = { kind: 'DaemonSet', namespace: object.metadata.namespace, name: object.metadata.name };
  const present = { resource: DAEMON_SET, object: object as OperandObject };
  if (name === 'sriov-network-device-plugin' && !keepsOriginal(catalog)) {
    return { level: 'first', ...about, ...splitCure(rivalMessage(present)) };
  }
  const foreign = foreignMessage(present, { uid: catalog.operatorConfig?.metadata.uid ?? '' });
  if (foreign !== undefined) return { level: 'first', ...about, ...splitCure(foreign) };
  const message = "it is taken over: the operator's own takes its place, and its pods run on until that replaces them";
  return { level: 'note', ...about, message };
}

/** The chart will have the image of the original device plugin: its settings are in the input. */
function keepsOriginal({ operandSettings }: Catalog): boolean {
  const read = readOperandSettings(operandSettings);
  return read.ok && read.settings.sriovNetworkDevicePlugin.image !== '';
}

/** The messages of the operand controller end with the cure. */
function splitCure(sentence: string): { readonly message: string; readonly cure: string } {
  const end = sentence.indexOf(': ');
  return { message: sentence.slice(0, end), cure: sentence.slice(end + 2) };
}

/** What upstream's operator has made beside the operands, and what to do with it. */
const LEFT: Readonly<Record<string, Pick<MigrationFinding, 'level' | 'message'> & { readonly isRemoved: boolean }>> = {
  'operator-webhook': {
    level: 'first',
    message: "its pods would answer at the Service of this operator's webhook",
    isRemoved: true,
  },
  'network-resources-injector': {
    level: 'note',
    message: 'it runs on, and nobody manages it any more: this version has no injector',
    isRemoved: false,
  },
};

function leftFindings({ daemonSets }: Deployed): MigrationFinding[] {
  return Object.entries(LEFT).flatMap(([name, { level, message, isRemoved }]): MigrationFinding[] => {
    const object: KubeObject | undefined = daemonSets.get(name);
    if (object === undefined) return [];
    const { namespace = '' } = object.metadata;
    const cure = `kubectl delete daemonset/${name} service/${name}-service --namespace ${namespace}`;
    return [{ level, kind: 'DaemonSet', namespace, name, message, ...(isRemoved && { cure }) }];
  });
}
