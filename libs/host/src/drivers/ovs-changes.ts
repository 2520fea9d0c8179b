import { z } from 'zod';
import { NotObservedError } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { OvsdbError, type OvsdbOperation, type OvsdbRow, readRow, transact } from './ovsdb.ts';
import { mutate, select } from './ovsdb-operations.ts';

/** Longest wait for ovs-vswitchd to carry out what is in the database, in milliseconds. */
const CARRY_OUT_MS = 10_000;

/** Longest wait of a look for a change that somebody has just made, in milliseconds. */
const SETTLE_MS = 2_000;

/** What the server says of a condition that did not hold. */
const TIMED_OUT = 'timed out';

/**
 * Changes the database, and waits until ovs-vswitchd has carried it out.
 * @throws {OvsdbError} when the server refuses, or a condition among the operations does not hold; {@link KernelError}
 */
export async function changeAndWait(kernel: Kernel, operations: readonly OvsdbOperation[]): Promise<void> {
  const results = await transact(kernel, [
    ...operations,
    mutate('Open_vSwitch', [], [['next_cfg', '+=', 1]]),
    select('Open_vSwitch', ['next_cfg']),
  ]).catch((cause: unknown) => {
    if (!(cause instanceof OvsdbError) || cause.error !== TIMED_OUT) throw cause;
    throw new OvsdbError(TIMED_OUT, 'the bridge has got or lost a port since it was looked at');
  });
  const { next_cfg: next } = readRow(z.object({ next_cfg: z.number() }), lastRow(results));
  if (await isCarriedOut(kernel, next, CARRY_OUT_MS)) return;
  const message = `the change is in the database of Open vSwitch, and ovs-vswitchd has not carried it out after ${CARRY_OUT_MS / 1000} s: see whether it runs`;
  throw new NotObservedError(message);
}

/**
 * Why the last change of the database is not carried out, after a moment in which it should have been: a sentence
 * without a full stop; nothing when it is. @throws {KernelError} {@link OvsdbError}
 */
export async function findUndoneChange(kernel: Kernel): Promise<string | undefined> {
  const [[row = {}] = []] = await transact(kernel, [select('Open_vSwitch', ['cur_cfg', 'next_cfg'])]);
  const { cur_cfg: done, next_cfg: next } = readRow(z.object({ cur_cfg: z.number(), next_cfg: z.number() }), row);
  if (done >= next || (await isCarriedOut(kernel, next, SETTLE_MS))) return undefined;
  return `the change ${next} of the database (next_cfg) is not carried out, and was waited for ${SETTLE_MS / 1000} s`;
}

/** Waits until ovs-vswitchd has carried out the change of this number. */
async function isCarriedOut(kernel: Kernel, change: number, timeout: number): Promise<boolean> {
  const behind = [['cur_cfg', '<', change]];
  const wait = { op: 'wait', timeout, table: 'Open_vSwitch', columns: ['cur_cfg'], where: behind };
  try {
    await transact(kernel, [{ ...wait, until: '==', rows: [] }], { deadlineMs: 2 * CARRY_OUT_MS });
    return true;
  } catch (cause) {
    if (cause instanceof OvsdbError && cause.error === TIMED_OUT) return false;
    throw cause;
  }
}

function lastRow(results: readonly (readonly OvsdbRow[])[]): OvsdbRow {
  return results.at(-1)?.[0] ?? {};
}
