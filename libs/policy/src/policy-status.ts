import { type Condition, CONDITION, REASON, type Reason, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { type Problem } from './problem.ts';

/** How far a node is with its desired state. */
export type Readiness = 'ready' | 'progressing' | 'failed';

/** A node that a policy configures. */
export interface MatchedNode {
  readonly name: string;
  readonly readiness: Readiness;
}

/** What the status of a policy is computed from. */
export interface PolicyFacts {
  /** Nodes whose labels the policy selects, whether or not they have a PF for it. */
  readonly selectedNodes: number;
  readonly matched: readonly MatchedNode[];
  readonly problems: readonly Problem[];
}

type Decided = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The status of a policy, all but the times of its conditions. */
export interface DecidedPolicyStatus {
  readonly matchedNodeCount: number;
  readonly readyNodeCount: number;
  readonly conditions: readonly Decided[];
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

/** Decides what to say of a policy: Ready when every node that it configures is, Degraded when something is wrong. */
export function policyStatus(facts: PolicyFacts): DecidedPolicyStatus {
  const { matched } = facts;
  const verdict = decide(facts);
  const condition = (type: string, holds: boolean): Decided => ({
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

interface Verdict {
  readonly state: 'ready' | 'progressing' | 'degraded' | 'idle';
  readonly reason: Reason;
  readonly message: string;
}

function decide({ selectedNodes, matched, problems }: PolicyFacts): Verdict {
  const [first] = problems;
  if (first) return { state: 'degraded', reason: first.reason, message: joinProblems(problems) };
  const named = (readiness: Readiness): string[] =>
    matched.filter((node) => node.readiness === readiness).map(({ name }) => name);
  const [failed, progressing] = [named('failed'), named('progressing')];
  if (failed.length > 0) {
    const message = `${failed.length} of ${matched.length} nodes failed: ${shorten(failed)}; their SriovNetworkNodeState says why`;
    return { state: 'degraded', reason: REASON.nodesFailed, message };
  }
  if (progressing.length > 0) {
    const message = `${progressing.length} of ${matched.length} nodes are being configured: ${shorten(progressing)}`;
    return { state: 'progressing', reason: REASON.nodesProgressing, message };
  }
  if (selectedNodes === 0) return idle(REASON.noMatchingNodes, 'no managed node has the labels of spec.nodeSelector');
  if (matched.length === 0) {
    return idle(REASON.noMatchingInterfaces, `no PF of the ${selectedNodes} selected nodes fits spec.nicSelector`);
  }
  const message = `all ${matched.length} nodes are configured`;
  return { state: 'ready', reason: REASON.policyApplied, message };
}

function idle(reason: Reason, message: string): Verdict {
  return { state: 'idle', reason, message };
}

/** Names in a sentence; nobody reads the five-hundredth. */
function shorten(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, 5);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}

function joinProblems(problems: readonly Problem[]): string {
  const texts = [
    ...new Set(problems.map(({ node, message }) => (node === undefined ? message : `on ${node}: ${message}`))),
  ];
  const shown = texts.slice(0, 5);
  return [...shown, ...(texts.length > shown.length ? [`and ${texts.length - shown.length} more`] : [])].join('\n');
}
