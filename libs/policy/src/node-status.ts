import { type Condition, CONDITION, REASON, type Reason, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { type Problem } from './problem.ts';

/** How far a node is with its desired state. */
export type Readiness = 'ready' | 'progressing' | 'failed';

/** A node that the object in question is about. */
export interface MatchedNode {
  readonly name: string;
  readonly readiness: Readiness;
}

/** What the status of an object that speaks of many nodes is computed from. */
export interface NodesFacts {
  /** Selected nodes that were not planned yet with the object as it is now. */
  readonly unplannedNodes: number;
  /** Names of selected nodes that cannot be planned before their daemons have reported their PFs. */
  readonly unreported: readonly string[];
  readonly matched: readonly MatchedNode[];
  readonly problems: readonly Problem[];
}

/** A condition without its times. */
export type DecidedCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The status of an object that speaks of many nodes, all but the times of its conditions. */
export interface DecidedStatus {
  readonly matchedNodeCount: number;
  readonly readyNodeCount: number;
  readonly conditions: readonly DecidedCondition[];
}

/** What is to be said of the object as a whole. */
export interface StatusVerdict {
  readonly state: 'ready' | 'progressing' | 'degraded' | 'idle';
  readonly reason: Reason;
  /** A sentence for people. */
  readonly message: string;
}

/** What the daemon of the node says of the state's newest spec. */
export function readinessOf({ metadata, status }: SriovNetworkNodeState): Readiness {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.ready);
  // A daemon that writes no conditions (upstream's) tells by syncStatus alone.
  const isOfNewestSpec = ready?.observedGeneration === undefined || ready.observedGeneration === metadata.generation;
  if (!isOfNewestSpec) return 'progressing';
  if (status?.syncStatus === SYNC_STATUS.succeeded) return 'ready';
  return status?.syncStatus === SYNC_STATUS.failed ? 'failed' : 'progressing';
}

/** Ready when every node is, Degraded when something is wrong; of Ready, Progressing and Degraded one holds at most. */
export function decideStatus(matched: readonly MatchedNode[], verdict: StatusVerdict): DecidedStatus {
  const condition = (type: string, holds: boolean): DecidedCondition => ({
    type,
    status: holds ? 'True' : 'False',
    reason: verdict.reason,
    message: verdict.message,
  });
  return {
    matchedNodeCount: matched.length,
    readyNodeCount: matched.filter(({ readiness }) => readiness === 'ready').length,
    conditions: [
      condition(CONDITION.ready, verdict.state === 'ready'),
      condition(CONDITION.progressing, verdict.state === 'progressing'),
      condition(CONDITION.degraded, verdict.state === 'degraded'),
    ],
  };
}

/** What is wrong or not done yet; nothing when all nodes are as they should be. */
export function findUnfinished({
  matched,
  problems,
  unplannedNodes,
  unreported,
}: NodesFacts): StatusVerdict | undefined {
  const [first] = inOrder(problems);
  if (first) return { state: 'degraded', reason: first.reason, message: describeProblems(problems) };
  const named = (readiness: Readiness): string[] =>
    matched.filter((node) => node.readiness === readiness).map(({ name }) => name);
  const [failed, progressing] = [named('failed'), named('progressing')];
  if (failed.length > 0) {
    const message = `${failed.length} of ${matched.length} nodes failed: ${shorten(failed)}; their SriovNetworkNodeState says why`;
    return { state: 'degraded', reason: REASON.nodesFailed, message };
  }
  if (unplannedNodes > 0) {
    return {
      state: 'progressing',
      reason: REASON.nodesProgressing,
      message: `nodes being planned: ${unplannedNodes}`,
    };
  }
  if (unreported.length > 0) {
    const message = `nodes that have not reported their PFs yet, so that nothing can be planned for them: ${shorten(unreported)} (does their config daemon run?)`;
    return { state: 'progressing', reason: REASON.nodesProgressing, message };
  }
  if (progressing.length === 0) return undefined;
  const message = `${progressing.length} of ${matched.length} nodes are being configured: ${shorten(progressing)}`;
  return { state: 'progressing', reason: REASON.nodesProgressing, message };
}

/** Problems in a few lines; equal ones once. */
export function describeProblems(problems: readonly Problem[]): string {
  const texts = [
    ...new Set(inOrder(problems).map(({ node, message }) => (node === undefined ? message : `on ${node}: ${message}`))),
  ];
  const shown = texts.slice(0, 5);
  return [...shown, ...(texts.length > shown.length ? [`and ${texts.length - shown.length} more`] : [])].join('\n');
}

/** They are found node by node, in an order that differs from process to process; what is said must not. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const key = ({ node = '', message }: Problem): string => `${node}\u0000${message}`;
  return [...problems].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Names in a sentence; nobody reads the five-hundredth. */
function shorten(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, 5);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}
