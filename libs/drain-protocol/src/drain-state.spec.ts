import { ANNOTATION } from '@sriov/api';
import { describe, expect, it } from '@jest/globals';
import { type DrainObjects, readDrainState } from './drain-state.ts';

function objects(asked?: string, desired?: string, current?: string): DrainObjects {
  return {
    node: { metadata: { name: 'n1', annotations: asked === undefined ? {} : { [ANNOTATION.nodeState]: asked } } },
    nodeState: {
      metadata: {
        name: 'n1',
        annotations: {
          ...(desired !== undefined && { [ANNOTATION.desiredState]: desired }),
          ...(current !== undefined && { [ANNOTATION.currentState]: current }),
        },
      },
    },
  };
}

describe('the drain state of a node', () => {
  it('takes what is absent for idle, and says that it is absent', () => {
    expect(readDrainState(objects())).toEqual({
      request: 'Idle',
      progress: 'Idle',
      missing: ['nodeState', 'desiredState', 'currentState'],
    });
  });

  it('is the request that both objects carry', () => {
    expect(readDrainState(objects('Drain_Required', 'Drain_Required', 'Draining'))).toEqual({
      request: 'Drain_Required',
      progress: 'Draining',
      missing: [],
    });
  });

  it('is unsettled between the two writes of the daemon', () => {
    expect(readDrainState(objects('Drain_Required', 'Idle', 'Idle'))).toMatchObject({ request: 'unsettled' });
  });

  it('is unsettled when the Node was registered anew and has lost its request', () => {
    expect(readDrainState(objects(undefined, 'Reboot_Required', 'DrainComplete'))).toMatchObject({
      request: 'unsettled',
      missing: ['nodeState'],
    });
  });

  it.each([
    ['Node', objects('Drain', 'Idle', 'Idle'), `annotation ${ANNOTATION.nodeState} of the Node is "Drain"`],
    ['wish', objects('Idle', '', 'Idle'), `annotation ${ANNOTATION.desiredState} of the SriovNetworkNodeState is ""`],
    ['progress', objects('Idle', 'Idle', 'Drained'), 'must be one of Idle, Draining, DrainComplete'],
  ])('names a value that nobody of ours writes: %s', (_, seen, sentence) => {
    expect(readDrainState(seen)).toContain(sentence);
  });
});
