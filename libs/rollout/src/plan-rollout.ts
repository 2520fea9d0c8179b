import { ANNOTATION } from '@sriov/api';
import { nextStep, type RolloutStep } from './next-step.ts';
import { type RolloutNode } from './rollout-node.ts';
import { giveTurns, type RolloutPool, type SlotRules } from './slots.ts';

/** All that bears on who may be drained. */
export interface RolloutFacts extends SlotRules {
  /** Each node is in one of them; the default pool is among them. */
  readonly pools: readonly RolloutPool[];
  /** Nodes that belong to no pool for sure, with the reason: they are in several, or the pools cannot be read. */
  readonly unsure: readonly UnsureNode[];
  /** `disableDrain` of the SriovOperatorConfig. It is consent to the reboot of an only node as well. */
  readonly isDrainDisabled: boolean;
}

/** A node whose pool is not known. */
export interface UnsureNode {
  readonly node: RolloutPool['nodes'][number];
  readonly because: string;
  /** Names of the pools that it may be in; `undefined` among them is the default pool. */
  readonly mayBeIn: readonly (string | undefined)[];
}

/** Plans the next step about each node, by name. */
export function planRollout(facts: RolloutFacts): ReadonlyMap<string, RolloutStep> {
  const { pools, unsure, isDrainDisabled } = facts;
  const isAlone = pools.reduce((sum, { nodes }) => sum + nodes.length, unsure.length) === 1;
  const steps = new Map<string, RolloutStep>();
  for (const pool of pools) {
    const guests = unsure.flatMap(({ node, mayBeIn }) => (mayBeIn.includes(pool.name) ? [node] : []));
    const { granted, waiting } = giveTurns({ ...pool, guests }, facts);
    const turns = new Set(granted);
    const { onTimeout = 'wait' } = pool;
    for (const node of pool.nodes) {
      const missing = isAlone && !isDrainDisabled ? missingConsent(node) : undefined;
      const isGranted = turns.has(node.name) && missing === undefined;
      const waitsFor = waiting.get(node.name) ?? missing;
      steps.set(node.name, nextStep({ node, isGranted, waitsFor, isAlone, isDrainDisabled, onTimeout }));
    }
  }
  for (const { node, because } of unsure) {
    const rules = { isAlone, isDrainDisabled, onTimeout: 'wait' as const };
    steps.set(node.name, nextStep({ node, isGranted: false, waitsFor: because, ...rules }));
  }
  return steps;
}

/** The only node takes all pods of the cluster down with it: nobody is surprised by that. */
function missingConsent({ name, state, allowsReboot = false }: RolloutNode): string | undefined {
  if (allowsReboot || typeof state === 'string' || state.request !== 'Reboot_Required') return undefined;
  const { allowReboot } = ANNOTATION;
  return `it is the only node of the cluster, and all pods end with its reboot: allow that by kubectl annotate node ${name} ${allowReboot}=true`;
}
