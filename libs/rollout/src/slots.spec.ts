import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { giveTurns, type RolloutPool, type Turns } from './slots.ts';
import { rolloutNode } from './test/rollout-nodes.ts';

const asking = { request: 'Drain_Required' } as const;
const draining = { request: 'Drain_Required', progress: 'Draining' } as const;

function turns(pool: Partial<RolloutPool> & Pick<RolloutPool, 'nodes'>, countsOthers = true): Turns {
  return giveTurns({ name: 'workers', limit: 1, ...pool }, { countsOthers });
}

describe('the turns of a pool', () => {
  it('go to one node of three where one may be unavailable', () => {
    const nodes = [rolloutNode('n1', asking), rolloutNode('n2', asking), rolloutNode('n3')];
    expect(turns({ nodes }).granted).toEqual(['n1']);
  });

  it('go to two of three where two may be', () => {
    const nodes = ['n1', 'n2', 'n3'].map((name) => rolloutNode(name, asking));
    expect(turns({ nodes, limit: 2 }).granted).toEqual(['n1', 'n2']);
  });

  it('go to all where nothing limits them', () => {
    const nodes = ['n1', 'n2', 'n3'].map((name) => rolloutNode(name, asking));
    expect(turns({ nodes, limit: Infinity }).granted).toEqual(['n1', 'n2', 'n3']);
  });

  it('go first to those who have waited longest, and to those who do not say how long', () => {
    const nodes = [
      rolloutNode('n1', { ...asking, askedAt: '2026-05-01T10:00:02Z' }),
      rolloutNode('n2', { ...asking, askedAt: '2026-05-01T10:00:01Z' }),
      rolloutNode('n3', asking),
    ];
    expect(turns({ nodes, limit: 3 }).granted).toEqual(['n3', 'n2', 'n1']);
  });

  it('go last to a node whose drain was given up, and not before its pause is over', () => {
    const released = { ...asking, askedAt: '2026-05-01T10:00:00Z', releasedAt: '2026-05-01T11:00:00Z' };
    const other = rolloutNode('n2', { ...asking, askedAt: '2026-05-01T10:30:00Z' });
    expect(turns({ nodes: [rolloutNode('n1', released), other], limit: 2 }).granted).toEqual(['n2', 'n1']);
    const pausing = rolloutNode('n1', { ...released, pausesUntil: '2026-05-01T11:10:00Z' });
    const { granted, waiting } = turns({ nodes: [pausing, other], limit: 2 });
    expect(granted).toEqual(['n2']);
    expect(waiting.get('n1')).toContain('gets no turn before 2026-05-01T11:10:00Z');
  });

  it('go to the next while the slot of a node cannot be written, which the node says', () => {
    const refused = rolloutNode('n1', { ...asking, refusedBecause: 'no drains today' });
    const { granted, waiting } = turns({ nodes: [refused, rolloutNode('n2', asking)] });
    expect(granted).toEqual(['n2']);
    expect(waiting.get('n1')).toContain('does not take that down: no drains today');
  });

  it('go to nobody while the slots are taken, and say by whom', () => {
    const nodes = [rolloutNode('n1', draining), rolloutNode('n2', asking), rolloutNode('n3', asking)];
    const { granted, waiting } = turns({ nodes });
    expect(granted).toEqual([]);
    expect(waiting.get('n2')).toBe(
      'pool workers allows 1 unavailable node, and has 1: n1 (is being drained); this node is the next',
    );
    expect(waiting.get('n3')).toContain('1 node is before this one');
  });

  it('change nothing about what those far back in the queue are told while others come and go', () => {
    const queue = Array.from({ length: 8 }, (_, index) => rolloutNode(`n${index}`, asking));
    const told = (busy: string): (string | undefined)[] => {
      const { waiting } = turns({ nodes: [rolloutNode(busy, draining), ...queue] });
      return queue.map(({ name }) => waiting.get(name));
    };
    const [before, after] = [told('a1'), told('a2')];
    expect(before.slice(5)).toEqual(after.slice(5));
    expect(before[7]).toBe(
      'pool workers allows 1 unavailable node, and has no slot free; at least 5 nodes are before this one',
    );
    expect([before[4], after[4]]).toEqual([
      expect.stringContaining('a1 (is being drained); 4 nodes are before this one'),
      expect.stringContaining('a2 (is being drained); 4 nodes are before this one'),
    ]);
  });

  it('count a drained node until its slot was given back', () => {
    const nodes = [rolloutNode('n1', { request: 'Idle', progress: 'DrainComplete' }), rolloutNode('n2', asking)];
    expect(turns({ nodes }).granted).toEqual([]);
  });

  it('count nodes that are not ready or that others have cordoned', () => {
    const nodes = [
      rolloutNode('n1', { isReady: false }),
      rolloutNode('n2', { isUnschedulable: true }),
      rolloutNode('n3', asking),
    ];
    expect(turns({ nodes, limit: 2 }).waiting.get('n3')).toContain('n1 (not ready), n2 (cordoned by somebody else)');
    expect(turns({ nodes, limit: 3 }).granted).toEqual(['n3']);
    expect(turns({ nodes, limit: 1 }, false).granted).toEqual(['n3']);
  });

  it('go to a node that is unavailable already: its drain makes no other node unavailable', () => {
    const nodes = [rolloutNode('n1', { ...asking, isReady: false }), rolloutNode('n2', { isReady: false })];
    expect(turns({ nodes }).granted).toEqual(['n1']);
  });

  it('do not wait for a node that was lost in its drain', () => {
    const away = { ...draining, isReady: false };
    const other = rolloutNode('n2', asking);
    expect(turns({ nodes: [rolloutNode('n1', away), other] }).granted).toEqual([]);
    expect(turns({ nodes: [rolloutNode('n1', { ...away, isLost: true }), other] }).granted).toEqual(['n2']);
  });

  it('do not count a cordon that an earlier drain has left', () => {
    const left = { isUnschedulable: true, cordon: { wasUnschedulable: false } };
    expect(turns({ nodes: [rolloutNode('n1', left), rolloutNode('n2', asking)] }).granted).toEqual(['n2']);
  });

  it('go to nobody where drains are forbidden, or the limit cannot be read', () => {
    const nodes = [rolloutNode('n1', asking)];
    expect(turns({ nodes, limit: 0 }).waiting.get('n1')).toContain('allows no drain: maxUnavailable is 0');
    expect(turns({ nodes, limit: 'maxUnavailable is "x"' }).waiting.get('n1')).toContain('maxUnavailable is "x"');
  });

  it('leave nodes to their external drainer, whose slots count', () => {
    const nodes = [rolloutNode('n1', { ...draining, isExternal: true }), rolloutNode('n2', asking)];
    expect(turns({ nodes }).granted).toEqual([]);
    expect(turns({ nodes: [rolloutNode('n1', { ...asking, isExternal: true })] })).toEqual({
      granted: [],
      waiting: new Map(),
    });
  });

  it('never exceed the limit, and leave nobody without an answer', () => {
    const node = fc.record({
      request: fc.constantFrom('Idle', 'Drain_Required', 'Reboot_Required' as const),
      progress: fc.constantFrom('Idle', 'Draining', 'DrainComplete' as const),
      isReady: fc.boolean(),
      isUnschedulable: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(node, { maxLength: 12 }), fc.nat(5), (nodes, limit) => {
        const pool = nodes.map((facts, index) => rolloutNode(`n${index}`, facts));
        const { granted, waiting } = turns({ nodes: pool, limit });
        const busy = nodes.filter(({ progress }) => progress !== 'Idle').length;
        if (granted.length > 0) expect(busy + granted.length).toBeLessThanOrEqual(limit);
        const asked = nodes.filter(({ request, progress }) => request !== 'Idle' && progress === 'Idle').length;
        expect(granted.length + waiting.size).toBe(asked);
      }),
    );
  });
});
