import { describe, expect, it } from '@jest/globals';
import { SlotLog } from './slot-log.ts';

describe('the log of slots', () => {
  it('says how long a freed slot waits for the next node, and how many had one at once', () => {
    const log = new SlotLog();
    for (const [node, progress, at] of [
      ['n1', 'Draining', 0],
      ['n2', 'Draining', 1],
      ['n1', 'DrainComplete', 5],
      ['n1', 'Idle', 10],
      ['n3', 'Draining', 14],
      ['n2', 'DrainComplete', 15],
      ['n2', 'Idle', 20],
      ['n4', 'Draining', 29],
      ['n5', 'Idle', 30],
    ] as const) {
      log.see(node, progress, at);
    }
    expect([log.granted, log.most, log.waits(2)]).toEqual([4, 2, [4, 9]]);
  });
});
