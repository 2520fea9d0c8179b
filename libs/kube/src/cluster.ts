import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, type Health, type Logger, type Metrics } from '@sriov/runtime';
import { KubeClient } from './client/client.ts';
import { connect, type Connection } from './connection/connection.ts';
import { loadKubeConfig } from './connection/kubeconfig.ts';
import { type InformerContext } from './cache/informer.ts';
import { leadWhile, type Term } from './lease.ts';
import { EventRecorder } from './recorder.ts';
import { type ReflectorMetrics } from './cache/reflector.ts';

/** What a service needs of its process to talk to the cluster. */
export interface ClusterProcess {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Which service connects, and with which credentials. */
export interface ClusterOptions {
  /** Name of the service: its field manager, its lease, the source of its events. */
  readonly service: string;
  /** The operator's namespace, where leases stand. */
  readonly namespace: string;
  readonly kubeconfig: string | undefined;
  /** The service uses leader election, see {@link Cluster.lead}: only the leader's client writes. */
  readonly leads?: boolean;
}

/** Any {@link Informer}, whatever its kind: what starting, waiting and resyncing need. */
export interface AnyInformer {
  run(signal: AbortSignal): Promise<void>;
  readonly synced: Promise<void>;
  readonly store: { resync(): void };
}

/**
 * How long requests may go on after the process is told to stop. Then their connections are closed: an API server that
 * does not answer must not delay the end of the process until it is killed.
 */
const STOP_GRACE_MS = 10_000;

/** A service's end of the cluster: its client, its events, its informers and its leader election. */
export class Cluster {
  /** In a service with leader election, it writes only while this process leads: see {@link lead}. */
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly informerContext: InformerContext;
  readonly #connection: Connection;
  readonly #process: ClusterProcess;
  readonly #options: ClusterOptions;
  /** Writes at any time: the Lease itself, and Events. */
  readonly #freeClient: KubeClient;
  #term: Term | undefined;
  readonly #identity = `${hostname()}_${randomUUID()}`;

  /** @throws {ServiceError} `KUBECONFIG_INVALID`. Nothing is sent yet. */
  constructor(process: ClusterProcess, options: ClusterOptions) {
    const { clock, log, health, metrics } = process;
    this.#process = process;
    this.#options = options;
    this.#connection = connect(loadKubeConfig(options.kubeconfig), clock);
    const connected = { connection: this.#connection, clock, fieldManager: options.service };
    this.#freeClient = new KubeClient(connected);
    this.client =
      options.leads === true ? new KubeClient({ ...connected, permit: () => this.#term }) : this.#freeClient;
    this.recorder = new EventRecorder({
      client: this.#freeClient,
      clock,
      log,
      component: options.service,
      instance: this.#identity,
    });
    this.informerContext = { client: this.client, clock, log, health, metrics: createReflectorMetrics(metrics) };
  }

  /**
   * Runs the informers and, once they are synced, calls `work`, until the process is told to stop. Without an API
   * server it waits for one. Meanwhile the process is alive, and not ready.
   */
  async follow(informers: readonly AnyInformer[], work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#process;
    const stop = new AbortController();
    const stopped = whenAborted(signal).then(() => stop.abort());
    const ended = new AbortController();
    this.#cutOffAfter(stopped, ended.signal);
    const following = Promise.all(informers.map((informer) => informer.run(stop.signal)));
    try {
      await Promise.race([Promise.all(informers.map((informer) => informer.synced)), stopped]);
      if (!signal.aborted) await work(signal);
      await stopped;
    } finally {
      stop.abort();
      await following;
      await this.recorder.flush();
      ended.abort();
      this.#connection.close();
    }
  }

  #cutOffAfter(stopped: Promise<void>, ended: AbortSignal): void {
    void stopped.then(() => this.#process.clock.sleep(STOP_GRACE_MS, ended)).then(() => this.#connection.close());
  }

  /**
   * {@link follow}, with `work` only while this process holds the service's Lease. Each time it begins to lead, it
   * resyncs the informers: that finds what the leader before left undone.
   */
  async lead(informers: readonly AnyInformer[], work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, log } = this.#process;
    const { service, namespace } = this.#options;
    const lease = { client: this.#freeClient, namespace, name: service, identity: this.#identity, clock, log };
    await this.follow(informers, (signal) =>
      leadWhile(
        { ...lease, random: Math.random },
        async (term) => {
          this.#term = term;
          for (const { store } of informers) store.resync();
          await work(term.signal).finally(() => (this.#term = undefined));
        },
        signal,
      ),
    );
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function createReflectorMetrics(metrics: Metrics): ReflectorMetrics {
  const lists = metrics.counter('sriov_kube_lists_total', 'Complete lists of a kind', ['kind']);
  const watches = metrics.counter('sriov_kube_watches_total', 'Watches begun', ['kind']);
  const failures = metrics.counter('sriov_kube_failures_total', 'Lists and watches that failed', ['kind', 'status']);
  return {
    listed: (kind) => lists.inc({ kind }),
    watched: (kind) => watches.inc({ kind }),
    failed: (kind, status) => failures.inc({ kind, status: String(status) }),
  };
}
