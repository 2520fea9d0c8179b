import { describe, expect, it } from '@jest/globals';
import { type SyncAnswer } from '@sriov/plugin-handover';
import { mergeAnswers } from './merge-answers.ts';

const answer = (change: Partial<SyncAnswer> = {}): SyncAnswer => ({
  resources: [],
  heldBack: [],
  configProblems: [],
  held: [],
  allocating: [],
  ...change,
});
const resource = (
  name: string,
  healthy: string[],
  unhealthy: string[],
  unregistered?: string,
): SyncAnswer['resources'][number] => ({
  name,
  healthy,
  unhealthy,
  ...(unregistered !== undefined && { unregistered }),
});
const held = (device: string): SyncAnswer['heldBack'][number] => ({
  resource: 'r',
  devices: [device],
  reason: 'PfDown',
  message: 'm',
});

describe('several instances of the device plugin say together', () => {
  it.each<[string, SyncAnswer[], SyncAnswer | undefined]>([
    ['nothing when there are none', [], undefined],
    ['what the only one says', [answer({ configHash: 'a' })], answer({ configHash: 'a' })],
    [
      'once what they all say',
      [1, 2, 3].map(() => answer({ heldBack: [held('1')], configProblems: ['p'], allocating: ['a'], configHash: 'h' })),
      answer({ heldBack: [held('1')], configProblems: ['p'], allocating: ['a'], configHash: 'h' }),
    ],
    [
      'what any of them says',
      [
        answer({ heldBack: [held('1')], configProblems: ['p'], allocating: ['a'] }),
        answer({ heldBack: [held('2')], configProblems: ['q'], allocating: ['b'] }),
      ],
      answer({ heldBack: [held('1'), held('2')], configProblems: ['p', 'q'], allocating: ['a', 'b'] }),
    ],
    [
      'no configuration when they have different ones',
      [answer({ configHash: 'a' }), answer({ configHash: 'b' })],
      answer(),
    ],
    [
      'that a device is held when whoever lists it as healthy holds it',
      [
        answer({ resources: [resource('r', ['1', '2'], [])], held: ['1', '2'] }),
        answer({ resources: [resource('r', ['1'], ['2'])] }),
      ],
      answer({ resources: [resource('r', ['1', '2'], [])], held: ['2'] }),
    ],
    [
      'that a device is offered when one of them offers it',
      [
        answer({ resources: [resource('r', ['1'], ['2', '3'])] }),
        answer({ resources: [resource('r', ['2'], ['1', '3']), resource('s', [], ['9'])] }),
      ],
      answer({ resources: [resource('r', ['1', '2'], ['3']), resource('s', [], ['9'])] }),
    ],
    [
      'that the kubelet does not know a resource when all of them say so',
      [
        answer({ resources: [resource('r', [], [], 'refused'), resource('s', [], [], 'refused')] }),
        answer({ resources: [resource('r', [], [], 'refused as well'), resource('s', [], [])] }),
      ],
      answer({ resources: [resource('r', [], [], 'refused'), resource('s', [], [])] }),
    ],
  ])('%s', (_, answers, expected) => expect(mergeAnswers(answers)).toEqual(expected));
});
