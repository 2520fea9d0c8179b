import {
  controllerReference,
  DEFAULT_OPERATOR_CONFIG_NAME,
  OPERAND_SETTINGS_CONFIG_MAP,
  type OperatorConfigSpec,
  operatorConfigSpecSchema,
  readSpec,
  REASON,
  type Reason,
  type Resource,
  SRIOV_OPERATOR_CONFIG,
  type SriovOperatorConfig,
} from '@sriov/api';
import { isNotFound, type KubeClient } from '@sriov/kube';
import {
  DAEMON_SET,
  type OperandInputs,
  type OperandName,
  type OperandObject,
  type PresentObject,
  PROMETHEUS_RULE,
  readOperandSettings,
  SERVICE,
  SERVICE_MONITOR,
} from '@sriov/operands';
import { type Caches } from './caches.ts';

/** What the operands are made from. */
export type Inputs =
  /** There is no SriovOperatorConfig, or it is going: nothing is made, and nothing is touched. */
  | { readonly kind: 'none' }
  /** One of them cannot be read: everything stays as it is. */
  | { readonly kind: 'unreadable'; readonly reason: Reason; readonly message: string }
  /** `version` differs when what was read differs. */
  | { readonly kind: 'read'; readonly inputs: OperandInputs; readonly version: string };

/** The SriovOperatorConfig, unless there is none or it is going. */
export function operatorConfigOf(caches: Caches, namespace: string): SriovOperatorConfig | undefined {
  const config = caches.operatorConfigs.store.get(`${namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`);
  return config?.metadata.deletionTimestamp === undefined ? config : undefined;
}

/** Reads the SriovOperatorConfig and the settings of the chart from the caches. */
export function gatherInputs(caches: Caches, namespace: string): Inputs {
  const config = operatorConfigOf(caches, namespace);
  if (config === undefined) return { kind: 'none' };
  const spec = readSpec<OperatorConfigSpec>(operatorConfigSpecSchema, config.spec);
  if (!spec.ok) return { kind: 'unreadable', reason: REASON.operatorConfigInvalid, message: spec.message };
  const configMap = caches.settings.store.get(`${namespace}/${OPERAND_SETTINGS_CONFIG_MAP}`);
  const read = readOperandSettings(configMap?.data);
  if (!read.ok) return { kind: 'unreadable', reason: REASON.operandSettingsInvalid, message: read.message };
  const { uid, generation } = config.metadata;
  return {
    kind: 'read',
    inputs: {
      namespace,
      config: spec.value,
      settings: read.settings,
      owner: controllerReference(SRIOV_OPERATOR_CONFIG, config),
    },
    version: [uid, generation, configMap?.metadata.resourceVersion].join(' '),
  };
}

/** Kinds that a cluster may not serve. They have no cache, which would wait for them: the server is asked. */
const UNCERTAIN: Partial<Record<OperandName, readonly Resource<OperandObject>[]>> = {
  'metrics-exporter': [SERVICE_MONITOR, PROMETHEUS_RULE],
};

/** Whether objects of the operand can change without waking anybody. */
export function isUnwatched(name: OperandName): boolean {
  return UNCERTAIN[name] !== undefined;
}

/** All objects of the kinds that the operand has. */
export async function gatherPresent(
  { caches, client, namespace }: { readonly caches: Caches; readonly client: KubeClient; readonly namespace: string },
  name: OperandName,
): Promise<PresentObject[]> {
  const asked = await Promise.all((UNCERTAIN[name] ?? []).map((resource) => listed(client, resource, namespace)));
  return [
    ...caches.daemonSets.store.list().map((object) => ({ resource: DAEMON_SET, object })),
    ...caches.services.store.list().map((object) => ({ resource: SERVICE, object })),
    ...asked.flat(),
  ];
}

/** Objects of a kind; none where the cluster does not serve the kind. */
async function listed(
  client: KubeClient,
  resource: Resource<OperandObject>,
  namespace: string,
): Promise<PresentObject[]> {
  try {
    const objects = await client.list(resource, { namespace });
    return objects.map((object) => ({ resource, object }));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
