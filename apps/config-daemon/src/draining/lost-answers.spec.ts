import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type DrainProgress, type DrainRequest } from '@sriov/api';
import { type Need } from '@sriov/drain-protocol';
import { type HostPlan } from '@sriov/node-plan';
import { ApiError, isAnswerLost } from '@sriov/kube';
import { DrainWorld } from '../test/drain-world.ts';
import { createDrains } from './drains.ts';

const NOTHING: HostPlan = { modules: [], pfs: [], problems: [], taken: [], released: [] };
const WANTS: HostPlan = { ...NOTHING, needsDrain: [{ pciAddress: '0000:01:00.0', vfs: [0], why: 'in use' }] };

/** A daemon whose caches show what the API server has only when they are told to. */
class SlowCaches extends DrainWorld {
  #cached = this.#snapshot();
  readonly #begin = createDrains({
    ...this.ports,
    getNode: () => this.#cached.node,
    getNodeState: () => this.#cached.nodeState,
  });

  constructor(request: DrainRequest, progress: DrainProgress) {
    super();
    this.node.metadata.annotations = { [ANNOTATION.nodeState]: request };
    const annotations = { [ANNOTATION.desiredState]: request, [ANNOTATION.currentState]: progress };
    Object.assign(this.nodeState.metadata, { generation: 1, annotations });
    this.follow();
  }

  #snapshot(): Pick<DrainWorld, 'node' | 'nodeState'> {
    return structuredClone({ node: this.node, nodeState: this.nodeState });
  }

  /** The caches show what the API server has. */
  follow(): void {
    this.#cached = this.#snapshot();
  }

  /** One pass. Resolves with what it might disturb. */
  async pass(rest: HostPlan): Promise<Need> {
    const drain = this.#begin(this.#cached.nodeState);
    await drain.end({ rest, failures: [], observed: { interfaces: [], problems: [] } });
    return drain.mayDisturb;
  }

  /** What stands on the two objects. */
  get requests(): unknown[] {
    const [ofNode, ofState] = [this.node, this.nodeState].map(({ metadata: { annotations = {} } }) => annotations);
    return [ofNode?.[ANNOTATION.nodeState], ofState?.[ANNOTATION.desiredState]];
  }
}

const LOST = ['the first', 'the second'].map((name, lostAfter) => [name, lostAfter] as const);

describe('a request that was taken back, whose answer is lost', () => {
  it.each(LOST)('leaves no grant, whatever the caches still show: %s of two writes', async (_, lostAfter) => {
    const world = new SlowCaches('Drain_Required', 'DrainComplete');
    world.lostAfter = lostAfter;
    await expect(world.pass(NOTHING)).rejects.toThrow('socket hang up');
    // This pass finds out what the API server has, and the next ones wait until the caches show it.
    expect([await world.pass(WANTS), await world.pass(WANTS)]).toEqual(['nothing', 'nothing']);
    expect(world.wakes).toBe(1);
    world.follow();
    for (let passes = 0; passes < 2; passes += 1) {
      await world.pass(NOTHING);
      world.follow();
    }
    expect(world.requests).toEqual(['Idle', 'Idle']);
  });

  it('is not decided upon while the API server does not answer', async () => {
    const world = new SlowCaches('Drain_Required', 'DrainComplete');
    world.lostAfter = 1;
    await expect(world.pass(NOTHING)).rejects.toThrow('socket hang up');
    world.refusal = new ApiError('the server is starting', { status: 503 });
    const before = structuredClone(world.said);
    for (let passes = 0; passes < 3; passes += 1) await expect(world.pass(WANTS)).rejects.toThrow('starting');
    expect([world.said, world.wakes]).toEqual([before, 0]);
    world.refusal = undefined;
    expect([await world.pass(WANTS), world.wakes]).toEqual(['nothing', 1]);
  });
});

describe('a request whose answer is lost', () => {
  it.each(LOST)('stands on both objects in the end: %s of two writes', async (_, lostAfter) => {
    const world = new SlowCaches('Idle', 'Idle');
    world.lostAfter = lostAfter;
    await expect(world.pass(WANTS)).rejects.toThrow('socket hang up');
    // Half a request is taken back first.
    for (let passes = 0; passes < 4; passes += 1) {
      await world.pass(WANTS);
      world.follow();
    }
    expect(world.requests).toEqual(['Drain_Required', 'Drain_Required']);
  });
});

describe('an answer', () => {
  it.each<[string, unknown, boolean]>([
    ['never came', new ApiError('', { status: 0 }), true],
    ['came from a proxy that waited in vain', new ApiError('', { status: 504 }), true],
    ['is a conflict', new ApiError('', { status: 409 }), false],
    ['is a refusal', new ApiError('', { status: 403 }), false],
    ['asks to wait', new ApiError('', { status: 429 }), false],
    ['was never asked for', new Error('killed'), false],
  ])('is lost, or not: it %s', (_, error, expected) => {
    expect(isAnswerLost(error)).toBe(expected);
  });

  it('that refuses holds up no later decision', async () => {
    const world = new SlowCaches('Idle', 'Idle');
    world.refusal = new ApiError('forbidden', { status: 403 });
    await expect(world.pass(WANTS)).rejects.toThrow('forbidden');
    world.refusal = undefined;
    await world.pass(WANTS);
    expect([world.wakes, world.node.metadata.annotations]).toEqual([0, { [ANNOTATION.nodeState]: 'Drain_Required' }]);
  });
});
