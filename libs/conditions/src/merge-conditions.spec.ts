import { describe, expect, it } from '@jest/globals';
import { type Condition } from '@sriov/api';
import fc from 'fast-check';
import { mergeConditions, type NewCondition } from './merge-conditions.ts';

const MINUTE = 60_000;
const noon = Date.UTC(2026, 0, 1, 12);
const present: Condition[] = [
  { type: 'Theirs', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z', reason: 'Other', message: 'not ours' },
  {
    type: 'Ready',
    status: 'True',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    reason: 'Applied',
    message: 'all is well',
  },
];
const ready = (rest: Partial<NewCondition> = {}): NewCondition => ({
  type: 'Ready',
  status: 'True',
  reason: 'Applied',
  message: 'all is well',
  ...rest,
});
const merge = (decided: NewCondition[], generation = 1): ReturnType<typeof mergeConditions> =>
  mergeConditions(present, decided, { generation, now: noon });

describe('mergeConditions', () => {
  it.each<[string, NewCondition, number, { changed: boolean; transition: boolean; time: string }]>([
    ['the same again', ready(), 1, { changed: false, transition: false, time: '2026-01-01T00:00:00Z' }],
    ['a new message', ready({ message: 'm' }), 1, { changed: true, transition: false, time: '2026-01-01T00:00:00Z' }],
    ['a new generation', ready(), 2, { changed: true, transition: false, time: '2026-01-01T00:00:00Z' }],
    ['a new reason', ready({ reason: 'R' }), 1, { changed: true, transition: true, time: '2026-01-01T00:00:00Z' }],
    ['a new status', ready({ status: 'False' }), 1, { changed: true, transition: true, time: '2026-01-01T12:00:00Z' }],
    ['a new type', ready({ type: 'New' }), 1, { changed: true, transition: true, time: '2026-01-01T12:00:00Z' }],
  ])('%s', (_, decided, generation, expected) => {
    const { conditions, changed, transitions } = merge([decided], generation);
    const merged = conditions.find(({ type }) => type === decided.type);
    expect({
      changed: changed.length > 0,
      transition: transitions.length > 0,
      time: merged?.lastTransitionTime,
    }).toEqual(expected);
    expect(merged).toMatchObject({ ...decided, observedGeneration: generation });
  });

  it('leaves the types of others as they are, and takes them for no change of ours', () => {
    const { conditions, changed, transitions } = merge([ready()]);
    expect(conditions).toEqual(present);
    expect([changed, transitions]).toEqual([[], []]);
  });

  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const long = fc.string({ unit: fc.constantFrom('a', '😀', '\ud83d'), minLength: 2_000, maxLength: 5_000 });
  const decision = fc.record({
    type: fc.constantFrom('Ready', 'Degraded', 'Progressing'),
    status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
    reason: fc.constantFrom('A', 'B'),
    message: fc.oneof(text, long),
  });
  const decisions = fc.uniqueArray(decision, { selector: ({ type }) => type });
  /** UTF-8 has no halves of characters. */
  const stored = (conditions: Condition[]): Condition[] =>
    conditions.map((condition) => ({ ...condition, message: Buffer.from(condition.message).toString() }));

  it('decided again, later, on what the API server stored, changes nothing', () => {
    fc.assert(
      fc.property(decisions, decisions, (before, after) => {
        const first = mergeConditions(present, before, { generation: 1, now: noon }).conditions;
        const second = mergeConditions(stored(first), after, { generation: 1, now: noon + MINUTE }).conditions;
        const again = mergeConditions(stored(second), after, { generation: 1, now: noon + 2 * MINUTE });
        expect(again.changed).toEqual([]);
        expect(again.conditions.map(({ type }) => type).sort()).toEqual(second.map(({ type }) => type).sort());
      }),
    );
  });

  it('moves the time of a transition exactly with the status', () => {
    fc.assert(
      fc.property(decisions, decisions, (before, after) => {
        const first = mergeConditions([], before, { generation: 1, now: noon }).conditions;
        const second = mergeConditions(first, after, { generation: 2, now: noon + MINUTE }).conditions;
        for (const condition of second) {
          const old = first.find(({ type }) => type === condition.type);
          const isTransition = condition.status !== old?.status;
          expect(condition.lastTransitionTime).toBe(isTransition ? '2026-01-01T12:01:00Z' : '2026-01-01T12:00:00Z');
        }
      }),
    );
  });
});
