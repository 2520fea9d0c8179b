import { describe, expect, it } from '@jest/globals';
import { type Condition, type KubeObject } from '@sriov/api';
import { CHANGED_FOR_OTHERS_MS, PROGRESS_MS, ProgressThrottle } from './progress-throttle.ts';
import { type Decided, findStatusUpdate } from './write-status.ts';

describe('ProgressThrottle', () => {
  it('holds progress back from when it was first seen, and again after it was written', () => {
    let time = 1_000_000;
    const throttle = new ProgressThrottle({ elapsed: () => time });
    expect(throttle.delayMs('a', PROGRESS_MS)).toBe(10_000);
    time += 4_000;
    expect([throttle.delayMs('a', PROGRESS_MS), throttle.delayMs('b', PROGRESS_MS)]).toEqual([6_000, 10_000]);
    time += 6_000;
    expect(throttle.delayMs('a', PROGRESS_MS)).toBe(0);
    throttle.forget('a');
    expect(throttle.delayMs('a', PROGRESS_MS)).toBe(10_000);
  });

  it('lets a policy that was ready be so for longer while its nodes change for others', () => {
    let time = 1_000_000;
    const throttle = new ProgressThrottle({ elapsed: () => time });
    expect(throttle.delayMs('a', CHANGED_FOR_OTHERS_MS)).toBe(60_000);
    time += 59_000;
    expect(throttle.delayMs('a', CHANGED_FOR_OTHERS_MS)).toBe(1_000);
    // It has come to be more than that: what has lasted so long is due.
    expect(throttle.delayMs('a', PROGRESS_MS)).toBe(0);
  });
});

type State = 'Ready' | 'Progressing' | 'Degraded';

const TYPES = ['Ready', 'Progressing', 'Degraded'];
const decide = (state: State | 'idle', readyNodeCount: number): Decided => ({
  matchedNodeCount: 3,
  readyNodeCount,
  conditions: TYPES.map((type) => ({
    type,
    status: type === state ? ('True' as const) : ('False' as const),
    reason: `Is${state}`,
    message: `${readyNodeCount}`,
  })),
});
const stored = (decided: Decided, observedGeneration = 1): KubeObject & { status: { conditions: Condition[] } } => ({
  metadata: { name: 'p', generation: 1 },
  status: {
    ...decided,
    conditions: decided.conditions.map((each) => ({
      ...each,
      observedGeneration,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    })),
  },
});

describe('findStatusUpdate', () => {
  it('finds nothing when the status says it already', () => {
    expect(findStatusUpdate(stored(decide('Ready', 3)), decide('Ready', 3), { now: 0 })).toBeUndefined();
  });

  it.each<[string, State | 'idle', State | 'idle', number, boolean?]>([
    ['one more node is done', 'Progressing', 'Progressing', PROGRESS_MS],
    ['a ready policy is not, because its nodes are being changed', 'Ready', 'Progressing', CHANGED_FOR_OTHERS_MS, true],
    ['a ready policy is not, because a node no longer reports', 'Ready', 'Progressing', PROGRESS_MS],
    ['the last node is done', 'Progressing', 'Ready', 0],
    ['a node fails', 'Progressing', 'Degraded', 0],
    ['a first node is there', 'idle', 'Progressing', 0],
    ['the last node went', 'Ready', 'idle', 0],
  ])('tells progress from news: %s', (_, before, after, lastingMs, isBeingConfigured = false) => {
    const update = findStatusUpdate(stored(decide(before, 1)), decide(after, 2), { now: 0, isBeingConfigured });
    expect(update?.lastingMs).toBe(lastingMs);
  });

  it('counts a status of a former generation as news, whatever it says', () => {
    expect(findStatusUpdate(stored(decide('Ready', 1), 0), decide('Progressing', 2), { now: 0 })?.lastingMs).toBe(0);
  });
});
