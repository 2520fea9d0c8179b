import { describe, expect, it } from '@jest/globals';
import { pool } from '@sriov/testing/objects';
import fc from 'fast-check';
import { PAUSED, RolloutModel } from '../test/rollout-model.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const SOAK_MS = 60_000;

/** What can happen to a fleet, in any order. */
type Happening =
  | { readonly kind: 'edit' | 'pause' | 'resume' | 'join' }
  | { readonly kind: 'reconcile'; readonly node: string; readonly upTo: number }
  | { readonly kind: 'leave'; readonly node: string }
  | { readonly kind: 'say'; readonly node: string; readonly what: 'Succeeded' | 'Failed' | 'InProgress' }
  | { readonly kind: 'pass'; readonly ms: number };

const node = fc.constantFrom(...NAMES, 'new');
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('edit' as const, 'pause' as const, 'resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('join' as const, 'resume' as const) }) },
  // A process that is killed has done some of the writes, in their order.
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('reconcile' as const), node, upTo: fc.constantFrom(0, 1, 2, 9) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), node }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      node,
      what: fc.constantFrom('Succeeded' as const, 'Succeeded' as const, 'Failed' as const, 'InProgress' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1_000, SOAK_MS / 2, SOAK_MS) }),
  },
);

/** Watches from outside which node has which edit, and since when it is Succeeded with it. */
class Watcher {
  readonly model = new RolloutModel();
  readonly places: number;
  edit = 0;
  readonly #since = new Map<string, number>();
  readonly #proven = new Set<number>();

  constructor(places: number) {
    this.places = places;
    this.model.pools = [pool('workers', { canary: { nodes: places, succeededForSeconds: SOAK_MS / 1_000 } })];
    NAMES.forEach((name) => this.model.join(name));
    this.change();
  }

  change(): void {
    this.edit += 1;
    this.model.store('p', { mtu: 1_000 + this.edit }, this.model.policies[0]?.metadata.annotations);
  }

  having(edit: number): string[] {
    return [...this.model.nodes.keys()].filter((name) => this.model.spec(name).interfaces?.[0]?.mtu === 1_000 + edit);
  }

  reconcile(name: string, upTo: number): void {
    const { model } = this;
    this.#look();
    const before = model.nodes.get(name);
    const { decision, writes } = model.reconcile(name, upTo);
    if (decision.hold) expect([writes, model.nodes.get(name)]).toEqual([[], before]);
    if (model.spec(name) !== before?.state.spec) this.#since.delete(name);
    if (this.#proven.has(this.edit)) return;
    expect(this.having(this.edit).length).toBeLessThanOrEqual(this.places);
  }

  say(name: string, what: 'Succeeded' | 'Failed' | 'InProgress'): void {
    this.model.say(name, what);
    if (what !== 'Succeeded') this.#since.delete(name);
    else if (!this.#since.has(name)) this.#since.set(name, this.model.now);
  }

  /** An edit is proven once so many nodes have been Succeeded with it for the time. */
  #look(): void {
    const good = this.having(this.edit).filter(
      (name) => (this.#since.get(name) ?? Infinity) + SOAK_MS <= this.model.now,
    );
    if (good.length >= this.places) this.#proven.add(this.edit);
  }
}

function happen(watcher: Watcher, event: Happening): void {
  if (!('node' in event)) changeFleet(watcher, event);
  else if (watcher.model.nodes.has(event.node)) changeNode(watcher, event);
}

type OfNode = Extract<Happening, { readonly node: string }>;

function changeFleet(watcher: Watcher, event: Exclude<Happening, OfNode>): void {
  const { model } = watcher;
  switch (event.kind) {
    case 'edit':
      watcher.change();
      break;
    case 'pause':
      model.annotate('p', PAUSED);
      break;
    case 'resume':
      model.annotate('p', {});
      break;
    case 'join':
      if (!model.nodes.has('new')) model.join('new');
      break;
    case 'pass':
      model.now += event.ms;
  }
}

function changeNode(watcher: Watcher, event: OfNode): void {
  switch (event.kind) {
    case 'leave':
      watcher.model.nodes.delete(event.node);
      break;
    case 'reconcile':
      watcher.reconcile(event.node, event.upTo);
      break;
    case 'say':
      watcher.say(event.node, event.what);
  }
}

describe('laws of roll-outs', () => {
  it('no more nodes have a change than the canary has places before it is done, and a held node gets no write', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(happening, { maxLength: 60 }), (places, events) => {
        const watcher = new Watcher(places);
        for (const event of events) happen(watcher, event);
      }),
    );
  });

  it('a policy that was paused and goes on makes of the nodes what it would have made of them unpaused', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(numbers, fc.nat(4), (edits, pausedFrom) => {
        const [paused, free] = [new RolloutModel(), new RolloutModel()];
        for (const model of [paused, free]) NAMES.forEach((name) => model.join(name));
        edits.forEach((numVfs, index) => {
          paused.store('p', { numVfs }, index >= pausedFrom ? PAUSED : {});
          free.store('p', { numVfs });
          paused.settle();
          free.settle();
        });
        paused.annotate('p', {});
        paused.settle();
        const what = (model: RolloutModel): unknown[] =>
          [...model.nodes.values()].map(({ state, config, label }) => [
            state.spec,
            state.metadata.annotations,
            config,
            label,
          ]);
        expect(what(paused)).toEqual(what(free));
      }),
    );
  });

  it('every roll-out ends when the nodes succeed, whatever happened before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(happening, { maxLength: 40 }), (places, events) => {
        const watcher = new Watcher(places);
        for (const event of events) happen(watcher, event);
        const { model } = watcher;
        model.annotate('p', {});
        for (let round = 0; round < 6; round += 1) {
          for (const name of model.nodes.keys()) model.reconcile(name);
          for (const name of model.nodes.keys()) model.say(name, 'Succeeded');
          model.now += SOAK_MS;
        }
        expect(watcher.having(watcher.edit)).toHaveLength(model.nodes.size);
      }),
    );
  });
});
