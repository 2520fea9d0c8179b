import { CONDITION, messageOf, REASON, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { done, type Outcome, stalled, wait } from '@sriov/controller';
import { type BlockedCall, KernelBlockedError } from '@sriov/host';
import { unreadableVerdict, type Verdict, verdictOf } from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { Blockages } from './blockages.ts';
import { converge } from './converge.ts';
import { type FailedStep } from './failed-step.ts';
import { type HostPorts, wishOf } from './gather.ts';
import { type NodeMetrics } from './metrics.ts';
import { type Pass } from './node-status.ts';
import { type RestartPlugin } from './plugin-restart/apply-restart.ts';
import { Progress } from './progress.ts';
import { RetryDelays } from './retry-delays.ts';
import { type StatusWriter } from './status-writer.ts';

/** What reconciling the node works with. */
export interface ReconcileContext {
  readonly host: HostPorts;
  /** The node's own state from the cache. */
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  readonly status: StatusWriter;
  readonly restartPlugin: RestartPlugin;
  readonly allowHostInterfaces: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  /** Asks for another reconcile: a call that was given up waiting for has come back. */
  readonly wake: () => void;
  /** Hears of a pass that is given up, because a call without which the host cannot be looked at does not come back. */
  readonly onHeldUp: (call: BlockedCall) => void;
}

/** Time after which a call that has not come back from the kernel counts as a failure: slow firmware needs less. */
const PATIENCE_MS = 120_000;

/** Makes the reconciler: it makes the host equal to the node state's spec, as far as can be, and reports what is. */
export function createReconciler(context: ReconcileContext): () => Promise<Outcome> {
  const { clock, log } = context;
  const blockages = new Blockages({ clock, onRelease: context.wake });
  const delays = new RetryDelays();
  let isWaiting = false;
  return async () => {
    const nodeState = context.getNodeState();
    const wasWaiting = isWaiting;
    isWaiting = nodeState === undefined;
    if (nodeState === undefined) return waitForNodeState(wasWaiting ? undefined : log);
    return reconcile(context, { nodeState, blockages, delays });
  };
}

/** What a pass works for, and what passes before it have left. */
interface PassInput {
  readonly nodeState: SriovNetworkNodeState;
  readonly blockages: Blockages;
  readonly delays: RetryDelays;
}

async function reconcile(context: ReconcileContext, input: PassInput): Promise<Outcome> {
  const { metrics, clock, log, allowHostInterfaces } = context;
  const { nodeState, blockages, delays } = input;
  const report = (pass: Pass): Promise<boolean> => context.status.write(nodeState, pass);
  const wanted = { ...wishOf(nodeState), allowHostInterfaces, blocked: blockages.sentences };
  const failures: FailedStep[] = [];
  const onFailure = (failure: FailedStep): void => {
    failures.push(failure);
    blockages.add(failure);
  };
  const progress = new Progress({ clock, log, metrics, report, isRetry: hasFailed(nodeState), onFailure });
  const converging = converge(context.host, wanted, progress).finally(() => progress.end());
  const outcome = await converging.catch((cause: unknown) => ({ cause }));
  if ('cause' in outcome) return endUnreadable(context, { ...input, failures, cause: outcome.cause, report });
  const { longestMs } = blockages;
  const pluginProblem = await context.restartPlugin(nodeState, outcome);
  const isPatient = longestMs !== undefined && longestMs < PATIENCE_MS;
  const verdict = withPluginProblem(verdictOf(outcome, isPatient), pluginProblem);
  metrics.judged(outcome.observed, verdict, clock.now());
  if (await report({ observed: outcome.observed, verdict })) logVerdict(log, verdict);
  const isSucceeded = verdict.syncStatus === SYNC_STATUS.succeeded;
  if (isSucceeded && pluginProblem === undefined) return done(verdict.reason, verdict.message);
  // What the policy controller writes wakes us; there is nothing to try before.
  if (verdict.reason === REASON.notPlannedYet) return stalled(verdict.reason, verdict.message);
  const { generation } = nodeState.metadata;
  const hasTried = verdict.syncStatus === SYNC_STATUS.failed && outcome.failures.length > 0;
  const ms = delays.after({ generation, hasFailed: hasTried || isSucceeded });
  return wait(ms, verdict.reason, verdict.message);
}

/** The host is right all the same: only the message tells that pods will not get what it has. */
function withPluginProblem(verdict: Verdict, problem: string | undefined): Verdict {
  if (problem === undefined || verdict.syncStatus !== SYNC_STATUS.succeeded) return verdict;
  return { ...verdict, message: `${verdict.message}, but ${problem}` };
}

/** It comes from the policy controller, for each node that the operator manages. */
function waitForNodeState(log: Logger | undefined): Outcome {
  const message = 'the node has no SriovNetworkNodeState: nothing is done until the policy controller makes one';
  log?.info({ reason: REASON.noNodeState }, message);
  return done(REASON.noNodeState, message);
}

/** True when the spec as it stands has been tried, and failed. */
function hasFailed({ metadata, status }: SriovNetworkNodeState): boolean {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.ready);
  return status?.syncStatus === SYNC_STATUS.failed && ready?.observedGeneration === metadata.generation;
}

/** The host could not be looked at. Where steps failed before that, they are not tried again sooner than otherwise. */
async function endUnreadable(
  { log, metrics, clock, wake, onHeldUp }: ReconcileContext,
  pass: PassInput & {
    readonly cause: unknown;
    readonly failures: readonly FailedStep[];
    readonly report: (pass: Pass) => Promise<unknown>;
  },
): Promise<Outcome> {
  const { cause, failures, nodeState, delays } = pass;
  const isBlocked = cause instanceof KernelBlockedError;
  const verdict = unreadableVerdict({ message: messageOf(cause), isBlocked }, failures);
  metrics.judged(undefined, verdict, clock.now());
  await pass.report({ verdict }).catch((err: unknown) => log.debug({ err }, 'could not report a failure'));
  if (isBlocked) {
    onHeldUp(cause);
    void cause.released.then(wake);
  }
  if (!isBlocked && failures.length === 0) throw cause;
  logVerdict(log, verdict);
  const { generation } = nodeState.metadata;
  return wait(delays.after({ generation, hasFailed: failures.length > 0 }), verdict.reason, verdict.message);
}

function logVerdict(log: Logger, { syncStatus, reason, message }: Verdict): void {
  if (syncStatus === SYNC_STATUS.failed) log.warn({ reason }, message);
  else log.info({ reason }, message);
}
