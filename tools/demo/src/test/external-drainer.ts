import { setTimeout as delay } from 'node:timers/promises';
import { ANNOTATION, type KubeObject } from '@sriov/api';
import { request, tryRequest } from '@sriov/testing';

const POLL_MS = 50;

/**
 * A drainer that is none of ours, and knows the annotations alone, as that of NVIDIA's network operator does: it drains
 * a node whose node state carries `use-external-drainer`, and gives it back when the daemon has taken its request back.
 */
export class ExternalDrainer {
  readonly #node: string;
  readonly #namespace: string;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();
  /** What it has written into `current-state`, in order. */
  readonly written: string[] = [];

  constructor({ node, namespace }: { readonly node: string; readonly namespace: string }) {
    this.#node = node;
    this.#namespace = namespace;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#step();
      await delay(POLL_MS);
    }
  }

  async #step(): Promise<void> {
    const state = (await request('GET', this.#statePath)) as KubeObject;
    const node = (await request('GET', this.#nodePath)) as KubeObject;
    const { annotations = {} } = state.metadata;
    if (annotations[ANNOTATION.useExternalDrainer] !== 'true') return;
    const isAsking = node.metadata.annotations?.[ANNOTATION.nodeState] !== 'Idle';
    const current = annotations[ANNOTATION.currentState] ?? 'Idle';
    if (isAsking) await this.#drain(current);
    else if (current !== 'Idle') {
      await this.#cordon(false);
      await this.#write('Idle');
    }
  }

  async #drain(current: string): Promise<void> {
    if (current === 'Idle') {
      await this.#cordon(true);
      await this.#write('Draining');
    } else if (current === 'Draining' && (await this.#evict())) await this.#write('DrainComplete');
  }

  /** Returns whether no pod is left. */
  async #evict(): Promise<boolean> {
    const pods = `/api/v1/namespaces/${this.#namespace}/pods`;
    const { items } = (await request('GET', pods)) as { items: KubeObject[] };
    for (const { metadata } of items) {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } };
      await tryRequest('POST', `${pods}/${metadata.name}/eviction`, body);
    }
    return items.length === 0;
  }

  async #cordon(unschedulable: boolean): Promise<void> {
    await request('PATCH', this.#nodePath, { spec: { unschedulable } });
  }

  async #write(progress: string): Promise<void> {
    await request('PATCH', this.#statePath, { metadata: { annotations: { [ANNOTATION.currentState]: progress } } });
    this.written.push(progress);
  }

  get #statePath(): string {
    return `/apis/sriovnetwork.openshift.io/v1/namespaces/${this.#namespace}/sriovnetworknodestates/${this.#node}`;
  }

  get #nodePath(): string {
    return `/api/v1/nodes/${this.#node}`;
  }
}
