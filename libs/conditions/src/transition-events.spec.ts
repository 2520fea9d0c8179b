import { describe, expect, it } from '@jest/globals';
import { type Condition, CONDITION, REASON } from '@sriov/api';
import { summaryConditions, type Summary } from './summary-conditions.ts';
import { summaryEvents, transitionEvents } from './transition-events.ts';

const stamped = (conditions: readonly Omit<Condition, 'lastTransitionTime'>[]): Condition[] =>
  conditions.map((condition) => ({ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }));
const one = (type: string, status: Condition['status'], reason: string = REASON.inSync): Condition[] =>
  stamped([{ type, status, reason, message: 'm' }]);
const about = (summary: Summary): Condition[] => stamped(summaryConditions(summary, { reason: 'R', message: 'm' }));

describe('transitionEvents', () => {
  it.each<[string, Condition[], { each: string[]; outcomes: string[]; trouble: string[] }]>([
    ['Ready that holds', one(CONDITION.ready, 'True'), { each: ['Normal'], outcomes: ['Normal'], trouble: [] }],
    [
      'Ready that does not hold',
      one(CONDITION.ready, 'False'),
      { each: ['Warning'], outcomes: [], trouble: ['Warning'] },
    ],
    ['Progressing that holds', one(CONDITION.progressing, 'True'), { each: ['Normal'], outcomes: [], trouble: [] }],
    [
      'Progressing that does not hold',
      one(CONDITION.progressing, 'False'),
      { each: ['Warning'], outcomes: [], trouble: ['Warning'] },
    ],
    [
      'Degraded that holds',
      one(CONDITION.degraded, 'True'),
      { each: ['Warning'], outcomes: ['Warning'], trouble: ['Warning'] },
    ],
    ['the end of a problem', one(CONDITION.degraded, 'False'), { each: ['Normal'], outcomes: [], trouble: [] }],
    [
      'a good condition that warns',
      one(CONDITION.devicePluginConfigWritten, 'True', REASON.configMapNearlyFull),
      { each: ['Warning'], outcomes: ['Warning'], trouble: ['Warning'] },
    ],
  ])('of %s', (_, transitions, expected) => {
    const types = (announced: 'each' | 'outcomes' | 'trouble'): string[] =>
      transitionEvents(transitions, announced).map(({ type }) => type);
    expect({ each: types('each'), outcomes: types('outcomes'), trouble: types('trouble') }).toEqual(expected);
  });

  it.each<[Summary, string]>([
    ['ready', 'Normal'],
    ['progressing', 'Normal'],
    ['degraded', 'Warning'],
    ['idle', 'Normal'],
  ])('of a summary that is %s are one', (summary, type) => {
    expect(summaryEvents(about(summary), about(summary))).toEqual([{ type, reason: 'R', message: 'm' }]);
  });

  it('of a summary warn also where only Ready is new', () => {
    const conditions = about('degraded');
    const ready = conditions.filter(({ type }) => type === CONDITION.ready);
    expect(summaryEvents(ready, conditions)).toEqual([{ type: 'Warning', reason: 'R', message: 'm' }]);
  });

  it('of a summary are none while Ready stays as it is', () => {
    const conditions = one(CONDITION.degraded, 'True');
    expect(summaryEvents(conditions, conditions)).toEqual([]);
  });

  it('have the reason and message of their condition', () => {
    expect(transitionEvents(one(CONDITION.ready, 'True'), 'each')).toEqual([
      { type: 'Normal', reason: REASON.inSync, message: 'm' },
    ]);
  });
});
