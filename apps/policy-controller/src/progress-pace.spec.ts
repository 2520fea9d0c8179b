import { describe, expect, it } from '@jest/globals';
import { type Condition, type KubeObject } from '@sriov/api';
import { ProgressPace } from './progress-pace.ts';
import { type Decided, findStatusUpdate } from './write-status.ts';

describe('ProgressPace', () => {
  it('holds progress back from when it was first seen, and anew after it was written', () => {
    let time = 1_000_000;
    const pace = new ProgressPace({ elapsed: () => time });
    expect(pace.holdBack('a')).toBe(10_000);
    time += 4_000;
    expect([pace.holdBack('a'), pace.holdBack('b')]).toEqual([6_000, 10_000]);
    time += 6_000;
    expect(pace.holdBack('a')).toBe(0);
    pace.forget('a');
    expect(pace.holdBack('a')).toBe(10_000);
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
    expect(findStatusUpdate(stored(decide('Ready', 3)), decide('Ready', 3), 0)).toBeUndefined();
  });

  it.each<[string, State | 'idle', State | 'idle', boolean]>([
    ['one more node is done', 'Progressing', 'Progressing', true],
    ['a ready policy is not, because its nodes are being changed', 'Ready', 'Progressing', true],
    ['the last node is done', 'Progressing', 'Ready', false],
    ['a node fails', 'Progressing', 'Degraded', false],
    ['a first node is there', 'idle', 'Progressing', false],
    ['the last node went', 'Ready', 'idle', false],
  ])('tells progress from news: %s', (_, before, after, isProgress) => {
    expect(findStatusUpdate(stored(decide(before, 1)), decide(after, 2), 0)?.isProgress).toBe(isProgress);
  });

  it('counts a status of a former generation as news, whatever it says', () => {
    expect(findStatusUpdate(stored(decide('Ready', 1), 0), decide('Progressing', 2), 0)?.isProgress).toBe(false);
  });
});
