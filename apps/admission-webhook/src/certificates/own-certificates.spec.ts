import { afterEach, describe, expect, it } from '@jest/globals';
import { WEBHOOK_CONFIGURATION, type WebhookConfiguration } from '@sriov/api';
import { type KeyPair } from '@sriov/certificates';
import { type ControllerMetrics, createControllerMetrics } from '@sriov/controller';
import { type AnyInformer, type Secret } from '@sriov/kube';
import { Metrics } from '@sriov/runtime';
import { refusal, type SentRequest } from '@sriov/testing';
import { Registrations } from '../registration.ts';
import { createOfflineWebhook, type OfflineWebhook } from '../test/offline-webhook.ts';
import { CertificateInUse } from './certificate-in-use.ts';
import { carryOut } from './issue.ts';
import { endpointOf } from './names.ts';
import { OwnCertificates } from './own-certificates.ts';

const DAY = 86_400_000;
const LIFETIME = 90 * DAY;
const SECRET = { namespace: 'operator', name: 'cert' };
const SECRETS = '/api/v1/namespaces/operator/secrets';
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1';
const endpoint = endpointOf({ serviceName: 'hook', namespace: 'operator', certificateNames: ['127.0.0.1'] });
const stops: AbortController[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

interface Shown {
  readonly secret?: Secret;
  readonly mutating?: WebhookConfiguration;
  readonly validating?: WebhookConfiguration;
}

interface Rig extends OfflineWebhook {
  readonly used: KeyPair[];
  /** Shows the objects to the replica. */
  readonly show: (objects: Shown) => void;
  /** Lets so much time pass, and all that is due be done. */
  readonly pass: (ms?: number) => Promise<void>;
  /** Why the certificate is not in force; true when it is. */
  readonly check: () => true | string;
}

/** Metrics that know when no reconcile is due and none is under way: keys are made on threads of their own. */
function createIdleMetrics(): { readonly metrics: ControllerMetrics; readonly idle: () => Promise<void> } {
  let [waiting, working] = [0, 0];
  let tell = (): void => undefined;
  const registered = createControllerMetrics(new Metrics());
  const metrics: ControllerMetrics = {
    ...registered,
    queueDepth(_, depth) {
      working += Math.max(0, waiting - depth);
      waiting = depth;
    },
    reconciled() {
      working -= 1;
      tell();
    },
  };
  return {
    metrics,
    async idle() {
      while (waiting + working > 0) await new Promise<void>((resolve) => (tell = resolve));
    },
  };
}

/** A replica whose caches show these objects when it begins. */
function run(shown: Shown = {}, script: OfflineWebhook['connection']['script'] = () => undefined): Rig {
  const parts = createOfflineWebhook();
  parts.connection.script = script;
  const { clock, client, log, informerContext } = parts;
  const used: KeyPair[] = [];
  const inUse = new CertificateInUse({ use: (pair) => used.push(pair) }, log);
  const { metrics, idle } = createIdleMetrics();
  const registrations = new Registrations(informerContext);
  const certificates = new OwnCertificates({
    registrations,
    informerContext,
    client,
    clock,
    log,
    metrics,
    secret: SECRET,
    endpoint,
    lifetimeMs: LIFETIME,
    inUse,
  });
  const stores = [...certificates.informers, ...registrations.informers].map(
    (each: AnyInformer) => each.store as unknown as { upsert(object: object): void },
  );
  const show = ({ secret, mutating, validating }: Shown): void => {
    for (const [index, object] of [secret, mutating, validating].entries()) if (object) stores[index]?.upsert(object);
  };
  show(shown);
  const stop = new AbortController();
  stops.push(stop);
  void certificates.run(stop.signal);
  return {
    ...parts,
    used,
    show,
    async pass(ms = 0) {
      const end = clock.elapsed() + ms;
      for (let left = ms; ; left = end - clock.elapsed()) {
        await clock.advance(Math.min(left, clock.untilNext ?? left));
        await idle();
        if (clock.elapsed() >= end) return;
      }
    },
    check: () => inUse.check(clock.now()),
  };
}

const START = Date.UTC(2026, 0, 1);
const make = async (now = START): Promise<Record<string, string>> =>
  carryOut('create', { stored: undefined, names: endpoint.names, lifetimeMs: LIFETIME, now });
const secretOf = (data: Record<string, string>, resourceVersion = '5'): Secret => ({
  metadata: { ...SECRET, resourceVersion },
  data,
});
const registration = (caBundle?: string, resourceVersion = '7'): WebhookConfiguration => ({
  metadata: { name: WEBHOOK_CONFIGURATION, resourceVersion },
  webhooks: [
    {
      name: 'w',
      clientConfig: { service: { name: 'hook', namespace: 'operator' }, ...(caBundle !== undefined && { caBundle }) },
    },
  ],
});
const brief = (requests: readonly SentRequest[]): string[] => requests.map(({ method, path }) => `${method} ${path}`);

describe('OwnCertificates', () => {
  it('makes the Secret where there is none, and serves only what stands in it', async () => {
    const rig = run();
    await rig.pass();
    expect(brief(rig.connection.writes)).toEqual([`POST ${SECRETS}`]);
    const made = rig.connection.writes[0]?.body as Secret & { type: string };
    expect(made).toMatchObject({ metadata: SECRET, type: 'kubernetes.io/tls' });
    expect([rig.used.length, rig.check()]).toEqual([0, 'there is none yet']);
    rig.show({ secret: secretOf(made.data ?? {}) });
    await rig.pass();
    expect([rig.used.length, rig.check()]).toEqual([1, true]);
    expect(rig.connection.writes).toHaveLength(1);
  });

  it('tells the API server whom to trust before it serves', async () => {
    const data = await make();
    const rig = run({ secret: secretOf(data), mutating: registration(), validating: registration('b2xk', '8') });
    rig.connection.script = () => {
      expect(rig.used).toEqual([]);
      return undefined;
    };
    await rig.pass();
    expect(brief(rig.connection.writes)).toEqual([
      `PATCH ${REGISTRATIONS}/mutatingwebhookconfigurations/${WEBHOOK_CONFIGURATION}`,
      `PATCH ${REGISTRATIONS}/validatingwebhookconfigurations/${WEBHOOK_CONFIGURATION}`,
    ]);
    const bundles = rig.connection.writes.map(({ body }) => {
      const { metadata, webhooks } = body as WebhookConfiguration;
      return [metadata.resourceVersion, webhooks?.[0]?.clientConfig.caBundle];
    });
    expect(bundles).toEqual([
      ['7', data['ca.crt']],
      ['8', data['ca.crt']],
    ]);
    expect([rig.used.length, rig.check()]).toEqual([1, true]);
  });

  it('writes nothing where the API server trusts it already', async () => {
    const data = await make();
    const trusted = registration(data['ca.crt']);
    const rig = run({ secret: secretOf(data), mutating: trusted, validating: trusted });
    await rig.pass();
    expect([brief(rig.connection.writes), rig.check()]).toEqual([[], true]);
  });

  it('does not serve while the API server cannot be told, and says why', async () => {
    const rig = run({ secret: secretOf(await make()), mutating: registration() }, () => refusal(403, 'forbidden'));
    await rig.pass();
    await rig.pass(1_000);
    for (let tries = 0; tries < 10; tries += 1) await rig.pass(2_000);
    expect(rig.used).toEqual([]);
    expect(rig.check()).toMatch(/^the API server is not told yet to trust it: PATCH .*: forbidden$/);
    rig.connection.script = () => undefined;
    await rig.pass(60_000);
    expect([rig.used.length, rig.check()]).toEqual([1, true]);
  });

  it('leaves a Secret alone that it has not made, and says what to do', async () => {
    const { 'ca.key': _, ...foreign } = await make();
    const rig = run({ secret: secretOf(foreign) });
    await rig.pass();
    expect(rig.connection.writes).toEqual([]);
    expect(rig.check()).toBe(
      'the Secret operator/cert has no ca.key, so it is not of our making: delete it, or mount it and name its files with --certificate-file and --key-file',
    );
  });

  it('makes a damaged Secret anew, in the version that it saw', async () => {
    const rig = run({ secret: secretOf({ ...(await make()), 'tls.crt': '' }) });
    await rig.pass();
    expect(brief(rig.connection.writes)).toEqual([`PATCH ${SECRETS}/cert`]);
    expect(rig.connection.writes[0]?.body).toMatchObject({ metadata: { resourceVersion: '5' } });
  });

  it('renews the certificate when a third of its life is left, though it sleeps a day at most', async () => {
    const data = await make();
    const rig = run({ secret: secretOf(data) });
    await rig.pass();
    await rig.pass(59 * DAY);
    expect(rig.connection.writes).toEqual([]);
    await rig.pass(DAY + 1_000);
    expect(brief(rig.connection.writes)).toEqual([`PATCH ${SECRETS}/cert`]);
    const renewed = (rig.connection.writes[0]?.body as Secret).data ?? {};
    expect(renewed['ca.crt']).toBe(data['ca.crt']);
    expect(renewed['tls.crt']).not.toBe(data['tls.crt']);
  });
});
