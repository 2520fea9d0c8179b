import { DEFAULT_OPERATOR_CONFIG_NAME, isWebhookWanted, SRIOV_OPERATOR_CONFIG } from '@sriov/api';
import { createControllerMetrics } from '@sriov/controller';
import { type AnyInformer, Cluster, Informer } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import { answerMutating, answerValidating } from './answers.ts';
import { Binding, type Wish } from './binding/binding.ts';
import { PROBE_ANSWER } from './binding/probe.ts';
import { allInformers, createCaches } from './caches.ts';
import { CertificateInUse } from './certificates/certificate-in-use.ts';
import { FileCertificates } from './certificates/file-certificates.ts';
import { endpointOf } from './certificates/names.ts';
import { OwnCertificates } from './certificates/own-certificates.ts';
import { gather } from './gather.ts';
import { observed } from './observed.ts';
import { MUTATING_PATH, PROBE_PATH, Registrations, VALIDATING_PATH } from './registration.ts';
import { type Settings } from './settings.ts';
import { WebhookServer } from './webhook-server.ts';

const DAY_MS = 86_400_000;

/** The admission webhook: a server that answers from caches, and the keeper of its certificate and registration. */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, health, clock, signal } = context;
  const { namespace, supportedNicsOnly } = settings;
  const cluster = new Cluster(context, { service: 'admission-webhook', ...settings, kubeconfig: settings.kubeconfig });
  const caches = createCaches(cluster.informerContext, namespace);
  let isComplete = false;
  const server = await WebhookServer.start({
    listen: { port: settings.port, ...(settings.bindAddress !== undefined && { host: settings.bindAddress }) },
    responders: {
      ...observed(
        {
          [MUTATING_PATH]: answerMutating,
          [VALIDATING_PATH]: (question) =>
            isComplete
              ? answerValidating(question, gather(caches, namespace), {
                  operatorNamespace: namespace,
                  supportedNicsOnly,
                })
              : 'the webhook has not read the cluster yet: try again in a moment',
        },
        context,
      ),
      [PROBE_PATH]: () => PROBE_ANSWER,
    },
    readyProblems: () => health.readyProblems(),
    log,
  });
  log.info({ port: server.port }, 'listening for the API server');
  try {
    const inUse = new CertificateInUse(server, log);
    health.addReadiness('certificate', () => inUse.check(clock.now()));
    const certificates = await createCertificates(context, cluster, inUse);
    await cluster.follow([...allInformers(caches), ...certificates.informers], async (stop) => {
      isComplete = true;
      await certificates.run(stop);
    });
    if (!signal.aborted) return;
    server.leave();
    await clock.sleep(settings.stopDelaySeconds * 1000);
  } finally {
    await server.close();
  }
}

/** Keeps a certificate in force: our own, with the registration that trusts it, or one in files. */
interface Certificates {
  readonly informers: readonly AnyInformer[];
  run(signal: AbortSignal): Promise<void>;
}

async function createCertificates(
  context: ServiceContext<Settings>,
  cluster: Cluster,
  inUse: CertificateInUse,
): Promise<Certificates> {
  const { settings, clock, log, metrics } = context;
  const { certificateFile, keyFile, certificateSecret, certificateDays, namespace } = settings;
  if (certificateFile !== undefined && keyFile !== undefined) {
    return FileCertificates.load({ certificateFile, keyFile, clock, log, inUse });
  }
  const { informerContext, client } = cluster;
  const controllerMetrics = createControllerMetrics(metrics);
  const registrations = new Registrations(informerContext);
  const secret = { namespace, name: certificateSecret };
  const shared = { client, clock, log, registrations, secret, endpoint: endpointOf(settings), inUse };
  const lifetimeMs = certificateDays * DAY_MS;
  const own = new OwnCertificates({ ...shared, informerContext, lifetimeMs, metrics: controllerMetrics });
  const operatorConfigs = new Informer(informerContext, SRIOV_OPERATOR_CONFIG, {
    namespace,
    fieldSelector: `metadata.name=${DEFAULT_OPERATOR_CONFIG_NAME}`,
  });
  const wish: Wish = {
    isAsked: () => isWebhookWanted(operatorConfigs.store.get(`${namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`)),
    subscribe: (wake) => void operatorConfigs.store.subscribe(wake),
  };
  const binding = new Binding({ ...shared, wish, metrics, controllerMetrics });
  return {
    informers: [...own.informers, ...registrations.informers, operatorConfigs],
    async run(stop) {
      await Promise.all([own.run(stop), binding.run(stop)]);
    },
  };
}
