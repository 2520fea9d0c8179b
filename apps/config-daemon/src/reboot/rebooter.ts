import { formatTime, REASON, SYNC_STATUS } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type FirmwareReset, type Kernel, readBootId, rebootHost } from '@sriov/host';
import {
  firmwareResets,
  isIdle,
  isRebootRecord,
  type RebootAttempt,
  type RebootReason,
  type RebootRecord,
  type StepFailure,
  type Verdict,
  withAttempt,
} from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { describeDuration } from '@sriov/words';
import { type Converged } from '../converge.ts';
import { type Wanted } from '../gather.ts';
import { type Journal } from '../journal/journal.ts';
import { isDispensable } from '../steps/failed-step.ts';

/** A node whose services take longer than that to stop is one that does not go down. */
const REBOOT_DEADLINE_MS = 10 * 60_000;

/** What a reboot takes. */
interface RebootPorts {
  readonly host: { readonly kernel: Kernel; readonly journal: Journal };
  /** Asks the API server whether the node is still granted a reboot. */
  readonly isRebootGranted: () => Promise<boolean>;
  /** Whether firmware is started anew on the way, see `mellanoxFirmwareReset` of the SriovOperatorConfig. */
  readonly resetsFirmware: () => boolean;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Reboots the node. Each reboot is written down before it is asked for, so that it is counted whatever becomes of the
 * daemon; the next daemon tells by the boot id whether it has happened, and by the answer whether it is under way.
 */
export class Rebooter {
  readonly #ports: RebootPorts;
  /** Something may be recorded. */
  #hasRecord = false;
  /** The reboot that was asked for in the boot that runs, as it was last read or written. */
  #asked: RebootAttempt | undefined;

  constructor(ports: RebootPorts) {
    this.#ports = ports;
  }

  /** systemd of the host has taken the request for a reboot, and the node still runs. */
  get isGoingDown(): boolean {
    return this.#asked?.answer === 'accepted';
  }

  /** The verdict on a node that is going down, to which nothing must be done; nothing where it is not. */
  async goingDown(): Promise<Verdict | undefined> {
    const { host, clock } = this.#ports;
    const record = await host.journal.readReboots();
    this.#hasRecord = !isRebootRecord(record) || record.length > 0;
    // What could not be read has not changed: a node that goes down still does.
    if (isRebootRecord(record)) this.#asked = withAnswer(await this.#findAsked(record), this.#asked);
    const asked = this.#asked;
    if (asked === undefined || wasRefused(asked)) return undefined;
    // A time far ahead, or none, is as good as passed: the clock was set back, and the node would wait for ever.
    return Math.abs(clock.now() - Date.parse(asked.at)) < REBOOT_DEADLINE_MS ? rebooting(asked) : undefined;
  }

  /**
   * Reboots the node at the end of a pass if a reboot has been granted, and nothing is left to be done before it. What
   * has failed is waited for, but not for ever. Returns the verdict on that; nothing where the node is not rebooted.
   */
  async rebootIfDue(
    { rest, failures, observed }: Pick<Converged, 'rest' | 'failures' | 'observed'>,
    { mayDisturb, isPressing = false }: Pick<Wanted, 'mayDisturb' | 'isPressing'>,
  ): Promise<Verdict | undefined> {
    const { needsReboot, beforeReboot } = rest;
    if (mayDisturb !== 'reboot' || needsReboot === undefined || beforeReboot !== undefined) return undefined;
    const isDone = failures.length === 0 && isIdle(rest);
    if (!isDone && !(isPressing && failures.every(isBearable))) return undefined;
    const resets = this.#ports.resetsFirmware() ? firmwareResets(needsReboot, observed) : [];
    return this.#reboot(needsReboot, resets);
  }

  /**
   * Asks for a reboot that has been granted, for all reasons at once. A node that has not gone down in time is asked
   * again, and counts as one that cannot be rebooted until it does.
   */
  async #reboot(reasons: readonly RebootReason[], resets: readonly FirmwareReset[]): Promise<Verdict | undefined> {
    const { host, isRebootGranted, clock, log } = this.#ports;
    try {
      const record = await host.journal.readReboots();
      if (!isRebootRecord(record)) throw new Error(record.message);
      // What the caches show can be old, and pods come back as soon as the grant is gone.
      if (!(await isRebootGranted().catch(asUnanswered))) return undefined;
      const before = await this.#findAsked(record);
      const isUnderWay = before !== undefined && !wasRefused(before);
      const attempt: RebootAttempt = {
        ...(isUnderWay ? before : { at: formatTime(clock.now()) }),
        bootId: before?.bootId ?? (await readBootId(host.kernel)),
        reasons,
      };
      this.#hasRecord = true;
      await host.journal.writeReboots(withAttempt(record, attempt));
      log.info({ reason: REASON.rebooting, reasons, resets }, 'the node is rebooted');
      await this.#askHost(record, { attempt, resets });
      return isUnderWay ? failed(describeOverdue(attempt.at)) : rebooting(attempt);
    } catch (error) {
      return failed(`the node cannot be rebooted: ${messageOf(error)}`);
    }
  }

  /** Asks systemd of the host, and writes its answer down: another daemon waits for what it has accepted, and only that. */
  async #askHost(
    record: RebootRecord,
    { attempt, resets }: { readonly attempt: RebootAttempt; readonly resets: readonly FirmwareReset[] },
  ): Promise<void> {
    const { log } = this.#ports;
    const { kernel, journal } = this.#ports.host;
    const answered = (answer: NonNullable<RebootAttempt['answer']>): Promise<void> =>
      journal.writeReboots(withAttempt(record, { ...attempt, answer }));
    try {
      await rebootHost(kernel, resets);
    } catch (error) {
      // It refuses a second request as well, as long as the first is under way.
      if (attempt.answer !== 'accepted') await answered({ refusal: messageOf(error) });
      throw error;
    }
    this.#asked = { ...attempt, answer: 'accepted' };
    // The node goes down all the same. Another daemon waits for it as for one that has had no answer.
    await answered('accepted').catch((error: unknown) => log.warn({ error }, 'cannot record that the node goes down'));
  }

  /** The node is as it should be: what comes next is counted anew. */
  async settled(): Promise<void> {
    if (!this.#hasRecord) return;
    await this.#ports.host.journal.writeReboots([]);
    this.#hasRecord = false;
  }

  /** The reboot that was asked for in the boot that runs. */
  async #findAsked(record: RebootRecord): Promise<RebootAttempt | undefined> {
    const last = record.at(-1);
    return last !== undefined && last.bootId === (await readBootId(this.#ports.host.kernel)) ? last : undefined;
  }
}

/** An answer that could not be written down is known to the daemon that was given it. */
function withAnswer(read: RebootAttempt | undefined, known: RebootAttempt | undefined): RebootAttempt | undefined {
  const isSame = read !== undefined && read.answer === undefined && read.at === known?.at;
  return isSame ? known : read;
}

function asUnanswered(error: unknown): never {
  const message = 'the API server does not say whether the node is still granted a reboot';
  throw new Error(`${message}: ${messageOf(error)}`, { cause: error });
}

function wasRefused({ answer }: RebootAttempt): boolean {
  return typeof answer === 'object';
}

/** Steps without which a reboot would not bring what it is for, or would take something away. */
const PREPARING: readonly StepFailure['kind'][] = ['write-firmware', 'add-kernel-arguments', 'write-journal'];

/** Whether a reboot need not wait for the step: it brings others what they need, and may mend this one. */
function isBearable(failure: StepFailure): boolean {
  return isDispensable(failure) || !PREPARING.includes(failure.kind);
}

function rebooting({ at, reasons }: RebootAttempt): Verdict {
  const why = reasons.map(
    (reason) => `${reason.pciAddress === undefined ? '' : `${reason.pciAddress}: `}${reason.why}`,
  );
  const message = [`the node is being rebooted since ${at}, because`, ...why].join('\n');
  return { syncStatus: SYNC_STATUS.inProgress, reason: REASON.rebooting, message };
}

function failed(message: string): Verdict {
  return { syncStatus: SYNC_STATUS.failed, reason: REASON.rebootFailed, message };
}

function describeOverdue(at: string): string {
  return `the node was to be rebooted at ${at}, and still runs after ${describeDuration(REBOOT_DEADLINE_MS)}: it was asked again; see what keeps it up (systemctl list-jobs)`;
}
