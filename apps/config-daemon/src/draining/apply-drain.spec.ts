import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { DrainWorld } from '../test/drain-world.ts';
import { applyDrain } from './apply-drain.ts';
import { isBehind } from './drain-ports.ts';
import { type DrainStep } from './plan-drain.ts';

class World extends DrainWorld {
  apply(step: DrainStep): Promise<void> {
    return applyDrain(this.ports, structuredClone(this.nodeState), step);
  }
}

const ASK: DrainStep = { kind: 'ask', request: 'Reboot_Required', why: ['0000:01:00.0: firmware'] };
const ASKED = {
  [ANNOTATION.desiredState]: 'Reboot_Required',
  [ANNOTATION.drainAskedAt]: '2026-01-01T00:00:00Z',
};

describe('a decision about the drain of a node', () => {
  it('to ask stands on both objects, with its time, and is told with what it is for', async () => {
    const world = new World();
    await world.apply(ASK);
    expect(world.said).toEqual([{ [ANNOTATION.nodeState]: 'Reboot_Required' }, ASKED]);
    expect(world.events).toEqual(['WaitingForDrainSlot: asks for a drain and a reboot: 0000:01:00.0: firmware']);
  });

  it('to take the request back leaves no time of it, and says for what the drain was in vain', async () => {
    const world = new World();
    await world.apply(ASK);
    const inVain = { generation: 3, at: '2026-01-01T01:00:00Z', times: 1, of: ['reboot'] };
    await world.apply({ kind: 'withdraw', because: 'in vain', inVain });
    expect(world.said).toEqual([
      { [ANNOTATION.nodeState]: 'Idle' },
      { [ANNOTATION.desiredState]: 'Idle', [ANNOTATION.drainInVain]: JSON.stringify(inVain) },
    ]);
    await world.apply({ kind: 'forget' });
    expect(world.said[1]).toEqual({ [ANNOTATION.desiredState]: 'Idle' });
  });

  it('is no request yet when the daemon is killed between its two writes', async () => {
    const world = new World();
    world.killedAfter = 1;
    await expect(world.apply(ASK)).rejects.toThrow('killed');
    expect(world.said).toEqual([{ [ANNOTATION.nodeState]: 'Reboot_Required' }, {}]);
    expect(world.events).toEqual([]);
  });

  it('is void when the cache shows an older node state than the API server has', async () => {
    const world = new World();
    const older = structuredClone(world.nodeState);
    world.nodeState.metadata.resourceVersion = '7';
    Object.assign(world.ports, { getNodeState: () => older });
    await expect(world.apply(ASK)).rejects.toThrow('409');
    expect(world.said[1]).toEqual({});
  });

  it('is waited for until the caches show it', async () => {
    const world = new World();
    const before = { node: structuredClone(world.node), nodeState: structuredClone(world.nodeState) };
    await world.apply(ASK);
    expect(isBehind({ ...world.ports, getNode: () => before.node })).toBe(true);
    expect(isBehind({ ...world.ports, getNodeState: () => before.nodeState })).toBe(true);
    expect(isBehind(world.ports)).toBe(false);
  });

  it.each([
    [true, { [ANNOTATION.useExternalDrainer]: 'true' }],
    [false, {}],
  ])('says whether another controller drains the node: %s', async (isExternal, expected) => {
    const world = new World();
    await world.apply({ kind: 'mark', isExternal });
    expect(world.said).toEqual([{}, expected]);
  });

  it('to do nothing writes nothing', async () => {
    const world = new World();
    await world.apply({ kind: 'none' });
    expect([world.node.metadata.resourceVersion, world.nodeState.metadata.resourceVersion]).toEqual(['1', '1']);
  });
});
