import { type DrainProgress, type DrainRequest } from '@sriov/api';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Move, type Need, nextMove, permission } from './next-move.ts';

describe('the next move of a node', () => {
  it.each<[string, Need, DrainRequest | 'unsettled', DrainProgress, Move]>([
    [
      'goes on when nothing can be felt and nothing was asked for',
      'nothing',
      'Idle',
      'Idle',
      { kind: 'proceed', mayDisturb: 'nothing' },
    ],
    [
      'goes on with what nobody feels while its last grant is being taken back',
      'nothing',
      'Idle',
      'DrainComplete',
      { kind: 'proceed', mayDisturb: 'nothing' },
    ],
    ['asks for a drain', 'drain', 'Idle', 'Idle', { kind: 'ask', request: 'Drain_Required' }],
    ['asks for a reboot', 'reboot', 'Idle', 'Idle', { kind: 'ask', request: 'Reboot_Required' }],
    [
      'does not take the grant of its last request for one of the next',
      'drain',
      'Idle',
      'DrainComplete',
      { kind: 'wait', because: 'lastGrant' },
    ],
    [
      'waits while a drain that it no longer asks for is ended',
      'reboot',
      'Idle',
      'Draining',
      { kind: 'wait', because: 'lastGrant' },
    ],
    ['waits for its turn', 'drain', 'Drain_Required', 'Idle', { kind: 'wait', because: 'slot' }],
    ['waits for its pods', 'drain', 'Drain_Required', 'Draining', { kind: 'wait', because: 'eviction' }],
    [
      'disturbs VFs in use when it is drained',
      'drain',
      'Drain_Required',
      'DrainComplete',
      { kind: 'proceed', mayDisturb: 'drain' },
    ],
    [
      'reboots when it is drained for a reboot',
      'reboot',
      'Reboot_Required',
      'DrainComplete',
      { kind: 'proceed', mayDisturb: 'reboot' },
    ],
    [
      'needs no second drain for less than it was drained for',
      'drain',
      'Reboot_Required',
      'DrainComplete',
      { kind: 'proceed', mayDisturb: 'reboot' },
    ],
    [
      'does not reboot with a grant for a drain',
      'reboot',
      'Drain_Required',
      'DrainComplete',
      { kind: 'withdraw', because: 'wrongGrant' },
    ],
    [
      'asks anew when a reboot turns out to be needed while it waits',
      'reboot',
      'Drain_Required',
      'Idle',
      { kind: 'withdraw', because: 'wrongGrant' },
    ],
    [
      'takes its request back when all is done',
      'nothing',
      'Reboot_Required',
      'DrainComplete',
      { kind: 'withdraw', because: 'done' },
    ],
    [
      'takes its request back when nobody wants the change any more',
      'nothing',
      'Drain_Required',
      'Draining',
      { kind: 'withdraw', because: 'done' },
    ],
    [
      'takes back a request that is on one object only',
      'drain',
      'unsettled',
      'DrainComplete',
      { kind: 'withdraw', because: 'unsettled' },
    ],
  ])('%s', (_, need, request, progress, move) => {
    expect(nextMove({ need, state: { request, progress } })).toEqual(move);
  });

  it.each(['Idle', 'Reboot_Required'] as const)(
    'disturbs without asking where draining is disabled, also while it has asked for %s',
    (request) => {
      const move = nextMove({ need: 'drain', state: { request, progress: 'Idle' }, isDrainDisabled: true });
      expect(move).toEqual({ kind: 'proceed', mayDisturb: 'drain' });
    },
  );

  it('asks for a reboot also where draining is disabled, and waits for its turn', () => {
    const move = (request: DrainRequest, progress: DrainProgress): Move =>
      nextMove({ need: 'reboot', state: { request, progress }, isDrainDisabled: true });
    expect(move('Idle', 'Idle')).toEqual({ kind: 'ask', request: 'Reboot_Required' });
    expect(move('Reboot_Required', 'Idle')).toEqual({ kind: 'wait', because: 'slot' });
    expect(move('Reboot_Required', 'DrainComplete')).toEqual({ kind: 'proceed', mayDisturb: 'reboot' });
  });

  it('waits for a drain that has begun, also where draining is disabled', () => {
    const state = { request: 'Drain_Required', progress: 'Draining' } as const;
    expect(nextMove({ need: 'drain', state, isDrainDisabled: true })).toEqual({ kind: 'wait', because: 'eviction' });
  });

  it('disturbs a pod only with a grant for the request that stands', () => {
    const facts = fc.record({
      need: fc.constantFrom<Need[]>('nothing', 'drain', 'reboot'),
      state: fc.record({
        request: fc.constantFrom<(DrainRequest | 'unsettled')[]>(
          'Idle',
          'Drain_Required',
          'Reboot_Required',
          'unsettled',
        ),
        progress: fc.constantFrom<DrainProgress[]>('Idle', 'Draining', 'DrainComplete'),
      }),
    });
    fc.assert(
      fc.property(facts, ({ need, state }) => {
        const move = nextMove({ need, state });
        if (move.kind !== 'proceed' || move.mayDisturb === 'nothing') return;
        expect(state.progress).toBe('DrainComplete');
        if (move.mayDisturb === 'reboot') expect(state.request).toBe('Reboot_Required');
        else expect(state.request).toBe('Drain_Required');
      }),
    );
  });
});

describe('what a node may disturb', () => {
  it.each<[string, DrainRequest | 'unsettled', DrainProgress, boolean, Need]>([
    ['is nothing before it has asked', 'Idle', 'Idle', false, 'nothing'],
    ['is nothing while it waits', 'Drain_Required', 'Draining', false, 'nothing'],
    ['are VFs in use once it is drained', 'Drain_Required', 'DrainComplete', false, 'drain'],
    ['is everything once it is drained for a reboot', 'Reboot_Required', 'DrainComplete', false, 'reboot'],
    ['is nothing by a grant that it has given back', 'Idle', 'DrainComplete', false, 'nothing'],
    ['is nothing while its request stands on one object only', 'unsettled', 'DrainComplete', false, 'nothing'],
    ['are VFs in use where nobody wants drains', 'Idle', 'Idle', true, 'drain'],
    ['are VFs in use while it waits to reboot, where nobody wants drains', 'Reboot_Required', 'Idle', true, 'drain'],
    [
      'is a reboot when that has its turn, where nobody wants drains',
      'Reboot_Required',
      'DrainComplete',
      true,
      'reboot',
    ],
    [
      'is nothing while its pods leave, where nobody wants drains any more',
      'Drain_Required',
      'Draining',
      true,
      'nothing',
    ],
  ])('%s', (_, request, progress, isDrainDisabled, expected) => {
    expect(permission({ state: { request, progress }, isDrainDisabled })).toBe(expected);
  });
});
