import { formatTime, REASON, SYNC_STATUS } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type Kernel, readBootId, rebootHost } from '@sriov/host';
import { isIdle, type RebootReason, type RebootRecord, type Verdict, withAttempt } from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { describeDuration } from '@sriov/words';
import { type Converged } from '../converge.ts';
import { type Wanted } from '../gather.ts';
import { type Journal } from '../journal/journal.ts';

/** A node whose services take longer than that to stop is one that does not go down. */
const REBOOT_DEADLINE_MS = 10 * 60_000;

/** What a reboot takes. */
interface RebootPorts {
  readonly host: { readonly kernel: Kernel; readonly journal: Journal };
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Logger, 'info'>;
}

/**
 * Reboots the node. Each reboot is written down before it is asked for, so that it is counted whatever becomes of the
 * daemon; the next daemon tells by the boot id whether it has happened.
 */
export class Rebooter {
  readonly #ports: RebootPorts;
  /** Why the last request of this daemon was refused. */
  #refusal: string | undefined;
  /** Something may be recorded. */
  #hasRecord = false;

  constructor(ports: RebootPorts) {
    this.#ports = ports;
  }

  /** The verdict on a node that is going down, to which nothing must be done; nothing where it is not. */
  async goingDown(): Promise<Verdict | undefined> {
    const { host, clock } = this.#ports;
    const record = await host.journal.readReboots();
    this.#hasRecord = record.length > 0;
    if (typeof record === 'string' || record.length === 0 || this.#refusal !== undefined) return undefined;
    const asked = await this.#findAsked(record);
    if (asked === undefined) return undefined;
    // A time far ahead, or none, is as good as passed: the clock was set back, and the node would wait for ever.
    return Math.abs(clock.now() - Date.parse(asked.at)) < REBOOT_DEADLINE_MS ? rebooting(asked) : undefined;
  }

  /**
   * Reboots the node at the end of a pass if a reboot has been granted, nothing has failed, and nothing is left to be
   * done before it. Returns the verdict on that; nothing where the node is not rebooted.
   */
  async rebootIfDue(
    { rest, failures }: Pick<Converged, 'rest' | 'failures'>,
    { mayDisturb }: Pick<Wanted, 'mayDisturb'>,
  ): Promise<Verdict | undefined> {
    if (mayDisturb !== 'reboot' || failures.length > 0 || !isIdle(rest)) return undefined;
    return rest.needsReboot === undefined ? undefined : this.#reboot(rest.needsReboot);
  }

  /**
   * Asks for a reboot that has been granted, for all reasons at once. A node that has not gone down in time is asked
   * again, and counts as one that cannot be rebooted until it does.
   */
  async #reboot(reasons: readonly RebootReason[]): Promise<Verdict> {
    const { host, clock, log } = this.#ports;
    try {
      const record = await host.journal.readReboots();
      if (typeof record === 'string') throw new Error(record);
      const before = await this.#findAsked(record);
      const bootId = before?.bootId ?? (await readBootId(host.kernel));
      const attempt = { bootId, at: before?.at ?? formatTime(clock.now()), reasons };
      this.#hasRecord = true;
      await host.journal.writeReboots(withAttempt(record, attempt));
      log.info({ reason: REASON.rebooting, reasons }, 'the node is rebooted');
      await rebootHost(host.kernel);
      this.#refusal = undefined;
      return before === undefined ? rebooting(attempt) : failed(describeOverdue(attempt.at));
    } catch (error) {
      this.#refusal = messageOf(error);
      return failed(`the node cannot be rebooted: ${this.#refusal}`);
    }
  }

  /** The node is as it should be: what comes next is counted anew. */
  async settled(): Promise<void> {
    if (!this.#hasRecord) return;
    await this.#ports.host.journal.writeReboots([]);
    this.#hasRecord = false;
  }

  /** The reboot that was asked for in the boot that runs. */
  async #findAsked(record: RebootRecord): Promise<RebootRecord[number] | undefined> {
    const last = record.at(-1);
    return last !== undefined && last.bootId === (await readBootId(this.#ports.host.kernel)) ? last : undefined;
  }
}

function rebooting({ at, reasons }: RebootRecord[number]): Verdict {
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
