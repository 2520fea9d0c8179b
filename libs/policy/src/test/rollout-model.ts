import {
  ANNOTATION,
  type Condition,
  type NodeStateSpec,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  formatTime,
} from '@sriov/api';
import { nic, policy } from '@sriov/testing/objects';
import { type Fleet } from '../fleet.ts';
import { type FleetNode } from '../fleet-node.ts';
import { type Canary, canaryOf } from '../holds/canary.ts';
import { hasBegun } from '../holds/change-of.ts';
import { decideRollout, type RolloutDecision } from '../holds/decide-rollout.ts';
import { rolloutOf } from '../holds/rollout-of.ts';
import { type NodeWrite, nodeWrites } from '../node-writes.ts';
import { planNodeState } from '../plan-node-state.ts';
import { fleet } from './plans.ts';

/** A short text without spaces that differs for different texts. */
export const hash = (text: string): string =>
  Buffer.from(text)
    .reduce((sum, byte) => (Math.imul(sum, 16777619) ^ byte) >>> 0, 2166136261)
    .toString(16);

/** A node of the model, as the API server has it. */
export interface ModelNode {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: SriovNetworkNodeState;
  readonly config: string | undefined;
  readonly label: string | undefined;
}

/** What a reconcile of a node of the model came to. */
export interface Reconciled {
  readonly decision: RolloutDecision;
  readonly writes: readonly NodeWrite[];
}

const HOME = 'device-plugin-config';

/** A cluster in which each write is seen at once, and each node has one PF, `ens1`. */
export class RolloutModel {
  readonly nodes = new Map<string, ModelNode>();
  policies: SriovNetworkNodePolicy[] = [];
  pools: SriovNetworkPoolConfig[] = [];
  now = Date.parse('2026-01-01T00:00:00Z');

  /** A node that has reported its PF, and for which nothing was planned. */
  join(name: string, labels: Readonly<Record<string, string>> = {}): void {
    const interfaces = [nic('ens1', '0000:01:00.0')];
    const state = { metadata: { name, generation: 1 }, spec: {}, status: { interfaces, syncStatus: 'Succeeded' } };
    this.nodes.set(name, { labels, state, config: undefined, label: undefined });
  }

  /** Stores a policy for `ens1`, as a further generation of the one of that name. */
  store(name: string, spec: Partial<SriovNetworkNodePolicy['spec']>, annotations: Record<string, string> = {}): void {
    const before = this.policies.find(({ metadata }) => metadata.name === name);
    const generation = (before?.metadata.generation ?? 0) + 1;
    const stored = policy(name, { nicSelector: { pfNames: ['ens1'] }, resourceName: name, ...before?.spec, ...spec });
    this.policies = this.policies.filter((each) => each !== before);
    this.policies.push({ ...stored, metadata: { name, uid: name, generation, annotations } });
  }

  annotate(name: string, annotations: Record<string, string>): void {
    this.policies = this.policies.map((each) =>
      each.metadata.name === name ? { ...each, metadata: { ...each.metadata, annotations } } : each,
    );
  }

  /** Reconciles a node; with `upTo`, the process is killed after so many writes. */
  reconcile(name: string, upTo = Infinity): Reconciled {
    const node = this.#get(name);
    const [all, facts] = [this.fleet, this.#facts(name)];
    const plan = planNodeState(all, facts);
    const texts = new Map(node.config === undefined ? [] : [[HOME, node.config]]);
    const present = {
      ...{ state: node.state, isOwned: true, exists: true, devicePluginLabel: node.label },
      devicePlugin: { home: HOME, texts },
    };
    const canary = (pool: { readonly name: string }): Canary => this.canary(pool.name);
    const decision = decideRollout({ fleet: all, node: facts, plan, present, hash, canaryOf: canary, now: this.now });
    const writes = nodeWrites(decision.plan, present, hash);
    for (const write of writes.slice(0, upTo)) this.#apply(name, write);
    return { decision, writes };
  }

  /** Reconciles all nodes until nothing is written any more. */
  settle(): void {
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const written = [...this.nodes.keys()].map((name) => this.reconcile(name).writes.length);
      if (written.every((count) => count === 0)) return;
    }
    throw new Error('the writes never end');
  }

  /** The daemon of the node says how it is with its newest spec. */
  say(name: string, syncStatus: 'Succeeded' | 'Failed' | 'InProgress'): void {
    const node = this.#get(name);
    const status = syncStatus === 'Succeeded' ? 'True' : 'False';
    const before = node.state.status?.conditions?.[0];
    const ready: Condition = {
      ...{ type: 'Ready', status, reason: syncStatus, message: '' },
      ...(node.state.metadata.generation !== undefined && { observedGeneration: node.state.metadata.generation }),
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : formatTime(this.now),
    };
    const failures = [{ reason: 'ApplyFailed', message: 'ens1: it is broken', since: formatTime(this.now) }];
    const said = { syncStatus, conditions: [ready], failures: syncStatus === 'Failed' ? failures : [] };
    this.nodes.set(name, { ...node, state: { ...node.state, status: { ...node.state.status, ...said } } });
  }

  canary(name: string): Canary {
    const pool = this.fleet.pools.find((each) => each.name === name);
    if (pool?.spec.canary === undefined) throw new Error(`${name} asks for no canary`);
    const rollout = rolloutOf(
      this.fleet,
      pool,
      [...this.nodes.values()].map(({ labels }) => labels),
      hash,
    );
    const members = [...this.nodes].map(([node, { state, config }]) => ({
      name: node,
      state,
      isGranted: hasBegun(state, config, hash),
    }));
    return canaryOf({ name, rules: pool.spec.canary, rollout, members }, this.now);
  }

  get fleet(): Fleet {
    return fleet(this.policies, { pools: this.pools });
  }

  spec(name: string): NodeStateSpec {
    return this.#get(name).state.spec ?? {};
  }

  #get(name: string): ModelNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  #facts(name: string): FleetNode {
    const { labels, state, config } = this.#get(name);
    return { name, labels, state, devicePluginConfig: config };
  }

  #apply(name: string, write: NodeWrite): void {
    const node = this.#get(name);
    switch (write.kind) {
      case 'device-plugin-config':
        this.nodes.set(name, { ...node, config: write.text });
        return;
      case 'device-plugin-label':
        this.nodes.set(name, { ...node, label: write.value });
        return;
      case 'update-state': {
        const { metadata } = node.state;
        const merged = Object.entries({ ...metadata.annotations, ...write.annotations });
        const annotations = Object.fromEntries(merged.flatMap(([key, text]) => (text === null ? [] : [[key, text]])));
        const generation = (metadata.generation ?? 0) + (write.spec ? 1 : 0);
        const state = { ...node.state, metadata: { ...metadata, annotations, generation } };
        this.nodes.set(name, { ...node, state: { ...state, spec: write.spec ?? node.state.spec ?? {} } });
        return;
      }
      default:
        throw new Error(`a node of the model never needs ${write.kind}`);
    }
  }
}

/** The annotation that pauses a policy. */
export const PAUSED = { [ANNOTATION.paused]: 'true' };
