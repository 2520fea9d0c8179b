import { nextStep, type RolloutStep } from './next-step.ts';
import { giveTurns, type RolloutPool, type SlotRules } from './slots.ts';

/** All that bears on who may be drained. */
export interface RolloutFacts extends SlotRules {
  /** Each node is in one of them; the default pool is among them. */
  readonly pools: readonly RolloutPool[];
  /** Nodes that belong to no pool for sure, with the reason: they are in several, or the pools cannot be read. */
  readonly unsure: readonly UnsureNode[];
}

/** A node whose pool is not known. */
export interface UnsureNode {
  readonly node: RolloutPool['nodes'][number];
  readonly because: string;
}

/** Plans the next step about each node, by name. */
export function planRollout(facts: RolloutFacts): ReadonlyMap<string, RolloutStep> {
  const { pools, unsure } = facts;
  const isAlone = pools.reduce((sum, { nodes }) => sum + nodes.length, unsure.length) === 1;
  const steps = new Map<string, RolloutStep>();
  for (const pool of pools) {
    const { granted, waiting } = giveTurns(pool, facts);
    const turns = new Set(granted);
    const { onTimeout = 'wait' } = pool;
    for (const node of pool.nodes) {
      const waitsFor = waiting.get(node.name);
      steps.set(node.name, nextStep({ node, isGranted: turns.has(node.name), waitsFor, isAlone, onTimeout }));
    }
  }
  for (const { node, because } of unsure) {
    steps.set(node.name, nextStep({ node, isGranted: false, waitsFor: because, isAlone, onTimeout: 'wait' }));
  }
  return steps;
}
