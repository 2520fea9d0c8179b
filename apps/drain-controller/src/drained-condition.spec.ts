import { describe, expect, it } from '@jest/globals';
import { completeCondition, leavingCondition } from './drained-condition.ts';

const pod = (name: string): Parameters<typeof completeCondition>[0][number]['pod'] => ({
  namespace: 'apps',
  name,
  resources: [],
  claimDrivers: [],
  isMirror: false,
  isOver: false,
});

describe('the condition of a drain', () => {
  it('names the pods that have to leave, and counts those beyond the tenth', () => {
    const left = Array.from({ length: 12 }, (_, index) => `apps/p${index}`);
    expect(leavingCondition({ left, blocked: [], staying: [] })).toEqual({
      type: 'Drained',
      status: 'False',
      reason: 'Draining',
      message: `pods have to leave: ${left.slice(0, 10).join(', ')} and 2 more`,
    });
  });

  it('tells of what is in the way before it tells of what goes on', () => {
    const blocked = ['apps/db: The disruption budget db needs 1 healthy pods and has 1 currently'];
    expect(leavingCondition({ left: ['apps/db', 'apps/web'], blocked, staying: [] })).toMatchObject({
      reason: 'DrainBlocked',
      message: `cannot be evicted now: ${blocked[0]}`,
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
