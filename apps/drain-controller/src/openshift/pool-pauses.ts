import { ANNOTATION, REASON } from '@sriov/api';
import { done, isOlder, type Outcome, wait } from '@sriov/controller';
import { ApiError, type KubeClient } from '@sriov/kube';
import { isPauseOver, planPause, type PoolMark } from '@sriov/rollout';
import { type Logger } from '@sriov/runtime';
import pLimit from 'p-limit';
import { type Caches } from '../caches.ts';
import { type NotHeld, type Orchestrator } from '../orchestrator.ts';
import { gatherPoolOf, gatherPools, type PoolSources } from './gather-pools.ts';
import { MACHINE_CONFIG_POOL, type MachineConfigPool } from './kinds.ts';
import { type MachineConfigPools } from './machine-config-pools.ts';

/** What pauses are written with. */
export interface PausePorts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly caches: Pick<Caches, 'nodes' | 'nodeStates'>;
  readonly namespace: string;
  readonly machineConfigPools: Pick<MachineConfigPools, 'known'>;
}

/** Where no event tells what has changed, we look again after this time. */
const AGAIN_MS = 5_000;

/** What stands on a pool about its pause. Both parts are one write: neither ever stands alone. */
interface Pause {
  readonly mark: PoolMark;
  readonly paused: boolean;
}
const BEGIN: Pause = { mark: 'Paused', paused: true };
const END: Pause = { mark: 'Idle', paused: false };

/**
 * Pauses MachineConfigPools while nodes of them are drained, and ends the pauses. One thing at a time: a pause that ends
 * while a node begins to count on it would let two drain the same node.
 */
export class PoolPauses implements Orchestrator {
  readonly #ports: PausePorts;
  readonly #oneAtATime = pLimit(1);
  /** Our own writes, by pool, until the cache shows them. */
  readonly #written = new Map<string, Pause & { readonly resourceVersion: string }>();
  /** What was refused last, so that a refusal is logged once. */
  #refused: string | undefined;

  constructor(ports: PausePorts) {
    this.#ports = ports;
  }

  hold(node: string): Promise<NotHeld | undefined> {
    return this.#oneAtATime(() => this.#hold(node));
  }

  /** Ends the pauses that no node needs any more, whoever of the drainers has made them. */
  endPauses(): Promise<Outcome> {
    return this.#oneAtATime(() => this.#endPauses());
  }

  async #hold(node: string): Promise<NotHeld | undefined> {
    const sources = this.#sources();
    if (sources === undefined) return undefined;
    if ('problem' in sources) return unreadable(sources.problem);
    const pool = gatherPoolOf(sources, node);
    if (typeof pool === 'string') return { reason: REASON.machineConfigPoolUnknown, message: pool };
    const step = planPause(pool, node);
    if (step.kind === 'wait') return { reason: REASON.drainWaitsForPool, message: step.message };
    return step.kind === 'pause' ? this.#begin(sources, pool.name) : undefined;
  }

  async #begin(sources: PoolSources, pool: string): Promise<NotHeld | undefined> {
    try {
      await this.#write(sources, pool, BEGIN);
      this.#refused = undefined;
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      if (this.#refused !== error.message) this.#ports.log.warn({ err: error }, 'may not pause a MachineConfigPool');
      this.#refused = error.message;
      return unreadable(error.message);
    }
  }

  async #endPauses(): Promise<Outcome> {
    const sources = this.#sources();
    if (sources === undefined) return done(REASON.drainOver, 'the cluster has no MachineConfigPools');
    if ('problem' in sources) return wait(AGAIN_MS, REASON.machineConfigPoolUnknown, sources.problem);
    const { pools, hasUnclearNode } = gatherPools(sources);
    if (hasUnclearNode) {
      return done(REASON.machineConfigPoolUnknown, 'a node that asks for a drain may be in any MachineConfigPool');
    }
    const over = pools.filter(isPauseOver);
    // A pool that cannot be written is no reason to leave the others paused.
    const ends = await Promise.allSettled(over.map(({ name }) => this.#write(sources, name, END)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return done(REASON.drainOver, 'no MachineConfigPool is paused for nothing');
  }

  /** @throws {ApiError} 409 when the pool has changed since it was seen: a roll-out may have begun */
  async #write({ known, latest }: PoolSources, name: string, pause: Pause): Promise<void> {
    const cached = known.pools.store.get(name);
    const { resourceVersion } = cached === undefined ? {} : latest(cached).metadata;
    const { mark, paused } = pause;
    const patch = { metadata: { resourceVersion, annotations: { [ANNOTATION.nodeState]: mark } }, spec: { paused } };
    const { client, log } = this.#ports;
    const { metadata } = await client.mergePatch(MACHINE_CONFIG_POOL, { name }, { patch, metadataOnly: true });
    this.#written.set(name, { ...pause, resourceVersion: metadata.resourceVersion ?? '' });
    log.info({ pool: name }, paused ? 'paused the MachineConfigPool' : 'ended the pause of the MachineConfigPool');
  }

  /** The pool as we have written it, where the cache does not show that yet. */
  #latest(pool: MachineConfigPool): MachineConfigPool {
    const { name, resourceVersion: shown } = pool.metadata;
    const written = this.#written.get(name);
    if (written === undefined) return pool;
    if (!isOlder(shown, written.resourceVersion)) {
      this.#written.delete(name);
      return pool;
    }
    const { mark, paused, resourceVersion } = written;
    const metadata = { ...pool.metadata, resourceVersion, annotations: { [ANNOTATION.nodeState]: mark } };
    return { ...pool, metadata, spec: { ...pool.spec, paused } };
  }

  #sources(): PoolSources | { readonly problem: string } | undefined {
    const { machineConfigPools, caches, namespace } = this.#ports;
    const { known } = machineConfigPools;
    if (known === 'none') return undefined;
    return 'problem' in known ? known : { caches, namespace, known, latest: (pool) => this.#latest(pool) };
  }
}

/** What the API server says names the right that is missing. */
function unreadable(problem: string): NotHeld {
  const message = `the MachineConfigPool of the node cannot be read or paused: ${problem} (where a right is missing, install the chart with operator.clusterType=openshift)`;
  return { reason: REASON.machineConfigPoolUnknown, message, lookAgainMs: AGAIN_MS };
}
