import { CONDITION, REASON, type Reason, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { type NewCondition, type Summary, summaryConditions } from '@sriov/conditions';
import { type Problem } from '@sriov/selection';
import { listLines, listSome } from '@sriov/words';

/** How far a node is with its desired state; `held`: it keeps what it has, although the policies want something else. */
type Readiness = 'ready' | 'progressing' | 'failed' | 'held';

/** Why a node is held, as `Hold` of `libs/policy`. */
export interface HeldBecause {
  readonly reason: Reason;
  readonly message: string;
}

/** A node that the policy or pool in question configures. */
export interface MatchedNode {
  readonly name: string;
  readonly readiness: Readiness;
  /** What failed there, in sentences; absent when only the SriovNetworkNodeState can tell. */
  readonly why?: readonly string[];
  /** Of a held node. */
  readonly hold?: HeldBecause;
}

/** What the status of a policy or pool is computed from. */
export interface NodesFacts {
  /** Number of selected nodes that have not been planned yet with the object as it is now. */
  readonly unplannedNodes: number;
  /** Names of selected nodes that cannot be planned before their daemons have reported their PFs. */
  readonly unreported: readonly string[];
  readonly matched: readonly MatchedNode[];
  readonly problems: readonly Problem[];
}

/** The status of a policy or pool, all but the times of its conditions. */
export interface DecidedStatus {
  readonly matchedNodeCount: number;
  readonly readyNodeCount: number;
  readonly conditions: readonly NewCondition[];
  /** The only thing that keeps the object from being ready is that nodes are being configured. */
  readonly isBeingConfigured: boolean;
}

/** What the status says of the object as a whole. */
export interface StatusVerdict {
  readonly state: Summary;
  readonly reason: Reason;
  /** A sentence for people. */
  readonly message: string;
  /** As in {@link DecidedStatus}; absent is false. */
  readonly isBeingConfigured?: true;
}

/**
 * How ready a node is, by what its daemon reports of the newest spec. With a policy, failures on PFs that it does not
 * configure do not count. A failure without a PF counts for every policy, and so does the failure of a daemon that does
 * not list its failures one by one (upstream's).
 */
export function nodeReadiness(state: SriovNetworkNodeState, policy?: string): Pick<MatchedNode, 'readiness' | 'why'> {
  if (!isOfNewestSpec(state)) return { readiness: 'progressing' };
  switch (state.status?.syncStatus) {
    case SYNC_STATUS.succeeded:
      return { readiness: 'ready' };
    case SYNC_STATUS.failed:
      return failureVerdict(state, policy);
    default:
      return { readiness: 'progressing' };
  }
}

/** A daemon that writes no conditions (upstream's) reports its success in syncStatus alone. */
function isOfNewestSpec({ metadata, status }: SriovNetworkNodeState): boolean {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.ready);
  return ready?.observedGeneration === undefined || ready.observedGeneration === metadata.generation;
}

/** Reasons of a PF on which nothing has failed: its turn has not come yet. */
const STILL_TO_DO: ReadonlySet<string> = new Set([REASON.applying, REASON.notPlannedYet]);

function failureVerdict(state: SriovNetworkNodeState, policy?: string): Pick<MatchedNode, 'readiness' | 'why'> {
  const failures = state.status?.failures ?? [];
  if (failures.length === 0) return { readiness: 'failed' };
  const pfs = policy === undefined ? undefined : pfsOf(state, policy);
  const own = failures.filter(({ pciAddress = '' }) => pciAddress === '' || (pfs?.has(pciAddress) ?? true));
  const why = own.filter(({ reason }) => !STILL_TO_DO.has(reason)).map(({ message }) => message);
  if (why.length > 0) return { readiness: 'failed', why };
  return { readiness: own.length > 0 ? 'progressing' : 'ready' };
}

/** PCI addresses of the PFs on which the policy has VFs, whether or not they exist already. */
function pfsOf({ spec }: SriovNetworkNodeState, policy: string): ReadonlySet<string> {
  const entries = (spec?.interfaces ?? []).filter(({ vfGroups = [] }) =>
    vfGroups.some(({ policyName }) => policyName === policy),
  );
  return new Set(entries.map(({ pciAddress }) => pciAddress));
}

/** The status that goes with a verdict. */
export function decideStatus(matched: readonly MatchedNode[], verdict: StatusVerdict): DecidedStatus {
  return {
    matchedNodeCount: matched.length,
    readyNodeCount: matched.filter(({ readiness }) => readiness === 'ready').length,
    conditions: summaryConditions(verdict.state, verdict),
    isBeingConfigured: verdict.isBeingConfigured ?? false,
  };
}

/** What is wrong or not done yet; `undefined` when all nodes are as they should be. */
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
  const failed = matched.filter(({ readiness }) => readiness === 'failed');
  const progressing = named('progressing');
  const holds = matched.flatMap(({ hold }) => hold ?? []);
  const stopped = holds.find(({ reason }) => reason === REASON.canaryFailed);
  if (stopped)
    return { state: 'degraded', reason: stopped.reason, message: describeHeld(holds, stopped, matched.length) };
  if (failed.length > 0) {
    return { state: 'degraded', reason: REASON.nodesFailed, message: describeFailed(failed, matched.length) };
  }
  if (unplannedNodes > 0) {
    return {
      state: 'progressing',
      reason: REASON.nodesProgressing,
      message: `nodes being planned: ${unplannedNodes}`,
    };
  }
  if (unreported.length > 0) {
    const message = `nodes that have not reported their PFs yet, so that nothing can be planned for them: ${listNodes(unreported)} (does their config daemon run?)`;
    return { state: 'progressing', reason: REASON.nodesProgressing, message };
  }
  const [hold] = holds;
  if (hold) return heldVerdict(hold, describeHeld(holds, hold, matched.length));
  if (progressing.length === 0) return undefined;
  const message = `${progressing.length} of ${matched.length} nodes are being configured: ${listNodes(progressing)}`;
  return { state: 'progressing', reason: REASON.nodesProgressing, message, isBeingConfigured: true };
}

/** A pause is what somebody wants, and a canary takes its time. The rest has to be put right. */
function heldVerdict({ reason }: HeldBecause, message: string): StatusVerdict {
  if (reason === REASON.rolloutPaused) return { state: 'idle', reason, message };
  return { state: reason === REASON.canaryWaiting ? 'progressing' : 'degraded', reason, message };
}

function describeHeld(holds: readonly HeldBecause[], { message }: HeldBecause, matched: number): string {
  return `${holds.length} of ${matched} nodes keep what they have: ${message}`;
}

/** Names the failed nodes and why they failed, in a few lines. */
function describeFailed(failed: readonly MatchedNode[], matched: number): string {
  const said = failed.flatMap(({ name, why = [] }) => why.map((text) => `on ${name}: ${text}`));
  const silent = failed.filter(({ why }) => why === undefined).map(({ name }) => name);
  const head = `${failed.length} of ${matched} nodes failed`;
  if (said.length === 0) return `${head}: ${listNodes(silent)}; their SriovNetworkNodeState says why`;
  const names = silent.length === 0 ? [] : [`on ${listNodes(silent)}: see their SriovNetworkNodeState`];
  return [head, ...listLines([...said.sort(), ...names])].join('\n');
}

/** Describes problems in a few lines, equal ones once. */
export function describeProblems(problems: readonly Problem[]): string {
  const texts = [
    ...new Set(inOrder(problems).map(({ node, message }) => (node === undefined ? message : `on ${node}: ${message}`))),
  ];
  return listLines(texts).join('\n');
}

/** Problems are found node by node, in an order that differs from process to process. The text must not differ. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const key = ({ node = '', message }: Problem): string => `${node}\u0000${message}`;
  return [...problems].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The first few nodes for a sentence, by name, and how many more there are. */
export function listNodes(names: readonly string[]): string {
  return listSome([...names].sort());
}
