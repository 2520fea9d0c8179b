import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isPauseOver,
  keepsPoolPaused,
  type MachineConfigPoolFacts,
  type MachineConfigPoolNode,
  needsPause,
  planPause,
} from './machine-config-pool.ts';
import { rolloutNode } from './test/rollout-nodes.ts';

function member(name: string, rest: Partial<MachineConfigPoolNode> = {}): MachineConfigPoolNode {
  return { name, isUpdating: false, keepsPaused: false, ...rest };
}

const settled: MachineConfigPoolFacts = {
  name: 'worker',
  isPaused: false,
  wanted: 'rendered-worker-1',
  present: 'rendered-worker-1',
  nodes: [member('n1', { keepsPaused: true }), member('n2')],
};

const goesOn = ': the drain goes on when that is done';
const waits = (message: string): object => ({ kind: 'wait', message: `${message}${goesOn}` });
const held = { kind: 'held' };
const pause = { kind: 'pause' };

describe('before the drain of a node, its MachineConfigPool', () => {
  it.each<[string, Partial<MachineConfigPoolFacts>, object]>([
    ['is paused when nothing rolls out', {}, pause],
    ['is paused again when an earlier pause is over', { mark: 'Idle' }, pause],
    ['is left as it is when an administrator has paused it', { isPaused: true }, held],
    ['is left as it is when we have paused it', { isPaused: true, mark: 'Paused' }, held],
    ['is paused when upstream has written its mark and no more', { mark: 'Paused' }, pause],
    [
      'is not paused when somebody has ended the pause, and it rolls out since',
      { mark: 'Paused', wanted: 'rendered-worker-2' },
      waits('MachineConfigPool worker rolls out rendered-worker-2 in place of rendered-worker-1'),
    ],
    ['holds still when a roll-out waits for the end of its pause', { isPaused: true, wanted: 'rendered-2' }, held],
    [
      'is waited for while it rolls out',
      { wanted: 'rendered-worker-2' },
      waits('MachineConfigPool worker rolls out rendered-worker-2 in place of rendered-worker-1'),
    ],
    [
      'is waited for before it has a configuration',
      { wanted: undefined },
      waits('MachineConfigPool worker has no configuration yet (spec.configuration.name is empty)'),
    ],
    [
      'is waited for before its nodes have their first configuration',
      { present: '' },
      waits(
        'MachineConfigPool worker has not rolled out its first configuration yet (status.configuration.name is empty)',
      ),
    ],
    [
      'is waited for while another node is updated',
      { nodes: [member('n1'), member('n2', { isUpdating: true })] },
      waits('MachineConfigPool worker updates node n2'),
    ],
    [
      'holds still for the node when it is paused and another node finishes its update',
      { isPaused: true, nodes: [member('n1'), member('n2', { isUpdating: true })] },
      held,
    ],
    [
      'is waited for while the node itself is updated, even when it is paused',
      { isPaused: true, mark: 'Paused', nodes: [member('n1', { isUpdating: true })] },
      waits('OpenShift updates node n1 itself (MachineConfigPool worker)'),
    ],
  ])('%s', (_, facts, step) => {
    expect(planPause({ ...settled, ...facts }, 'n1')).toEqual(step);
  });
});

describe('the pause of a MachineConfigPool', () => {
  const idle = [member('n1'), member('n2')];
  it.each<[string, Partial<MachineConfigPoolFacts>, boolean]>([
    ['is over when no node needs it', { isPaused: true, mark: 'Paused', nodes: idle }, true],
    ['is over when the pool has no nodes any more', { isPaused: true, mark: 'Paused', nodes: [] }, true],
    ['is over when upstream has left its mark and no pause', { isPaused: false, mark: 'Paused', nodes: idle }, true],
    ['goes on while a node needs it', { isPaused: true, mark: 'Paused' }, false],
    ["is an administrator's without a mark", { isPaused: true, nodes: idle }, false],
    ["is an administrator's after ours is over", { isPaused: true, mark: 'Idle', nodes: idle }, false],
    ["is an administrator's when the mark says what nobody writes", { isPaused: true, mark: '', nodes: idle }, false],
  ])('%s', (_, facts, isOver) => {
    expect(isPauseOver({ ...settled, ...facts })).toBe(isOver);
  });
});

describe('a node', () => {
  it.each([
    ['asks for nothing', rolloutNode('n1'), false, false],
    ['waits for its turn', rolloutNode('n1', { request: 'Drain_Required' }), true, false],
    ['is drained', rolloutNode('n1', { request: 'Drain_Required', progress: 'Draining' }), true, true],
    ['reboots', rolloutNode('n1', { request: 'Reboot_Required', progress: 'DrainComplete' }), true, true],
    ['is about to be given back', rolloutNode('n1', { progress: 'DrainComplete' }), true, false],
    ['is between two writes', rolloutNode('n1', { request: 'unsettled' }), true, false],
    ['cannot be understood', rolloutNode('n1', { state: 'annotation x is "y"' }), true, false],
    [
      'has an external drainer',
      rolloutNode('n1', { request: 'Reboot_Required', progress: 'Draining', isExternal: true }),
      true,
      false,
    ],
  ])('that %s keeps a pause, and needs one, accordingly', (_, node, keeps, needs) => {
    expect([keepsPoolPaused(node), needsPause({ node, isDrainDisabled: false })]).toEqual([keeps, needs]);
  });

  it('needs a pause for its reboot alone where drains are disabled', () => {
    const needs = (request: 'Drain_Required' | 'Reboot_Required'): boolean =>
      needsPause({ node: rolloutNode('n1', { request, progress: 'Draining' }), isDrainDisabled: true });
    expect([needs('Drain_Required'), needs('Reboot_Required')]).toEqual([false, true]);
  });
});

describe('whatever the state of a MachineConfigPool', () => {
  const name = fc.constantFrom('rendered-1', 'rendered-2', '', undefined);
  const pools = fc.record({
    name: fc.constant('worker'),
    isPaused: fc.boolean(),
    mark: fc.constantFrom('Paused', 'Idle', 'paused', '', undefined),
    wanted: name,
    present: name,
    nodes: fc
      .array(fc.record({ isUpdating: fc.boolean(), keepsPaused: fc.boolean() }), { minLength: 1, maxLength: 4 })
      .map((nodes) => nodes.map((node, index) => member(`n${index}`, node))),
  });

  it('a pause ends only when it is of a drainer and no node needs it', () => {
    fc.assert(
      fc.property(pools, (pool) => {
        const isNeeded = pool.nodes.some(({ keepsPaused }) => keepsPaused);
        expect(isPauseOver(pool)).toBe(pool.mark === 'Paused' && !isNeeded);
      }),
    );
  });

  it('a drain goes on only in a paused pool, and never beside an update of the node', () => {
    fc.assert(
      fc.property(pools, (pool) => {
        const step = planPause(pool, 'n0');
        const isUpdating = pool.nodes[0]?.isUpdating === true;
        if (step.kind === 'held') expect(pool.isPaused && !isUpdating).toBe(true);
        if (isUpdating) expect(step.kind).toBe('wait');
      }),
    );
  });

  it('after a pause the drain goes on, after its end the pool is as it was, and neither is done twice', () => {
    fc.assert(
      fc.property(pools, (pool) => {
        if (planPause(pool, 'n0').kind === 'pause') {
          expect(planPause({ ...pool, isPaused: true, mark: 'Paused' }, 'n0')).toEqual(held);
        }
        if (isPauseOver(pool)) expect(isPauseOver({ ...pool, isPaused: false, mark: 'Idle' })).toBe(false);
      }),
    );
  });
});
