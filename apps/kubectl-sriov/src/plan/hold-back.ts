import {
  type Canary,
  canaryOf,
  decideRollout,
  type Fleet,
  type FleetNode,
  hasBegun,
  type NodePresent,
  type NodeStatePlan,
  type RolloutDecision,
  rolloutOf,
} from '@sriov/policy';
import { configHash } from '@sriov/runtime/config-hash';
import { type PreparedPool } from '@sriov/selection';

/** A node, and what the policies want of it. */
export interface WantedNode {
  readonly facts: FleetNode;
  readonly present: NodePresent;
  readonly plan: NodeStatePlan;
}

/**
 * What of the plans would be written now: the decisions of the policy controller, for the nodes in their order. In a
 * cluster the places in a canary go to the nodes that it looks at first.
 */
export function holdBack(fleet: Fleet, nodes: readonly WantedNode[], now: number): RolloutDecision[] {
  const canaries = new PlannedCanaries(fleet, nodes, now);
  return nodes.map(({ facts, present, plan }) => {
    const of = (pool: PreparedPool): Canary => canaries.of(pool);
    const decision = decideRollout({ ...{ fleet, present, plan, now }, node: facts, hash: configHash, canaryOf: of });
    if (decision.takesPlaceIn !== undefined) canaries.grant(decision.takesPlaceIn, facts.name);
    return decision;
  });
}

/** How far the canary of each pool is, with the places that were given out. */
class PlannedCanaries {
  readonly #fleet: Fleet;
  readonly #nodes: readonly WantedNode[];
  readonly #now: number;
  readonly #granted = new Set<string>();
  readonly #canaries = new Map<string, Canary>();

  constructor(fleet: Fleet, nodes: readonly WantedNode[], now: number) {
    this.#fleet = fleet;
    this.#nodes = nodes;
    this.#now = now;
  }

  of(pool: PreparedPool): Canary {
    const known = this.#canaries.get(pool.name);
    if (known) return known;
    const nodes = this.#nodes.filter(({ plan }) => plan.pool === pool.name);
    const labels = nodes.map(({ facts }) => facts.labels);
    const members = nodes.map(({ facts: { name, state, devicePluginConfig } }) => ({
      name,
      state,
      isGranted: this.#granted.has(name) || hasBegun(state, devicePluginConfig, configHash),
    }));
    const rollout = rolloutOf(this.#fleet, pool, labels, configHash);
    const canary = canaryOf({ name: pool.name, rules: pool.spec.canary ?? { nodes: 1 }, rollout, members }, this.#now);
    this.#canaries.set(pool.name, canary);
    return canary;
  }

  grant(pool: string, node: string): void {
    this.#granted.add(node);
    this.#canaries.delete(pool);
  }
}
