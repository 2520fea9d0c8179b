import { type KubeObject, REASON, type Resource } from '@sriov/api';
import { done, type Outcome, wait } from '@sriov/controller';
import { type DecidedStatus } from '@sriov/policy-status';
import { type StatusSources } from './nodes-of.ts';
import { type ProgressThrottle } from './progress-throttle.ts';
import { findStatusUpdate, isCurrent, type StatusApi, writeStatus } from './write-status.ts';

/** What a reconcile of a status works with. */
export interface StatusContext extends StatusSources, StatusApi {
  readonly throttle: ProgressThrottle;
}

/** How long to wait for nodes that are being planned. */
const PLANNING_MS = 1_000;

/** Brings the status of a policy or pool up to date, if it is time. `isPlanned`: all nodes it speaks of are. */
export async function reconcileStatus<T extends KubeObject>(
  context: StatusContext,
  about: { readonly key: string; readonly resource: Resource<T>; readonly object: T },
  { isPlanned, isBeingConfigured, ...decided }: DecidedStatus & { readonly isPlanned: boolean },
): Promise<Outcome> {
  const { key, object } = about;
  if (!isPlanned && isCurrent(object)) return wait(PLANNING_MS, REASON.nodesProgressing, 'nodes are being planned');
  const update = findStatusUpdate(object, decided, { now: context.now(), isBeingConfigured });
  if (update !== undefined && update.lastingMs > 0) {
    const ms = context.throttle.delayMs(key, update.lastingMs);
    if (ms > 0) return wait(ms, REASON.nodesProgressing, 'there is progress to be written in a while');
  }
  if (update) await writeStatus(context, about, update);
  context.throttle.forget(key);
  return done(REASON.inSync, 'the status is up to date');
}
