import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  LABEL,
  OPERAND_SETTINGS_CONFIG_MAP,
  type Resource,
  type ServiceName,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { Cluster, CONFIG_MAP, isNotFound, type KubeClient, LEASE, NODE } from '@sriov/kube';
import {
  DAEMON_SET,
  isMadeForChart,
  type OperandObject,
  OPERANDS,
  PROMETHEUS_RULE,
  SERVICE,
  SERVICE_MONITOR,
} from '@sriov/operands';
import { ServiceError, type ServiceContext } from '@sriov/runtime';
import { type Settings } from './settings.ts';

/**
 * For uninstall, when no service of the release runs any more: removes the objects of all operands, the
 * SriovOperatorConfig where it is the chart's, the label of the device plugin on nodes, and the Leases. The garbage
 * collector removes the node states with the SriovOperatorConfig. VFs stay.
 * @throws {ServiceError} `STILL_INSTALLED`, before anything is removed; `OPERANDS_STAY` with the first object that stays,
 * and why
 */
export async function removeOperands(context: ServiceContext<Settings>): Promise<void> {
  const { settings } = context;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const cluster = new Cluster(
    { ...context, signal },
    { service: 'operand-controller', namespace: settings.namespace, kubeconfig: settings.kubeconfig },
  );
  await cluster.follow([], async () => {
    await refuseWhileInstalled(cluster.client, settings);
    const problems = await removeAll(cluster.client, context);
    if (problems.length > 0) {
      throw new ServiceError('OPERANDS_STAY', `${problems.length} objects stay: ${problems[0]}`);
    }
    stop.abort();
  });
}

/**
 * helm runs this when the release is gone. Others also apply it with the rest, such as all that `helm template` prints,
 * and then it would take the daemons and node states of a cluster at work.
 */
async function refuseWhileInstalled(client: KubeClient, { namespace }: Settings): Promise<void> {
  const name = OPERAND_SETTINGS_CONFIG_MAP;
  const present = await client.get(CONFIG_MAP, { name, namespace }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (present === undefined || present.metadata.deletionTimestamp !== undefined) return;
  throw new ServiceError(
    'STILL_INSTALLED',
    `the ConfigMap ${namespace}/${name} is there, so the release is installed: nothing is removed; uninstall the release first`,
  );
}

type Ports = Pick<ServiceContext<Settings>, 'log' | 'settings'>;

/** Something that is there and has to go. */
interface Removal {
  readonly name: string;
  readonly remove: () => Promise<unknown>;
}

type Find = (client: KubeClient, settings: Settings) => Promise<Removal[]>;

/** In this order: the DaemonSets first, because they hold the privileged pods. */
const FINDS: readonly (readonly [string, Find])[] = [
  ...[DAEMON_SET, SERVICE, SERVICE_MONITOR, PROMETHEUS_RULE].map(
    (resource) => [resource.kind, findOperands(resource)] as const,
  ),
  [SRIOV_OPERATOR_CONFIG.kind, findOperatorConfig],
  [NODE.kind, findLabels],
  [LEASE.kind, findLeases],
];

/** Removes what there is, and returns a sentence for each object that stays, and for each kind that cannot be listed. */
async function removeAll(client: KubeClient, { log, settings }: Ports): Promise<string[]> {
  const problems: string[] = [];
  /** The others go on when one fails. What is gone, or of a kind that is gone, is no failure. */
  const attempt = async (subject: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isNotFound(error)) problems.push(`${subject}: ${messageOf(error)}`);
    }
  };
  for (const [kind, find] of FINDS) {
    const removals: Removal[] = [];
    await attempt(kind, async () => removals.push(...(await find(client, settings))));
    for (const { name, remove } of removals) {
      await attempt(`${kind} ${name}`, async () => {
        await remove();
        log.info({ kind, name }, 'removed');
      });
    }
  }
  return problems;
}

function findOperands(resource: Resource<OperandObject>): Find {
  return async (client, { namespace }) => {
    const objects = await client.list(resource, {
      namespace,
      labelSelector: `${LABEL.operand} in (${OPERANDS.join()})`,
    });
    return objects.map(({ metadata }) => ({
      name: metadata.name,
      remove: () => client.delete(resource, metadata, { uid: metadata.uid }),
    }));
  };
}

async function findOperatorConfig(client: KubeClient, settings: Settings): Promise<Removal[]> {
  const { namespace, remove } = settings;
  if (remove !== 'operands-and-operator-config') return [];
  const config = await client.get(SRIOV_OPERATOR_CONFIG, { name: DEFAULT_OPERATOR_CONFIG_NAME, namespace });
  if (!isMadeForChart(config)) return [];
  const { name, uid } = config.metadata;
  return [{ name, remove: () => client.delete(SRIOV_OPERATOR_CONFIG, { name, namespace }, { uid }) }];
}

/** Nodes are many and large: only their metadata is asked for. */
async function findLabels(client: KubeClient): Promise<Removal[]> {
  const removals: Removal[] = [];
  let continueToken: string | undefined;
  do {
    const page = await client.page(NODE, {
      ...{ labelSelector: LABEL.devicePlugin, metadataOnly: true, limit: 500, continueToken },
    });
    removals.push(...page.items.map(({ metadata: { name } }) => ({ name, remove: () => unlabel(client, name) })));
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  return removals;
}

function unlabel(client: KubeClient, name: string): Promise<unknown> {
  const labels = { [LABEL.devicePlugin]: null };
  return client.mergePatch(NODE, { name }, { patch: { metadata: { labels } }, metadataOnly: true });
}

/** The services that lead by a Lease. It has their name. */
const LEADERS: readonly ServiceName[] = [
  'policy-controller',
  'network-renderer',
  'operand-controller',
  'drain-controller',
];

function findLeases(client: KubeClient, { namespace }: Settings): Promise<Removal[]> {
  return Promise.resolve(LEADERS.map((name) => ({ name, remove: () => client.delete(LEASE, { name, namespace }) })));
}
