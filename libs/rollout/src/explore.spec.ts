import { describe, expect, it } from '@jest/globals';
import { keyOf, type Model, type ModelPool, restingNode, type Transition, transitions } from './test/model.ts';

/** Two nodes that share a pool with one slot. */
const PAIR: ModelPool = { members: [0, 1], limit: 1 };
/** The third has a pool of its own. */
const POOLS: readonly ModelPool[] = [PAIR, { members: [2], limit: 1 }];

/** Everything that can be reached, and how: for the message of a test that fails. */
interface Explored {
  readonly states: ReadonlyMap<string, Found>;
  readonly broken: readonly string[];
}

interface Found {
  readonly model: Model;
  readonly before: string | undefined;
  readonly by: string;
  readonly next: readonly string[];
}

function explore(start: readonly Model[], pools: readonly ModelPool[]): Explored {
  const states = new Map<string, { model: Model; before: string | undefined; by: string; next: readonly string[] }>();
  const broken: string[] = [];
  let front = start.map((model) => add(states, model, { name: 'start' }, undefined));
  while (front.length > 0) {
    const reached: string[] = [];
    for (const key of front) {
      const found = states.get(key);
      if (found === undefined) continue;
      const ways = transitions(found.model, pools);
      found.next = ways.map((way) => {
        const nextKey = keyOf(way.next);
        if (!states.has(nextKey)) reached.push(add(states, way.next, way, key));
        const fault = way.broken ?? findFault(way.next, pools);
        if (fault !== undefined && broken.length < 5) broken.push(`${fault}: ${describeWay(states, nextKey)}`);
        return nextKey;
      });
    }
    front = reached;
  }
  return { states, broken };
}

function add(
  states: Map<string, Found>,
  model: Model,
  { name }: Pick<Transition, 'name'>,
  before: string | undefined,
): string {
  const key = keyOf(model);
  states.set(key, { model, before, by: name, next: [] });
  return key;
}

/** What must hold in every state. */
function findFault({ nodes }: Model, pools: readonly ModelPool[]): string | undefined {
  for (const { members, limit } of pools) {
    // A node that was lost has its slot again when it is back, beside the one that another node was given meanwhile.
    const drained = members.filter((member) => nodes[member]?.state.progress !== 'Idle' && !nodes[member]?.wasLost);
    if (drained.length > limit) return 'more nodes have a slot than the pool allows';
  }
  for (const { node, state, isClosedByAdmin } of nodes) {
    if (state.progress === 'Idle' && node.cordon === null && node.isUnschedulable !== isClosedByAdmin) {
      return 'a node without a slot is not as the administrator wants it';
    }
  }
  return undefined;
}

function describeWay(states: ReadonlyMap<string, Found>, key: string): string {
  const way: string[] = [];
  for (let at: string | undefined = key; at !== undefined; at = states.get(at)?.before) {
    way.unshift(states.get(at)?.by ?? '');
  }
  return way.join(', ');
}

/** Nothing is wanted any more, nobody has a slot, and each node is as its administrator wants it. */
function isAtRest({ nodes }: Model): boolean {
  return nodes.every(
    ({ need, node, state, isClosedByAdmin, isAway }) =>
      !isAway &&
      need === 'nothing' &&
      node.asked === 'Idle' &&
      state.desired === 'Idle' &&
      state.progress === 'Idle' &&
      node.cordon === null &&
      node.isUnschedulable === isClosedByAdmin,
  );
}

/** Another node of the pool is drained while one is lost. */
function goesOnWithout({ nodes }: Model): boolean {
  return nodes.some(({ isLost }) => isLost) && nodes.some(({ isLost, state }) => !isLost && state.progress !== 'Idle');
}

/** States from which no state at rest can be reached. */
function findStuck(states: ReadonlyMap<string, Found>): string[] {
  const before = new Map<string, string[]>();
  for (const [key, { next }] of states) {
    for (const to of next) {
      const known = before.get(to);
      if (known === undefined) before.set(to, [key]);
      else known.push(key);
    }
  }
  const good = [...states].flatMap(([key, { model }]) => (isAtRest(model) ? [key] : []));
  const reaches = new Set(good);
  for (let key = good.pop(); key !== undefined; key = good.pop()) {
    for (const from of before.get(key) ?? []) {
      if (reaches.has(from)) continue;
      reaches.add(from);
      good.push(from);
    }
  }
  return [...states.keys()].filter((key) => !reaches.has(key));
}

describe('drains of three nodes in two pools, in every order of events', () => {
  const nodes = [restingNode('reboot'), restingNode('drain'), restingNode('drain')];

  it.each([
    ['one disturbance', { nodes, disturbances: 1, timeouts: 0 }, POOLS],
    [
      'one disturbance, and drains that take too long',
      { nodes: nodes.slice(0, 2), disturbances: 1, timeouts: 2 },
      [PAIR],
    ],
  ])('never break a promise, and always come to an end, with %s', (_, start: Model, pools: readonly ModelPool[]) => {
    const { states, broken } = explore([start], pools);
    expect(broken).toEqual([]);
    const stuck = findStuck(states)
      .slice(0, 2)
      .map((key) => describeWay(states, key));
    expect(stuck).toEqual([]);
    expect([...states.values()].some(({ model }) => goesOnWithout(model))).toBe(true);
    console.log(`${states.size} states explored`);
  });
});
