import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { Expectations } from '@sriov/controller';
import { type KubeClient, type Node, NODE } from '@sriov/kube';
import { FakeClock } from '@sriov/testing';
import { applyDrain } from './apply-drain.ts';
import { type DrainPorts, isBehind } from './drain-ports.ts';
import { type DrainStep } from './plan-drain.ts';

interface Patched {
  readonly metadata: { readonly annotations?: Record<string, string | null>; readonly resourceVersion?: string };
}

/** The two objects of a node, as an API server has them, and the daemon that writes on them. */
class World {
  readonly clock = new FakeClock();
  readonly node: Node = { metadata: { name: 'n1', resourceVersion: '1', annotations: {} } };
  readonly nodeState: SriovNetworkNodeState = {
    metadata: { name: 'n1', namespace: 'operator', uid: 'u', resourceVersion: '1', annotations: {} },
  };
  readonly events: string[] = [];
  /** Writes that do not reach the API server any more: the daemon is killed. */
  killedAfter = Infinity;

  readonly ports: DrainPorts = {
    client: { mergePatch: this.#mergePatch.bind(this) as unknown as KubeClient['mergePatch'] },
    getNode: () => this.node,
    getNodeState: () => this.nodeState,
    isDrainDisabled: () => false,
    asksAlways: false,
    wantsExternal: false,
    expectations: new Expectations(this.clock),
    recorder: {
      record: (_: unknown, __: unknown, { reason, message }: { reason: string; message: string }) =>
        void this.events.push(`${reason}: ${message}`),
    } as unknown as DrainPorts['recorder'],
    clock: this.clock,
    log: { info: () => undefined } as unknown as DrainPorts['log'],
    metrics: { waits: () => undefined },
  };

  apply(step: DrainStep, seen = structuredClone(this.nodeState)): Promise<void> {
    return applyDrain(this.ports, seen, step);
  }

  /** What both objects say. */
  get said(): [unknown, unknown] {
    return [this.node.metadata.annotations, this.nodeState.metadata.annotations];
  }

  #mergePatch(kind: unknown, _: unknown, { patch }: { patch: Patched }): Promise<KubeObject> {
    this.killedAfter -= 1;
    if (this.killedAfter < 0) return Promise.reject(new Error('killed'));
    const object = kind === NODE ? this.node : this.nodeState;
    const { annotations = {}, resourceVersion } = patch.metadata;
    const present = object.metadata.resourceVersion;
    if (resourceVersion !== undefined && resourceVersion !== present) return Promise.reject(new Error('409'));
    const merged = Object.entries({ ...object.metadata.annotations, ...annotations });
    const kept = merged.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
    Object.assign(object.metadata, {
      annotations: Object.fromEntries(kept),
      resourceVersion: String(Number(present) + 1),
    });
    return Promise.resolve(object);
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
