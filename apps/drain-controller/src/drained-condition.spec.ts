import { describe, expect, it } from '@jest/globals';
import { completeCondition, leavingCondition } from './drained-condition.ts';

const pod = (name: string): Parameters<typeof completeCondition>[0][number]['pod'] => ({
  namespace: 'apps',
  name,
  resources: [],
  claimDrivers: [],
  isMirror: false,
  isOver: false,
  isAwaited: false,
});

describe('the condition of a drain', () => {
  const evicted = { left: [], blocked: [], awaited: [], staying: [], progress: { gone: 0, total: 0 } };

  it('names the pods that have to leave, counts those beyond the tenth, and says how far the drain is', () => {
    const left = Array.from({ length: 12 }, (_, index) => `apps/p${index}`);
    expect(leavingCondition({ ...evicted, left, progress: { gone: 3, total: 15 } })).toEqual({
      type: 'Drained',
      status: 'False',
      reason: 'Draining',
      message: `3 of 15 pods have left; have to leave: ${left.slice(0, 10).join(', ')} and 2 more`,
    });
  });

  it('tells of what is in the way before it tells of what goes on', () => {
    const blocked = ['apps/db: The disruption budget db needs 1 healthy pods and has 1 currently'];
    const left = ['apps/db', 'apps/web', 'apps/job'];
    const progress = { gone: 0, total: 3 };
    expect(leavingCondition({ ...evicted, left, blocked, awaited: ['apps/job'], progress })).toMatchObject({
      reason: 'DrainBlocked',
      message: `0 of 3 pods have left; cannot be evicted now: ${blocked[0]}; are left to end by themselves: apps/job`,
    });
  });

  it('says when the drain has taken too long', () => {
    const facts = { ...evicted, left: ['apps/web'], progress: { gone: 0, total: 1 } };
    expect(leavingCondition(facts, 60_000)).toMatchObject({
      reason: 'DrainOverdue',
      message: 'the drain was to take 60 s at most, and goes on: 0 of 1 pod has left; have to leave: apps/web',
    });
  });

  it('names pods that stay with a VF', () => {
    const staying = [
      { pod: pod('agent'), because: 'daemonSet' },
      { pod: pod('static'), because: 'mirror' },
    ] as const;
    expect(completeCondition(staying).message).toBe(
      'the pods that had to leave have left; with a VF stay: apps/agent (of a DaemonSet), apps/static (run by the kubelet from a file)',
    );
  });
});
