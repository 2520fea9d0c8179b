import { describe, expect, it } from '@jest/globals';
import { CONDITION, REASON } from '@sriov/api';
import { eventTypeOf } from './event-type.ts';

describe('eventTypeOf', () => {
  it.each([
    ['Ready that holds', CONDITION.ready, 'True', REASON.inSync, 'Normal'],
    ['Ready that does not hold', CONDITION.ready, 'False', REASON.applying, 'Warning'],
    ['Ready that is unknown', CONDITION.ready, 'Unknown', REASON.applying, 'Normal'],
    ['Degraded that holds', CONDITION.degraded, 'True', REASON.reconcileFailed, 'Warning'],
    ['Degraded that does not hold', CONDITION.degraded, 'False', REASON.inSync, 'Normal'],
    ['Progressing that holds', CONDITION.progressing, 'True', REASON.applying, 'Normal'],
    [
      'a ConfigMap that is nearly full',
      CONDITION.devicePluginConfigWritten,
      'True',
      REASON.configMapNearlyFull,
      'Warning',
    ],
  ] as const)('%s', (_, type, status, reason, expected) => {
    expect(eventTypeOf({ type, status, reason })).toBe(expected);
  });
});
