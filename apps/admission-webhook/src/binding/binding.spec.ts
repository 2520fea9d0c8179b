import { afterEach, describe, expect, it } from '@jest/globals';
import { REGISTRATIONS, WEBHOOK_CONFIGURATION, WEBHOOK_ENTRY, type WebhookConfiguration } from '@sriov/api';
import { Authority } from '@sriov/certificates';
import { createControllerMetrics } from '@sriov/controller';
import { type AnyInformer } from '@sriov/kube';
import { Metrics } from '@sriov/runtime';
import { refusal, type ScriptedAnswer, type SentRequest } from '@sriov/testing';
import { CertificateInUse } from '../certificates/certificate-in-use.ts';
import { endpointOf } from '../certificates/names.ts';
import { Registrations } from '../registration.ts';
import { createOfflineWebhook, type OfflineWebhook } from '../test/offline-webhook.ts';
import { Binding } from './binding.ts';

const SECRETS = '/api/v1/namespaces/operator/secrets';
const PATHS = REGISTRATIONS.map(
  ({ plural }) => `/apis/admissionregistration.k8s.io/v1/${plural}/${WEBHOOK_CONFIGURATION}`,
);
const DENIED =
  'admission webhook "probe.operator-webhook.sriovnetwork.openshift.io" denied the request: the webhook was reached';
const UNREACHED = 'Internal error occurred: failed calling webhook "probe": connection refused';
const endpoint = endpointOf({ serviceName: 'hook', namespace: 'operator', certificateNames: [] });
const stops: AbortController[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

const registered = (isAsked: boolean, resourceVersion = '7'): WebhookConfiguration[] =>
  REGISTRATIONS.map(({ kind, wanted }) => ({
    metadata: { name: WEBHOOK_CONFIGURATION, resourceVersion },
    webhooks: [
      {
        name: WEBHOOK_ENTRY,
        clientConfig: {
          service: {
            ...{ name: 'hook', namespace: 'operator' },
            path: kind.startsWith('Mutating') ? '/mutating-custom-resource' : '/validating-custom-resource',
          },
        },
        rules: isAsked ? [wanted] : [],
      },
    ],
  }));

interface Rig extends OfflineWebhook {
  /** An administrator says whether the API server is to ask. */
  readonly say: (isAsked: boolean) => void;
  readonly show: (configurations: readonly WebhookConfiguration[]) => void;
  readonly serve: () => Promise<void>;
  readonly metrics: Metrics;
}

/** A webhook whose caches show these registrations, and whose API server answers probes like this. */
function run(
  shown: readonly WebhookConfiguration[],
  answer: () => ScriptedAnswer,
  answerOther: (path: string) => ScriptedAnswer | undefined = () => undefined,
): Rig {
  const parts = createOfflineWebhook();
  const { clock, client, log, informerContext, connection } = parts;
  connection.script = ({ path }) => (path === SECRETS ? answer() : answerOther(path));
  const registrations = new Registrations(informerContext);
  const inUse = new CertificateInUse({ use: () => undefined }, log);
  const metrics = new Metrics();
  const secret = { namespace: 'operator', name: 'cert' };
  const controllerMetrics = createControllerMetrics(metrics);
  let isWanted = true;
  let wake = (): void => undefined;
  const wish = { isAsked: () => isWanted, subscribe: (waken: () => void) => void (wake = waken) };
  const binding = new Binding({
    ...{ wish, client, clock, log, metrics, controllerMetrics, registrations, secret, endpoint, inUse },
  });
  const stores = registrations.informers.map(
    (each: AnyInformer) => each.store as unknown as { upsert(object: object): void },
  );
  const show: Rig['show'] = (configurations) => configurations.forEach((each, index) => stores[index]?.upsert(each));
  show(shown);
  const stop = new AbortController();
  stops.push(stop);
  void binding.run(stop.signal);
  return {
    ...parts,
    show,
    metrics,
    say(isAsked) {
      isWanted = isAsked;
      wake();
    },
    async serve() {
      const validity = { notBefore: new Date(0), notAfter: new Date(clock.now() + 86_400_000) };
      const authority = await Authority.create('ca', validity);
      inUse.use(await authority.issue({ commonName: 'x', dnsNames: ['x'] }, validity));
    },
  };
}
const brief = (requests: readonly SentRequest[]): string[] => requests.map(({ method, path }) => `${method} ${path}`);

describe('Binding', () => {
  it('asks by a dry run that holds no key, and sets the rules of both registrations when it is answered', async () => {
    const rig = run(registered(false), () => refusal(403, DENIED));
    await rig.serve();
    await rig.clock.advance(1_000);
    expect(brief(rig.connection.writes)).toEqual([`POST ${SECRETS}`, ...PATHS.map((path) => `PATCH ${path}`)]);
    const [probe, ...patches] = rig.connection.writes;
    expect(probe).toMatchObject({
      query: { dryRun: 'All' },
      body: { metadata: { name: 'cert' }, data: { 'tls.crt': '', 'tls.key': '' } },
    });
    expect(patches.map(({ body }) => body)).toMatchObject(
      REGISTRATIONS.map(({ wanted }) => ({ metadata: { resourceVersion: '7' }, webhooks: [{ rules: [wanted] }] })),
    );
  });

  it('asks nothing, and writes nothing, where the rules stand or nothing is registered', async () => {
    for (const shown of [registered(true), []]) {
      const rig = run(shown, () => refusal(403, DENIED));
      await rig.serve();
      await rig.clock.advance(60_000);
      expect(rig.connection.writes).toEqual([]);
    }
  });

  it.each<[string, () => ScriptedAnswer]>([
    ['the webhook is not reached', () => refusal(500, UNREACHED)],
    ['the API server does not know the entry yet, and the Secret is there', () => refusal(409, 'already exists')],
    ['the API server does not know the entry yet, and the Secret is not there', () => ({})],
    ['somebody else refuses the probe', () => refusal(403, 'admission webhook "other" denied the request: no')],
  ])('sets no rule while %s, and asks again ever more rarely, at least every ten seconds', async (_, answer) => {
    const rig = run(registered(false), answer);
    await rig.serve();
    await rig.clock.advance(60_000);
    const probes = rig.connection.writes.length;
    expect(brief(rig.connection.writes)).toEqual(Array.from({ length: probes }, () => `POST ${SECRETS}`));
    expect(probes).toBeGreaterThanOrEqual(8);
    expect(probes).toBeLessThanOrEqual(14);
    expect(await rig.metrics.text()).toContain('sriov_admission_registrations_without_rules 2');
  });

  it('does not ask before the API server has been told whom to trust', async () => {
    const rig = run(registered(false), () => refusal(403, DENIED));
    await rig.clock.advance(5_000);
    expect(rig.connection.writes).toEqual([]);
    await rig.serve();
    await rig.clock.advance(10_000);
    expect(rig.connection.writes).toHaveLength(3);
  });

  it('sets the rules of the one where those of the other are refused, and tries again', async () => {
    const rig = run(
      registered(false),
      () => refusal(403, DENIED),
      (path) => (path === PATHS[0] ? refusal(403, 'somebody forbids it') : undefined),
    );
    await rig.serve();
    await rig.clock.advance(1_000);
    const [first, ...rest] = brief(rig.connection.writes.filter(({ method }) => method === 'PATCH'));
    expect([first, rest[0]]).toEqual(PATHS.map((path) => `PATCH ${path}`));
    expect(rest.filter((each) => each === first).length).toBeGreaterThan(1);
  });

  it('counts the registrations that are not asked about, and sets again what is taken away', async () => {
    const rig = run(registered(true), () => refusal(403, DENIED));
    await rig.serve();
    await rig.clock.advance(0);
    expect(await rig.metrics.text()).toContain('sriov_admission_registrations_without_rules 0');
    rig.show(registered(false, '8').slice(0, 1));
    await rig.clock.advance(0);
    expect(brief(rig.connection.writes)).toEqual([`POST ${SECRETS}`, `PATCH ${PATHS[0]}`]);
  });

  it('sets no rule when an administrator speaks against it while a probe is on its way', async () => {
    const rig = run(registered(false), () => {
      rig.say(false);
      return refusal(403, DENIED);
    });
    await rig.serve();
    await rig.clock.advance(60_000);
    expect(brief(rig.connection.writes)).toEqual([`POST ${SECRETS}`]);
  });

  it('takes the rules away when an administrator says so, without a probe, and sets them again after one', async () => {
    const rig = run(registered(true), () => refusal(403, DENIED));
    await rig.serve();
    await rig.clock.advance(0);
    rig.say(false);
    await rig.clock.advance(0);
    expect(brief(rig.connection.writes)).toEqual(PATHS.map((path) => `PATCH ${path}`));
    expect(rig.connection.writes[0]?.body).toMatchObject({ webhooks: [{ rules: [] }] });
    rig.show(registered(false, '8'));
    await rig.clock.advance(60_000);
    expect(rig.connection.writes).toHaveLength(2);
    expect(await rig.metrics.text()).toContain('sriov_admission_registrations_without_rules 0');
    rig.say(true);
    await rig.clock.advance(0);
    expect(brief(rig.connection.writes.slice(2))).toEqual([`POST ${SECRETS}`, ...PATHS.map((path) => `PATCH ${path}`)]);
  });
});
