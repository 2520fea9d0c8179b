import { type REASON } from '@sriov/api';
import { type RebootReason } from '../planning/steps.ts';

/** A reboot that was asked for, and why. */
export interface RebootAttempt {
  /** The boot in which it was asked for: in another one it has happened. */
  readonly bootId: string;
  /** RFC 3339 time at which it was asked for last. */
  readonly at: string;
  readonly reasons: readonly RebootReason[];
  /** What systemd of the host has said; absent where the daemon was ended before it was told, or could write it down. */
  readonly answer?: 'accepted' | { readonly refusal: string };
}

/** The reboots that were asked for since the node was last as it should be, the oldest first. */
export type RebootRecord = readonly RebootAttempt[];

/** Why nobody knows how often a node was rebooted: the record makes no sense, or it could not be read this time. */
export interface UnknownReboots {
  readonly reason: (typeof REASON)['stateDamaged' | 'stateUnreadable'];
  /** A clause, with the cure where there is one. */
  readonly message: string;
}

/** Tells a record from the lack of one. */
export function isRebootRecord(record: RebootRecord | UnknownReboots): record is RebootRecord {
  return !('reason' in record);
}

/** What bears on whether a node may be rebooted once more. */
export interface RebootFacts {
  readonly record: RebootRecord | UnknownReboots;
  /** The boot that runs; absent where nobody has looked, because nothing is recorded. */
  readonly bootId?: string | undefined;
  /** Most reboots for one reason; 0 forbids them. */
  readonly maxReboots: number;
}

/** Whether both are the same reason, whatever its words: values change from one boot to the next. */
export function isSameReason(a: RebootReason, b: RebootReason): boolean {
  return a.kind === b.kind && a.pciAddress === b.pciAddress;
}

/**
 * The record with a reboot that is about to be asked for. One that is asked for again in the same boot is the same
 * reboot.
 */
export function withAttempt(record: RebootRecord, attempt: RebootAttempt): RebootRecord {
  return [...record.filter(({ bootId }) => bootId !== attempt.bootId), attempt];
}
