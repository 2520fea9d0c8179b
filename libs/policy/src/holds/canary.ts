import { type Condition, CONDITION, type PoolCanary, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { readRolloutRecord, type RolloutRecord } from './rollout-record.ts';

/** A managed node of a pool that asks for a canary. */
export interface CanaryMember {
  readonly name: string;
  readonly state: SriovNetworkNodeState | undefined;
  /** The change of the node has been permitted or has begun, and its state does not show it yet. */
  readonly isGranted: boolean;
}

/** How far a node is with the spec that it was given as a canary. */
type Proof =
  | { readonly kind: 'failed'; readonly why: readonly string[] }
  /** Not done yet, or done and to be watched until a time in ms since the epoch. */
  | { readonly kind: 'waiting'; readonly until?: number }
  | { readonly kind: 'proven' };

/** How far the canary of a pool is. All of it is read from the node states, so each replica comes to the same end. */
export interface Canary {
  readonly pool: string;
  readonly rollout: string;
  /** How many nodes may begin first. A sentence where the pool says no number: then no node begins. */
  readonly places: number | string;
  readonly succeededForMs: number;
  /** The nodes that have a place, and how far they are: by name. */
  readonly holders: ReadonlyMap<string, Proof>;
  /** The others may begin. */
  readonly isDone: boolean;
}

/** What of a pool its canary depends on. */
export interface CanaryPool {
  readonly name: string;
  readonly rules: PoolCanary;
  readonly rollout: string;
  readonly members: readonly CanaryMember[];
}

/**
 * Looks at the canary of a pool. A place is taken by a node that got its spec in this roll-out before the canary was
 * done, and by one of an earlier roll-out that never came so far and has not proven itself: what it got may be what is
 * wrong. Once a node of the rest has got its spec, the canary is done for good: it is watched for the time that the pool
 * says, and not longer.
 */
export function canaryOf({ name, rules, rollout, members }: CanaryPool, now: number): Canary {
  const succeededForMs = (rules.succeededForSeconds ?? 0) * 1_000;
  const records = members.flatMap((member) => {
    const record = recordOf(member, { rollout, now });
    return record === undefined ? [] : [{ member, record, proof: proofOf(member, record, { succeededForMs, now }) }];
  });
  const done = new Set(records.flatMap(({ record }) => (record.part === 'rest' ? record.rollout : [])));
  const takesPlace = (record: RolloutRecord, proof: Proof): boolean =>
    record.part === 'canary' && (record.rollout === rollout || (proof.kind !== 'proven' && !done.has(record.rollout)));
  const holders = new Map(
    records.filter(({ record, proof }) => takesPlace(record, proof)).map(({ member, proof }) => [member.name, proof]),
  );
  const places = readPlaces(rules.nodes, members.length);
  const proven = [...holders.values()].filter(({ kind }) => kind === 'proven').length;
  const isDone = done.has(rollout) || (typeof places === 'number' && proven >= places);
  return { pool: name, rollout, places, succeededForMs, holders, isDone };
}

function recordOf(
  { state, isGranted }: CanaryMember,
  { rollout, now }: { readonly rollout: string; readonly now: number },
): RolloutRecord | undefined {
  return isGranted ? { part: 'canary', rollout, at: now } : readRolloutRecord(state);
}

function proofOf(
  { state, isGranted }: CanaryMember,
  { at }: RolloutRecord,
  { succeededForMs, now }: { readonly succeededForMs: number; readonly now: number },
): Proof {
  const { syncStatus, failures = [] } = state?.status ?? {};
  const ready = readyOf(state);
  if (isGranted || !isOfNewestSpec(state, ready)) return { kind: 'waiting' };
  if (syncStatus === SYNC_STATUS.failed) return { kind: 'failed', why: failures.map(({ message }) => message) };
  if (syncStatus !== SYNC_STATUS.succeeded) return { kind: 'waiting' };
  const until = sinceWhen(at, ready) + succeededForMs;
  return until <= now ? { kind: 'proven' } : { kind: 'waiting', until };
}

/** The daemon may have reported success without a break between two specs: the time counts from the later write. */
function sinceWhen(at: number, ready: Condition | undefined): number {
  const since = Date.parse(ready?.lastTransitionTime ?? '');
  return Number.isNaN(since) ? at : Math.max(at, since);
}

function readyOf(state: SriovNetworkNodeState | undefined): Condition | undefined {
  return state?.status?.conditions?.find(({ type }) => type === CONDITION.ready);
}

/** A daemon that writes no conditions (upstream's) does not say which spec it speaks of. */
function isOfNewestSpec(state: SriovNetworkNodeState | undefined, ready: Condition | undefined): boolean {
  return ready?.observedGeneration === undefined || ready.observedGeneration === state?.metadata.generation;
}

/** A percentage is rounded down, but never to 0: a pool too small for its percentage would wait for ever. */
function readPlaces(nodes: number | string, size: number): number | string {
  if (typeof nodes === 'number' && Number.isInteger(nodes) && nodes >= 1) return nodes;
  const percent = typeof nodes === 'string' ? Number(/^(\d{1,3})%$/.exec(nodes)?.[1]) : Number.NaN;
  if (percent >= 1 && percent <= 100) return Math.max(1, Math.floor((percent * size) / 100));
  return `spec.canary.nodes is ${JSON.stringify(nodes)}, and must be a number of nodes (1 or more) or a percentage from 1% to 100%: until it is, nothing changes on the nodes of the pool`;
}

/** When time alone may have brought the canary on, in ms since the epoch; `undefined` when only an event can. */
export function nextLook({ holders }: Canary): number | undefined {
  const times = [...holders.values()].flatMap((proof) =>
    proof.kind === 'waiting' && proof.until !== undefined ? proof.until : [],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}
