import { describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from '@sriov/host';
import { FakeClock } from '@sriov/testing';
import { failedStep } from '../steps/failed-step.ts';
import { Blockages } from './blockages.ts';

const PF = '0000:01:00.0';
const SINCE = Date.UTC(2026, 10, 24, 10);
const NOT_BACK = 'not back from the kernel since 2026-11-24T10:00:00Z';

/** A call that has run for ten seconds, and can be let back. */
function blockedCall(): { readonly cause: KernelBlockedError; readonly comeBack: () => Promise<void> } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const cause = new KernelBlockedError({ verb: 'write', path: '/', since: SINCE, waitedMs: 10_000, released });
  return {
    cause,
    comeBack: async () => {
      release();
      await released;
    },
  };
}

/** Blockages, and how often they asked for another look. */
function testBlockages(): { readonly blockages: Blockages; readonly clock: FakeClock; readonly looks: () => number } {
  const clock = new FakeClock();
  let looks = 0;
  const blockages = new Blockages({ clock, onRelease: () => (looks += 1) });
  return { blockages, clock, looks: () => looks };
}

const failureOf = (cause: unknown, pciAddress = PF): ReturnType<typeof failedStep> =>
  failedStep({ pf: 'ens1', pciAddress, kind: 'set-num-vfs', step: 'create 4 VFs' }, cause);

describe('a call that has not come back from the kernel', () => {
  it('keeps its PF alone until it has, and then asks for another look', async () => {
    const { blockages, clock, looks } = testBlockages();
    const { cause, comeBack } = blockedCall();
    blockages.add(failureOf(cause));
    expect([...blockages.sentences]).toEqual([[PF, `create 4 VFs: ${NOT_BACK}: the PF is left alone until it is`]]);
    await clock.advance(5_000);
    expect([blockages.longestMs, looks()]).toEqual([15_000, 0]);
    await comeBack();
    expect([blockages.longestMs, looks()]).toEqual([undefined, 1]);
    expect(blockages.sentences.size).toBe(0);
  });

  it('is one call, however often it is asked for', async () => {
    const { blockages, looks } = testBlockages();
    const { cause, comeBack } = blockedCall();
    blockages.add(failureOf(cause));
    blockages.add(failureOf(cause));
    await comeBack();
    expect(looks()).toBe(1);
  });

  it('stands beside another one of the same PF', () => {
    const { blockages } = testBlockages();
    blockages.add(failureOf(blockedCall().cause));
    blockages.add(failureOf(blockedCall().cause));
    const sentence = `create 4 VFs: ${NOT_BACK}: the PF is left alone until it is`;
    expect(blockages.sentences.get(PF)).toBe(`${sentence}; ${sentence}`);
  });

  it('that concerns all PFs keeps none of them alone, and counts all the same', () => {
    const { blockages } = testBlockages();
    blockages.add(failureOf(blockedCall().cause, ''));
    expect([blockages.sentences.size, blockages.longestMs]).toEqual([0, 10_000]);
  });
});

describe('a step that failed', () => {
  it('is no such call', () => {
    const { blockages } = testBlockages();
    blockages.add(failureOf(new Error('EIO')));
    expect(blockages.longestMs).toBeUndefined();
  });
});
