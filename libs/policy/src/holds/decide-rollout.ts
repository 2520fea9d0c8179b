import { ANNOTATION, type ConfigHash, nodeStateSpecSchema, type Reason, REASON, toWire } from '@sriov/api';
import { type PreparedPool, selectorMatches } from '@sriov/selection';
import { counted, describeDuration, listSome } from '@sriov/words';
import { type Fleet } from '../fleet.ts';
import { type FleetNode } from '../fleet-node.ts';
import { keptSpec } from '../kept-spec.ts';
import { type NodeStatePlan } from '../node-state-plan.ts';
import { type NodePresent, presentText } from '../node-writes.ts';
import { type Canary, nextLook } from './canary.ts';
import { changeOf, hasBegun } from './change-of.ts';
import { formatRolloutRecord, type RolloutRecord } from './rollout-record.ts';

/** What decides whether a node may change now. */
export interface RolloutFacts {
  readonly fleet: Fleet;
  readonly node: FleetNode;
  readonly plan: NodeStatePlan;
  readonly present: NodePresent;
  readonly hash: ConfigHash;
  /** How far the canary of a pool is; asked only for a pool that wants one. */
  readonly canaryOf: (pool: PreparedPool) => Canary;
  /** Ms since the epoch. */
  readonly now: number;
}

/** Why a node stays as it is although the policies want something else. */
export interface Hold {
  readonly reason: Extract<
    Reason,
    'RolloutPaused' | 'WaitingForCanary' | 'CanaryFailed' | 'PoolInvalid' | 'NodeInSeveralPools'
  >;
  /** A sentence: what is awaited, and what helps. */
  readonly message: string;
  /** The paused policies that hold it. */
  readonly policies: readonly string[];
  /** When time alone may end it, in ms since the epoch; absent when only an event can. */
  readonly lookAt?: number;
}

/** What is to be written for a node now. */
export interface RolloutDecision {
  /** The plan, or, for a node that is held, one that leaves it as it is. */
  readonly plan: NodeStatePlan;
  readonly hold?: Hold;
  /** The pool in whose canary the node takes a place with this write. */
  readonly takesPlaceIn?: string;
}

/**
 * Decides whether a node gets what is planned for it, or keeps what it has. A spec is written whole or not at all, so
 * what holds one of its policies holds the node. What no pod and no host notices is never held.
 */
export function decideRollout(facts: RolloutFacts): RolloutDecision {
  const { plan, present, hash } = facts;
  const change = changeOf(plan, present, hash);
  if (change === 'nothing') return { plan: withoutStaleRecord(facts) };
  const isFinishing = hasBegun(present.state, presentText(present.devicePlugin), hash);
  const pause = isFinishing ? undefined : findPause(facts);
  if (pause) return held(facts, pause);
  if (change === 'wish') return { plan: withoutStaleRecord(facts) };
  const pool = canaryPool(facts);
  if (pool === undefined) {
    const doubt = isFinishing ? undefined : findDoubt(facts);
    return doubt ? held(facts, doubt) : { plan: withoutStaleRecord(facts) };
  }
  return decideInPool(facts, facts.canaryOf(pool));
}

function decideInPool(facts: RolloutFacts, canary: Canary): RolloutDecision {
  const { node, plan, now } = facts;
  const { places, holders, isDone, rollout, pool } = canary;
  const record = (part: RolloutRecord['part']): NodeStatePlan => ({
    ...plan,
    rollout: formatRolloutRecord({ part, rollout, at: now }),
  });
  if (isDone) return { plan: record('rest') };
  if (holders.has(node.name) || (typeof places === 'number' && holders.size < places)) {
    return { plan: record('canary'), takesPlaceIn: pool };
  }
  return held(facts, canaryHold(canary));
}

/** All that a plan says of the node is left out: it stays, and what the state says of its present spec stays true. */
function held({ node, plan }: RolloutFacts, hold: Hold): RolloutDecision {
  const { plannedFrom: _from, devicePluginConfig: _text, devicePluginLabel: _label, ...rest } = plan;
  const spec = toWire(nodeStateSpecSchema, keptSpec(node, {}));
  return {
    plan: { ...rest, spec, plannedFrom: undefined, devicePluginConfig: undefined, devicePluginLabel: undefined },
    hold,
  };
}

/** The record of a pool that no longer asks for a canary would count when it asks for one again. */
function withoutStaleRecord(facts: RolloutFacts): NodeStatePlan {
  return canaryPool(facts) === undefined && findDoubt(facts) === undefined
    ? { ...facts.plan, rollout: null }
    : facts.plan;
}

function canaryPool({ fleet, plan }: RolloutFacts): PreparedPool | undefined {
  return fleet.pools.find(({ name, spec }) => name === plan.pool && spec.canary !== undefined);
}

/** A paused policy holds the nodes that it selects, and those on which it has VFs still. */
function findPause({ fleet, node }: RolloutFacts): Hold | undefined {
  if (fleet.paused.size === 0) return undefined;
  const about = fleet.policyIndex.about(node.labels).map(({ name }) => name);
  const groups = (node.state?.spec?.interfaces ?? []).flatMap(({ vfGroups = [] }) => vfGroups);
  const names = new Set([...about, ...groups.map(({ policyName = '' }) => policyName)]);
  const policies = [...names].filter((name) => fleet.paused.has(name)).sort();
  if (policies.length === 0) return undefined;
  const which = `the ${policies.length === 1 ? 'policy' : 'policies'} ${listSome(policies)}`;
  const message = `${which} ${policies.length === 1 ? 'is' : 'are'} paused (annotation ${ANNOTATION.paused}), so the node keeps what it has until the annotation is removed`;
  return { reason: REASON.rolloutPaused, message, policies };
}

/** A node of which nobody knows whether it is in a pool that asks for a canary. */
function findDoubt({ fleet, node, plan }: RolloutFacts): Hold | undefined {
  if (plan.pool !== undefined) return undefined;
  const mine = fleet.pools.filter(({ spec }) => selectorMatches(spec.nodeSelector, node.labels));
  if (mine.length > 1 && mine.some(({ spec }) => spec.canary !== undefined)) {
    const message = `the node is in the pools ${listSome(mine.map(({ name }) => name).sort())}, of which one asks for a canary: it keeps what it has until it is in one pool`;
    return { reason: REASON.severalPools, message, policies: [] };
  }
  const [unreadable] = fleet.unreadableCanaries;
  if (mine.length > 0 || unreadable === undefined) return undefined;
  const message = `the pool ${unreadable} asks for a canary and cannot be read, and the node may be in it: it keeps what it has until the pool is corrected`;
  return { reason: REASON.poolInvalid, message, policies: [] };
}

function canaryHold(canary: Canary): Hold {
  const { pool, places, holders, succeededForMs } = canary;
  if (typeof places === 'string')
    return { reason: REASON.poolInvalid, message: `pool ${pool}: ${places}`, policies: [] };
  const failed = [...holders].flatMap(([name, proof]) => (proof.kind === 'failed' ? [{ name, why: proof.why }] : []));
  const [first] = failed;
  if (first !== undefined) {
    const why = first.why.length === 0 ? '' : `: ${first.why.join('; ')}`;
    const message = `the canary of the pool ${pool} failed on ${listSome(failed.map(({ name }) => name))}, so the other nodes of the pool keep what they have until it succeeds there${why}`;
    return { reason: REASON.canaryFailed, message, policies: [] };
  }
  const names = listSome([...holders.keys()].sort());
  const must = places === 1 ? 'has to' : 'have to';
  const how = succeededForMs === 0 ? `${must} succeed` : `${must} be Succeeded for ${describeDuration(succeededForMs)}`;
  const message = `the canary of the pool ${pool} comes first: ${counted(places, 'node')} (now ${names}) ${how} before the others change`;
  const lookAt = nextLook(canary);
  return { reason: REASON.canaryWaiting, message, policies: [], ...(lookAt !== undefined && { lookAt }) };
}
