import { DEFAULT_OPERATOR_NAMESPACE as NAMESPACE, GROUP, VERSION } from '@sriov/api';
import { z } from 'zod';
import { follow, type Unfollow } from './follow.ts';
import { type RealNode } from './real-node.ts';

const podSchema = z.object({
  metadata: z.object({ name: z.string() }),
  status: z.object({ phase: z.string(), reason: z.string().default(''), message: z.string().default('') }),
});
const stateSchema = z.object({ status: z.object({ syncStatus: z.string().default('') }).default({ syncStatus: '' }) });
const nodeSchema = z.object({
  status: z.object({ allocatable: z.record(z.string(), z.string()).default({}) }).default({ allocatable: {} }),
});

/** A state of the node, from when the API server told of it: milliseconds of `performance.now()`. */
interface Since<T> {
  readonly at: number;
  readonly value: T;
}

/**
 * What the API server has told of pods, of the node and of its state since the beginning: nothing is missed that came and
 * went between two looks.
 */
export class History {
  /** Pods of the namespace `default` that did not run to a good end: `name: reason: message`. */
  readonly failed = new Set<string>();
  /** Values of `syncStatus`, each when it came. */
  readonly syncStatus: Since<string>[] = [];
  /** What pods of the node can be given, each when it came. */
  readonly allocatable: Since<Readonly<Record<string, string>>>[] = [];
  readonly #unfollow: Unfollow[] = [];
  #gap: string | undefined;

  /** Begins to listen. */
  static async of(node: RealNode): Promise<History> {
    const history = new History();
    const byName = `?fieldSelector=metadata.name=${node.name}`;
    const states = `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/sriovnetworknodestates`;
    await history.#hear(node, '/api/v1/namespaces/default/pods', (object) => history.#notePod(object));
    await history.#hear(node, `/api/v1/nodes${byName}`, (object) => {
      history.allocatable.push({ at: performance.now(), value: nodeSchema.parse(object).status.allocatable });
    });
    await history.#hear(node, `${states}${byName}`, (object) => {
      history.syncStatus.push({ at: performance.now(), value: stateSchema.parse(object).status.syncStatus });
    });
    return history;
  }

  /** When the newest `syncStatus` came, if it is this one. */
  sinceWhen(syncStatus: string): number | undefined {
    const last = this.syncStatus.findLastIndex(({ value }) => value !== syncStatus);
    return this.syncStatus[last + 1]?.at;
  }

  /** Milliseconds from a moment until so many of a resource were allocatable and stayed so; 0 if they were before. */
  delayOf(resource: string, count: number, since: number): number {
    const last = this.allocatable.findLastIndex(({ value }) => value[resource] !== String(count));
    const first = this.allocatable[last + 1];
    if (first === undefined) throw new Error(`${resource}: never ${count} allocatable`);
    return Math.max(0, first.at - since);
  }

  /** @throws Error when something may have been missed */
  assertComplete(): void {
    if (this.#gap !== undefined) throw new Error(this.#gap);
  }

  close(): void {
    for (const unfollow of this.#unfollow) unfollow();
  }

  async #hear({ plane }: RealNode, path: string, onObject: (object: unknown) => void): Promise<void> {
    this.#unfollow.push(await follow(plane.access, path, { onObject, onEnd: (why) => (this.#gap ??= why) }));
  }

  #notePod(object: unknown): void {
    const { metadata, status } = podSchema.parse(object);
    if (status.phase === 'Failed') this.failed.add(`${metadata.name}: ${status.reason}: ${status.message}`);
  }
}
