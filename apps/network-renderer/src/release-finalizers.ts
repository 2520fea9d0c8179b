import { type CustomResource, FINALIZER, keyOf, type KubeObject } from '@sriov/api';
import { type Network, planAttachment, renderAttachment } from '@sriov/attachment';
import { messageOf } from '@sriov/errors';
import { Cluster, isNotFound, type KubeClient } from '@sriov/kube';
import { ServiceError, type ServiceContext } from '@sriov/runtime';
import { apply } from './apply.ts';
import { NETWORK_KINDS, UPSTREAM_KINDS } from './caches.ts';
import { gatherRemoval } from './gather.ts';
import { type Settings } from './settings.ts';
import { releaseUpstream } from './upstream-finalizers.ts';

/**
 * For uninstall: takes the operator's finalizers off all objects, so that they can be deleted when nobody is left who
 * would do it. What is not being deleted keeps its NetworkAttachmentDefinition: pods need it. Waits for the Lease
 * first: a renderer that still ran would put the finalizers back.
 * @throws {ServiceError} `FINALIZERS_STAY` with the first object that keeps its finalizer, and why
 */
export async function releaseFinalizers(context: ServiceContext<Settings>): Promise<void> {
  const { settings } = context;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const cluster = new Cluster(
    { ...context, signal },
    { service: 'network-renderer', namespace: settings.namespace, kubeconfig: settings.kubeconfig },
  );
  await cluster.lead([], async () => {
    const problems = await releaseAll(cluster.client, context);
    if (problems.length > 0) {
      throw new ServiceError('FINALIZERS_STAY', `${problems.length} objects keep a finalizer: ${problems[0]}`);
    }
    stop.abort();
  });
}

type Ports = Pick<ServiceContext<Settings>, 'log' | 'settings'>;

/** Takes the finalizers off, and returns a sentence for each object that keeps one. */
export async function releaseAll(client: KubeClient, ports: Ports): Promise<string[]> {
  return [...(await releaseNetworks(client, ports)), ...(await releaseOthers(client, ports))];
}

async function releaseNetworks(client: KubeClient, { log, settings }: Ports): Promise<string[]> {
  const problems: string[] = [];
  for (const resource of NETWORK_KINDS) {
    for (const listed of await listOf(client, resource, FINALIZER.network)) {
      // Objects in a list have no kind.
      const network: Network = { ...listed, kind: resource.kind };
      const release = async (): Promise<void> => {
        const steps = await stepsFor(client, network, settings);
        await apply({ client, log }, { resource, network }, steps);
      };
      problems.push(...(await problemOf(release, network)));
    }
  }
  return problems;
}

async function stepsFor(
  client: KubeClient,
  network: Network,
  settings: Settings,
): Promise<ReturnType<typeof planAttachment>['steps']> {
  if (network.metadata.deletionTimestamp === undefined) {
    return [{ kind: 'set-finalizers', finalizers: without(network, FINALIZER.network) }];
  }
  const { namespace: operatorNamespace, resourcePrefix } = settings;
  const rendered = renderAttachment(network, { operatorNamespace, resourcePrefix });
  const facts = { network, rendered, present: undefined, strays: [], namespaceExists: true };
  return planAttachment(await gatherRemoval(client, facts)).steps;
}

async function releaseOthers(client: KubeClient, { log }: Ports): Promise<string[]> {
  const problems: string[] = [];
  for (const kind of UPSTREAM_KINDS) {
    const { resource, finalizer } = kind;
    for (const object of await listOf(client, resource, finalizer)) {
      const release = (): Promise<void> => releaseUpstream({ client, log }, kind, object);
      problems.push(...(await problemOf(release, { ...object, kind: resource.kind })));
    }
  }
  return problems;
}

const without = ({ metadata }: KubeObject, finalizer: string): string[] =>
  (metadata.finalizers ?? []).filter((name) => name !== finalizer);

/** Objects with the finalizer; none where the kind is gone already. */
async function listOf<T extends KubeObject>(
  client: KubeClient,
  resource: CustomResource<T>,
  finalizer: string,
): Promise<T[]> {
  try {
    return (await client.list(resource)).filter(({ metadata }) => metadata.finalizers?.includes(finalizer));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Releases one object. Returns the problem instead of throwing, so that the others are released as well. */
async function problemOf(release: () => Promise<void>, object: KubeObject): Promise<string[]> {
  try {
    await release();
    return [];
  } catch (error) {
    return isNotFound(error) ? [] : [`${object.kind} ${keyOf(object)}: ${messageOf(error)}`];
  }
}
