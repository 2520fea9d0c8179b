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
      throw new ServiceError('FINALIZERS_STAY', `finalizers stay, for ${problems.length} reasons: ${problems[0]}`);
    }
    stop.abort();
  });
}

type Ports = Pick<ServiceContext<Settings>, 'log' | 'settings'>;

/** Takes the finalizers off, and returns a sentence for each object that keeps one, and for each kind that cannot be listed. */
export async function releaseAll(client: KubeClient, ports: Ports): Promise<string[]> {
  const problems: string[] = [];
  for (const resource of NETWORK_KINDS) {
    const release = (network: Network): Promise<void> => releaseNetwork(client, ports, { resource, network });
    problems.push(...(await releaseKind(client, { resource, finalizer: FINALIZER.network }, release)));
  }
  for (const kind of UPSTREAM_KINDS) {
    const release = (object: KubeObject): Promise<void> => releaseUpstream({ client, log: ports.log }, kind, object);
    problems.push(...(await releaseKind(client, kind, release)));
  }
  return problems;
}

async function releaseNetwork(client: KubeClient, { log, settings }: Ports, subject: Subject): Promise<void> {
  await apply({ client, log }, subject, await stepsFor(client, subject.network, settings));
}

interface Subject {
  readonly resource: CustomResource<Network>;
  readonly network: Network;
}

/** Releases the objects of a kind that have the finalizer. A kind that is gone has none. */
async function releaseKind<T extends KubeObject>(
  client: KubeClient,
  { resource, finalizer }: { readonly resource: CustomResource<T>; readonly finalizer: string },
  release: (object: T) => Promise<void>,
): Promise<string[]> {
  const { kind } = resource;
  const objects: T[] = [];
  const problems = await problemOf(kind, async () => {
    const listed = await client.list(resource);
    objects.push(...listed.filter(({ metadata }) => metadata.finalizers?.includes(finalizer)));
  });
  for (const object of objects) {
    // Objects in a list have no kind.
    problems.push(...(await problemOf(`${kind} ${keyOf(object)}`, () => release({ ...object, kind }))));
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

const without = ({ metadata }: KubeObject, finalizer: string): string[] =>
  (metadata.finalizers ?? []).filter((name) => name !== finalizer);

/** Does one part of the work. Returns the problem instead of throwing, so that the rest is done as well. */
async function problemOf(subject: string, work: () => Promise<void>): Promise<string[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return isNotFound(error) ? [] : [`${subject}: ${messageOf(error)}`];
  }
}
