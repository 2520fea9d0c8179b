import { formatTime, REASON, WEBHOOK_CONFIGURATION } from '@sriov/api';
import { Controller, type ControllerMetrics, done, type Outcome, stalled, wait } from '@sriov/controller';
import { type AnyInformer, Informer, type InformerContext, type KubeClient, SECRET, type Secret } from '@sriov/kube';
import { type Clock, type Logger } from '@sriov/runtime';
import { planTrust, type Registrations } from '../registration.ts';
import { type CertificateInUse } from './certificate-in-use.ts';
import { carryOut } from './issue.ts';
import { type Endpoint } from './names.ts';
import { planCertificates } from './plan.ts';
import { readSecret, type StoredCertificates } from './stored.ts';

/** What making and keeping our own certificates needs. */
export interface OwnCertificatesOptions {
  readonly informerContext: InformerContext;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  readonly registrations: Registrations;
  /** Namespace and name of the Secret. */
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly endpoint: Endpoint;
  readonly lifetimeMs: number;
  readonly inUse: CertificateInUse;
}

const KEY = 'certificates';
/** Longest sleep: timers cannot wait for months. */
const LONGEST_WAIT_MS = 86_400_000;

/**
 * Certificates that the replicas make, share in a Secret and renew. Each replica can do it alone: when two write, the
 * API server refuses the second, which then uses what the first one wrote.
 */
export class OwnCertificates {
  readonly #options: OwnCertificatesOptions;
  readonly #secrets: Informer<Secret>;
  readonly #controller: Controller;

  constructor(options: OwnCertificatesOptions) {
    const { informerContext, secret, clock, log, metrics, registrations } = options;
    this.#options = options;
    this.#secrets = new Informer(informerContext, SECRET, {
      namespace: secret.namespace,
      fieldSelector: `metadata.name=${secret.name}`,
    });
    this.#controller = new Controller({
      name: KEY,
      reconcile: () => this.#reconcile(),
      onFailing: (_, failure) => options.inUse.setFailure(failure?.message),
      timers: clock,
      log,
      metrics,
    });
    const wake = (): void => this.#controller.enqueue(KEY);
    this.#secrets.store.subscribe(wake);
    registrations.subscribe(wake);
  }

  /** The cache that it needs beside those of the registrations. */
  get informers(): AnyInformer[] {
    return [this.#secrets];
  }

  /** Keeps the certificates in force until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#controller.enqueue(KEY);
    await this.#controller.run(signal);
  }

  async #reconcile(): Promise<Outcome> {
    const { clock, endpoint, lifetimeMs, inUse, secret } = this.#options;
    const read = readSecret(this.#secrets.store.get(`${secret.namespace}/${secret.name}`));
    if (read.kind === 'foreign') {
      const message = `the Secret ${secret.namespace}/${secret.name} has no ca.key, so it is not of our making: delete it, or mount it and name its files with --certificate-file and --key-file`;
      inUse.setProblem(message);
      return stalled(REASON.certificatesForeign, message);
    }
    const stored = read.kind === 'usable' ? read.stored : undefined;
    const now = clock.now();
    const facts = { stored, names: endpoint.names, lifetimeMs, now };
    const plan = planCertificates({ ...facts, isTrusted: stored !== undefined && this.#isTrusted(stored) });
    if (stored !== undefined && plan.step !== 'create') await this.#putInForce(stored);
    if (plan.step === 'nothing') {
      const ms = Math.min(Math.max(plan.dueAt - now, 0), LONGEST_WAIT_MS);
      return wait(ms, REASON.certificatesInForce, `until ${formatTime(plan.dueAt)}`);
    }
    await this.#write(await carryOut(plan.step, facts));
    this.#options.log.info({ step: plan.step, secret: secret.name }, 'certificates changed');
    // The watch reports every write, whoever made it.
    return done(REASON.certificatesWritten, plan.step);
  }

  /** Makes the API server trust the authority, and then serves the certificate. */
  async #putInForce({ bundle, pair }: StoredCertificates): Promise<void> {
    const { inUse, client, endpoint, log, registrations } = this.#options;
    inUse.setProblem('the API server is not told yet to trust it');
    for (const { kind, configuration } of registrations.list()) {
      const patch = configuration && planTrust(configuration, bundle, endpoint);
      if (patch === undefined) continue;
      await client.mergePatch(kind, { name: WEBHOOK_CONFIGURATION }, { patch });
      log.info({ kind: kind.kind, name: WEBHOOK_CONFIGURATION }, 'the API server is told whom to trust');
    }
    inUse.use(pair);
    inUse.setProblem(undefined);
  }

  #isTrusted({ bundle }: StoredCertificates): boolean {
    const { registrations, endpoint } = this.#options;
    return registrations
      .list()
      .every(
        ({ configuration }) => configuration === undefined || planTrust(configuration, bundle, endpoint) === undefined,
      );
  }

  async #write(data: Record<string, string>): Promise<void> {
    const { client, secret } = this.#options;
    const present = this.#secrets.store.get(`${secret.namespace}/${secret.name}`);
    if (present === undefined) {
      await client.create(SECRET, { metadata: { ...secret }, type: 'kubernetes.io/tls', data });
      return;
    }
    const { resourceVersion } = present.metadata;
    await client.mergePatch(SECRET, secret, { patch: { metadata: { resourceVersion }, data } });
  }
}
