import { isAsked, REASON, type Registration, WEBHOOK_CONFIGURATION } from '@sriov/api';
import { Controller, type ControllerMetrics, done, type Outcome, wait } from '@sriov/controller';
import { type KubeClient } from '@sriov/kube';
import { type Clock, type Logger, type Metrics } from '@sriov/runtime';
import { type CertificateInUse } from '../certificates/certificate-in-use.ts';
import { type Endpoint } from '../certificates/names.ts';
import { planRules, planSilence, type Registered, type Registrations } from '../registration.ts';
import { probe } from './probe.ts';

/** What setting the rules of the registration needs. */
export interface BindingOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly controllerMetrics: ControllerMetrics;
  readonly registrations: Registrations;
  readonly wish: Wish;
  /** Namespace and name of the Secret that a probe names. */
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly endpoint: Endpoint;
  readonly inUse: CertificateInUse;
}

/** Says whether an administrator lets the API server ask, and when that changes. */
export interface Wish {
  isAsked(): boolean;
  subscribe(wake: () => void): void;
}

/** What is to be written into a registration. */
interface RegistrationPatch {
  readonly kind: Registration;
  readonly patch: object;
}

const KEY = 'rules';
const FIRST_WAIT_MS = 250;
/** The kubelet, the Service and the network of the pods take some seconds after a start. */
const LONGEST_WAIT_MS = 10_000;

/**
 * Makes the API server ask about our kinds once it has reached us. The chart registers the webhook without rules, which
 * is never asked, so nobody is refused because of a webhook that does not answer yet. From then on a webhook that is
 * away refuses all writes: no restart and no replica takes rules away, only an administrator who has said so.
 */
export class Binding {
  readonly #options: BindingOptions;
  readonly #controller: Controller;
  readonly #lacking: { set(value: number): void };
  #probes = 0;
  #cause: string | undefined;

  constructor(options: BindingOptions) {
    const { clock, log, metrics, controllerMetrics, registrations, wish } = options;
    this.#options = options;
    this.#lacking = metrics.gauge(
      'sriov_admission_registrations_without_rules',
      'Registrations of the webhook by which the API server does not ask about all that the webhook is to judge',
    );
    this.#controller = new Controller({
      name: KEY,
      reconcile: () => this.#reconcile(),
      timers: clock,
      log,
      metrics: controllerMetrics,
    });
    for (const source of [registrations, wish]) source.subscribe(() => this.#controller.enqueue(KEY));
  }

  /** Keeps the rules in the registration until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#controller.enqueue(KEY);
    await this.#controller.run(signal);
  }

  async #reconcile(): Promise<Outcome> {
    const { registrations, client, clock, secret, inUse, wish } = this.#options;
    const registered = registrations.list();
    const lacking = registered.filter(({ kind, configuration }) => !isAsked(kind, configuration));
    this.#lacking.set(wish.isAsked() ? lacking.length : 0);
    if (!wish.isAsked()) {
      await this.#write(this.#plan(registered, planSilence), 'the API server does not ask the webhook any more');
      return this.#settle('spec.enableOperatorWebhook of the SriovOperatorConfig is false');
    }
    const patches = this.#plan(registered, planRules);
    if (patches.length === 0) return this.#settle('no registration of the webhook lacks a rule');
    const certificate = inUse.check(clock.now());
    const cause = certificate === true ? await probe(client, secret) : `the certificate: ${certificate}`;
    if (cause !== undefined) return this.#waitFor(cause);
    // An administrator may have decided otherwise meanwhile, and the next reconcile is due already.
    if (!wish.isAsked()) return this.#settle('spec.enableOperatorWebhook of the SriovOperatorConfig has become false');
    await this.#write(patches, 'the API server has reached the webhook, and asks it now');
    return done(REASON.rulesWritten, 'the API server asks about all that the webhook judges');
  }

  #plan(registered: readonly Registered[], plan: typeof planRules): RegistrationPatch[] {
    return registered.flatMap((each) => {
      const patch = plan(each, this.#options.endpoint);
      return patch === undefined ? [] : [{ kind: each.kind, patch }];
    });
  }

  /** Whoever forbids one of the two writes, for example that of a mutating webhook, does not prevent the other. */
  async #write(patches: readonly RegistrationPatch[], message: string): Promise<void> {
    const { client, log } = this.#options;
    await Promise.all(
      patches.map(async ({ kind, patch }) => {
        await client.mergePatch(kind, { name: WEBHOOK_CONFIGURATION }, { patch });
        log.info({ kind: kind.kind }, message);
      }),
    );
  }

  #settle(message: string): Outcome {
    this.#probes = 0;
    this.#cause = undefined;
    return done(REASON.rulesInForce, message);
  }

  #waitFor(cause: string): Outcome {
    const { log } = this.#options;
    const ms = Math.min(FIRST_WAIT_MS * 2 ** this.#probes, LONGEST_WAIT_MS);
    this.#probes += 1;
    if (cause !== this.#cause) log.info({ cause }, 'the API server does not ask the webhook yet');
    this.#cause = cause;
    return wait(ms, REASON.webhookUnreached, cause);
  }
}
