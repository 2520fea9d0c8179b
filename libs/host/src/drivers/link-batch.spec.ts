import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type ExecOptions, type ExecResult, type Kernel, KernelBlockedError, KernelError } from '../kernel/kernel.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { LinkBatch } from './link-batch.ts';
import { setVfMac } from './vf-info.ts';

const BATCH = 'ip -force -batch -';
const OK = { exitCode: 0, stdout: '', stderr: '' };
const macOf = (id: number): string => `02:00:00:00:00:0${id}`;
const lineOf = (id: number): string => `link set dev ens1 vf ${id} mac ${macOf(id)}`;

/** What was run: command lines, with their input behind them. */
let ran: string[] = [];
afterEach(() => {
  ran = [];
});

/** A kernel whose `ip` answers so, and the end of the wait for others. */
function hostWhere(
  answer: (line: string, options: ExecOptions) => ExecResult | Error,
  members: number,
): { readonly batch: LinkBatch; readonly endWait: () => void; readonly hasWait: () => boolean } {
  const kernel: Kernel = new TestKernel({});
  kernel.exec = async (command, args, options = {}) => {
    const line = [command, ...args].join(' ');
    ran.push(`${line}\n${options.input ?? ''}`.trim());
    const result = answer(line, options);
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  };
  let endWait: (() => void) | undefined;
  const sleep = jest.fn((_: number, signal?: AbortSignal) => {
    signal?.addEventListener('abort', () => (endWait = undefined));
    return new Promise<void>((resolve) => (endWait = resolve));
  });
  const batch = new LinkBatch({ kernel, sleep, members });
  return { batch, endWait: () => endWait?.(), hasWait: () => endWait !== undefined };
}

/** How each change went: nothing, or the message. */
const changeAll = (batch: LinkBatch, ids: readonly number[]): Promise<(string | undefined)[]> =>
  Promise.all(
    ids.map((id) =>
      setVfMac(batch.kernel, { pfName: 'ens1', id }, macOf(id)).then(
        () => undefined,
        (error: unknown) => (error as Error).message,
      ),
    ),
  );

describe('changes of links', () => {
  it('that all members have named are made by one process', async () => {
    const { batch, hasWait } = hostWhere(() => OK, 3);
    expect(await changeAll(batch, [0, 1, 2])).toEqual([undefined, undefined, undefined]);
    expect(ran).toEqual([[BATCH, lineOf(0), lineOf(1), lineOf(2)].join('\n')]);
    expect(hasWait()).toBe(false);
  });

  it('wait for a member that has not named its own, until it leaves', async () => {
    const { batch, hasWait } = hostWhere(() => OK, 3);
    const changes = changeAll(batch, [0, 1]);
    expect([ran, hasWait()]).toEqual([[], true]);
    batch.leave();
    await changes;
    expect(ran).toHaveLength(1);
  });

  it('wait for it no longer than a while', async () => {
    const { batch, endWait } = hostWhere(() => OK, 3);
    const changes = changeAll(batch, [0, 1]);
    endWait();
    await changes;
    expect(ran).toHaveLength(1);
  });

  it('are run as ever where there is one', async () => {
    const { batch } = hostWhere(() => ({ ...OK, exitCode: 2, stderr: 'RTNETLINK answers: Invalid argument\n' }), 1);
    expect(await changeAll(batch, [4])).toEqual([`ip ${lineOf(4)}: RTNETLINK answers: Invalid argument`]);
    expect(ran).toEqual([`ip ${lineOf(4)}`]);
  });

  it('fail each with its own error, and the others are made', async () => {
    const stderr = 'RTNETLINK answers: Invalid argument\nCommand failed -:2\n';
    const { batch } = hostWhere(() => ({ ...OK, exitCode: 1, stderr }), 3);
    expect(await changeAll(batch, [0, 1, 2])).toEqual([
      undefined,
      `ip ${lineOf(1)}: RTNETLINK answers: Invalid argument`,
      undefined,
    ]);
  });

  it.each([
    ['cannot read a line', { ...OK, exitCode: 255, stderr: 'Cannot find\nCommand failed -:1\nError: garbage\n' }],
    ['is killed', { ...OK, exitCode: 128, stderr: 'killed by SIGKILL' }],
    ['fails and names no line', { ...OK, exitCode: 1, stderr: 'Cannot open rtnetlink\n' }],
  ])('of which nobody knows whether they were made, because ip %s, are made one by one', async (_, result) => {
    const { batch } = hostWhere((line) => (line === BATCH ? result : OK), 3);
    const failed = result.stderr.includes('-:1') ? [`ip ${lineOf(0)}: Cannot find`] : [undefined];
    expect(await changeAll(batch, [0, 1, 2])).toEqual([...failed, undefined, undefined]);
    expect(ran.slice(1)).toEqual([0, 1, 2].slice(failed[0] === undefined ? 0 : 1).map((id) => `ip ${lineOf(id)}`));
  });

  it('whose process cannot be run fail with what each has asked for', async () => {
    const { batch } = hostWhere(() => new KernelError({ verb: 'exec', path: BATCH, code: 'ETIMEDOUT' }), 2);
    expect(await changeAll(batch, [0, 1])).toEqual([
      `exec ip ${lineOf(0)}: ETIMEDOUT`,
      `exec ip ${lineOf(1)}: ETIMEDOUT`,
    ]);
  });

  it('whose process does not come back from the kernel are each known as such', async () => {
    const released = Promise.resolve();
    const error = new KernelBlockedError({ verb: 'exec', path: BATCH, since: 0, waitedMs: 5, released });
    const { batch } = hostWhere(() => error, 2);
    const change = (id: number): Promise<unknown> =>
      setVfMac(batch.kernel, { pfName: 'ens1', id }, macOf(id)).catch((caught: unknown) => caught);
    const errors = await Promise.all([change(0), change(1)]);
    expect(errors).toMatchObject([0, 1].map((id) => ({ path: `ip ${lineOf(id)}`, waitedMs: 5, released })));
    expect(errors.every((each) => each instanceof KernelBlockedError)).toBe(true);
  });

  it('may take as long as the slowest, and a second more for each further one', async () => {
    const deadlines: (number | undefined)[] = [];
    const { batch } = hostWhere((_, { deadlineMs }) => {
      deadlines.push(deadlineMs);
      return OK;
    }, 3);
    await changeAll(batch, [0, 1, 2]);
    expect(deadlines).toEqual([32_000]);
  });

  it('of an interface whose name ip would not read as one word run alone', async () => {
    const { batch } = hostWhere(() => OK, 2);
    await setVfMac(batch.kernel, { pfName: 'a#b', id: 0 }, macOf(0));
    expect(ran).toEqual(['ip link set dev a#b vf 0 mac 02:00:00:00:00:00']);
  });
});
