import { messageOf, REASON, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { done, type Outcome, wait } from '@sriov/controller';
import { describePlan } from '@sriov/node-plan';
import { type Logger } from '@sriov/runtime';
import { converge } from './converge.ts';
import { type HostPorts } from './gather.ts';
import { applying, type Verdict } from './node-status.ts';
import { type StatusWriter } from './status-writer.ts';
import { verdictOf } from './verdict.ts';

/** What a reconcile of the node works with. */
export interface ReconcileContext {
  readonly host: HostPorts;
  /** The node's own state from the cache. */
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  readonly writeStatus: StatusWriter;
  readonly allowHostInterfaces: boolean;
  /** Wait before looking again at what could not be done, in milliseconds. */
  readonly retryMs: number;
  readonly log: Logger;
}

/** Makes the host equal to the node state's spec, as far as that can be done, and reports what is. */
export async function reconcile(context: ReconcileContext): Promise<Outcome> {
  const { host, log, allowHostInterfaces, writeStatus } = context;
  const nodeState = context.getNodeState();
  if (nodeState === undefined) return done(REASON.noNodeState, 'the node has no SriovNetworkNodeState');
  const wanted = { spec: nodeState.spec ?? {}, allowHostInterfaces };
  const converging = converge(host, wanted, {
    onPlan: async (plan, observed) => {
      log.info({ plan: describePlan(plan) }, 'changing the host');
      await writeStatus({ observed, verdict: applying(describePlan(plan).join('\n')) });
    },
    onStep: (about) => log.debug(about, 'step'),
  });
  const result = await converging.catch(async (error: unknown) => {
    await writeStatus({ verdict: unreadable(error) });
    throw error;
  });
  const verdict = verdictOf(result);
  const isNews = await writeStatus({ observed: result.observed, verdict });
  if (isNews) logVerdict(log, verdict);
  return verdict.syncStatus === SYNC_STATUS.failed
    ? wait(context.retryMs, verdict.reason, verdict.message)
    : done(verdict.reason, verdict.message);
}

/** Not the fault of the spec or of a PF: the host could not even be looked at. */
function unreadable(error: unknown): Verdict {
  return { syncStatus: SYNC_STATUS.failed, reason: REASON.hostUnreadable, message: messageOf(error) };
}

function logVerdict(log: Logger, { syncStatus, reason, message }: Verdict): void {
  if (syncStatus === SYNC_STATUS.failed) log.warn({ reason }, message);
  else log.info({ reason }, message);
}
