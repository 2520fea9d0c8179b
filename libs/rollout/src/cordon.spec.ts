import { describe, expect, it } from '@jest/globals';
import { formatCordonRecord, planCordon, planUncordon, readCordonRecord } from './cordon.ts';

describe('the cordon of a node', () => {
  it('is remembered as it was', () => {
    for (const wasUnschedulable of [true, false]) {
      const { record } = planCordon({ isUnschedulable: wasUnschedulable, isOurGrant: true }) ?? {};
      expect(readCordonRecord(formatCordonRecord(record ?? { wasUnschedulable: !wasUnschedulable }))).toEqual({
        wasUnschedulable,
      });
    }
  });

  it('is given back as it was', () => {
    const given = (wasUnschedulable: boolean): unknown =>
      planUncordon({ isUnschedulable: true, isOurGrant: true, cordon: { wasUnschedulable } });
    expect(given(false)).toEqual({ unschedulable: false, record: null });
    expect(given(true)).toEqual({ unschedulable: true, record: null });
  });

  it('that nobody recorded is an administrator’s, and stays', () => {
    expect(planUncordon({ isUnschedulable: true, isOurGrant: true })).toBeUndefined();
  });

  it('of a drain that another drainer granted was made by that one, which makes no records', () => {
    expect(planUncordon({ isUnschedulable: true, isOurGrant: false })).toEqual({ unschedulable: false, record: null });
    expect(planCordon({ isUnschedulable: true, isOurGrant: false })).toEqual({
      unschedulable: true,
      record: { wasUnschedulable: false },
    });
  });

  it('whose record is damaged stays: nobody knows who closed the node', () => {
    expect(readCordonRecord('{"wasUnsched')).toEqual({ wasUnschedulable: true });
    expect(readCordonRecord('{"wasUnschedulable":"no"}')).toEqual({ wasUnschedulable: true });
  });

  it('is made again when somebody takes it away in the middle of a drain', () => {
    const cordon = { wasUnschedulable: false };
    expect(planCordon({ isUnschedulable: false, isOurGrant: true, cordon })).toEqual({
      unschedulable: true,
      record: cordon,
    });
    expect(planCordon({ isUnschedulable: true, isOurGrant: true, cordon })).toBeUndefined();
  });
});
