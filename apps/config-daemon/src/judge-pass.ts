import { type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { type BlockedCall } from '@sriov/host';
import {
  type EndedPass,
  type GoneDevice,
  type Pass,
  resourcesCondition,
  unreadableVerdict,
  type Verdict,
  verdictOf,
  withRemarks,
} from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { type Converged } from './converge.ts';
import { type ToldAtEnd } from './device-plugin/device-plugin.ts';
import { type SeenHost } from './device-plugin/find-gone.ts';
import { type HostUnreadableError } from './host-unreadable-error.ts';
import { type NodeMetrics } from './metrics.ts';
import { type RestartPlugin } from './plugin-restart/apply-restart.ts';
import { type StatusWriter } from './status/status-writer.ts';

/** Ports for the end of a pass. */
export interface JudgePorts {
  readonly status: StatusWriter;
  readonly restartPlugin: RestartPlugin;
  /** Finds devices that pods have and the host has not, see `findGone`. */
  readonly findGone: (nodeState: SriovNetworkNodeState, seen: SeenHost) => Promise<GoneDevice[] | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  /** Asks for another reconcile: a call that the daemon no longer waited for has come back. */
  readonly wake: () => void;
  /** Is called when a pass is given up, because a call that every look needs does not come back. */
  readonly onHeldUp: (call: BlockedCall) => void;
}

/** The verdict on a pass, and whether it has tried something in vain. */
export type JudgedPass = Pick<EndedPass, 'verdict' | 'hasFailed'>;

/**
 * Restarts the device plugin if that is due, and reports the verdict on the pass. With `isPatient`, calls that are
 * still in the kernel are work in progress.
 * @throws when the status cannot be written
 */
export async function judgePass(
  ports: JudgePorts,
  nodeState: SriovNetworkNodeState,
  pass: Converged & {
    readonly isPatient: boolean;
    readonly rebooting?: Verdict | undefined;
    readonly bootService?: Pass['bootService'];
  },
): Promise<JudgedPass> {
  const { clock, log, metrics, status, restartPlugin, findGone } = ports;
  const { observed, rest, failures, isPatient } = pass;
  const { told } = pass.plugin;
  const { problem, delays } = await restartPlugin(nodeState, pass);
  const pluginProblem = problem ?? (told.kind === 'silent' ? told.cause : undefined);
  const remainder = { ...pass, rest: { ...rest, problems: [...rest.problems, ...delays] } };
  const judged = withRemarks(verdictOf(remainder, isPatient), [
    pluginProblem,
    observed.networksUnknown,
    ...(rest.remarks ?? []),
  ]);
  const verdict = pass.rebooting ?? judged;
  metrics.judged(observed, verdict, clock.now());
  const { generation } = nodeState.metadata;
  metrics.waitsForReboot(rest.needsReboot);
  metrics.looked({ generation, syncStatus: verdict.syncStatus, hasActed: pass.hasActed });
  const gone = told.kind === 'absent' ? await findGone(nodeState, pass) : [];
  const resources = gone && { resources: resourcesOf(told, gone) };
  const { bootService } = pass;
  if (await status.write(nodeState, { observed, verdict, ...resources, bootService })) logVerdict(log, verdict);
  const { syncStatus } = verdict;
  if (syncStatus === SYNC_STATUS.succeeded) return { verdict, hasFailed: pluginProblem !== undefined };
  return { verdict, hasFailed: syncStatus === SYNC_STATUS.failed && failures.length > 0 };
}

/** What the pass has to say about the node's resources. */
function resourcesOf(told: ToldAtEnd, gone: readonly GoneDevice[]): NonNullable<Pass['resources']> | null {
  const known = {
    ...(told.kind === 'answered' && { answer: told.answer }),
    ...(told.kind === 'silent' && { silence: told }),
  };
  return resourcesCondition({ ...known, gone }) ?? null;
}

/** Reports that the node is being rebooted: nothing is done to it any more. @throws when the status cannot be written */
export async function judgeGoingDown(
  { clock, log, metrics, status }: JudgePorts,
  nodeState: SriovNetworkNodeState,
  verdict: Verdict,
): Promise<JudgedPass> {
  metrics.judged(undefined, verdict, clock.now());
  if (await status.write(nodeState, { verdict })) logVerdict(log, verdict);
  return { verdict, hasFailed: false };
}

/**
 * Reports that the host could not be looked at. Steps that failed before that are not tried again sooner than
 * otherwise.
 * @throws the cause, unless it is a call that is still in the kernel, or a step has failed as well
 */
export async function judgeUnreadable(
  { clock, log, metrics, status, wake, onHeldUp }: JudgePorts,
  nodeState: SriovNetworkNodeState,
  { message, cause, failures, blockedCall }: HostUnreadableError,
): Promise<JudgedPass> {
  const verdict = unreadableVerdict({ message, isBlocked: blockedCall !== undefined }, failures);
  metrics.judged(undefined, verdict, clock.now());
  await status.write(nodeState, { verdict }).catch((err: unknown) => log.debug({ err }, 'could not report a failure'));
  if (blockedCall !== undefined) {
    onHeldUp(blockedCall);
    void blockedCall.released.then(wake);
  }
  if (blockedCall === undefined && failures.length === 0) throw cause;
  logVerdict(log, verdict);
  return { verdict, hasFailed: failures.length > 0 };
}

function logVerdict(log: Logger, { syncStatus, reason, message }: Verdict): void {
  if (syncStatus === SYNC_STATUS.failed) log.warn({ reason }, message);
  else log.info({ reason }, message);
}
