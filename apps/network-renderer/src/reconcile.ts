import { type CustomResource, REASON } from '@sriov/api';
import { type Network, planAttachment } from '@sriov/attachment';
import { done, type Outcome } from '@sriov/controller';
import { type KubeClient } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';
import { apply } from './apply.ts';
import { type Caches } from './caches.ts';
import { gather, gatherRemoval } from './gather.ts';
import { type Settings } from './settings.ts';

/** What a reconcile works with. */
export interface ReconcileContext {
  readonly resource: CustomResource<Network>;
  readonly caches: Caches;
  readonly client: KubeClient;
  readonly settings: Settings;
  readonly log: Logger;
}

/** Brings the NetworkAttachmentDefinition of one network CR in line with it. */
export async function reconcile(context: ReconcileContext, key: string): Promise<Outcome> {
  const cached = gather(context.caches, { kind: context.resource.kind, key }, context.settings);
  if (cached === undefined) return done(REASON.networkReady, 'the network is gone');
  const isGoing = cached.network.metadata.deletionTimestamp !== undefined;
  const facts = isGoing ? await gatherRemoval(context.client, cached) : cached;
  const plan = planAttachment(facts);
  await apply(context, { resource: context.resource, network: facts.network }, plan.steps);
  return plan.verdict;
}
