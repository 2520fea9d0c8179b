import { Agent, request } from 'node:https';
import { findFreePort } from '@sriov/control-plane';
import { type KubeClient, SECRET } from '@sriov/kube';
import { type Row } from '../report.ts';
import { quantile } from '../quantile.ts';
import { HUGE_SPEC, LARGEST_SPEC } from './hostile.ts';
import { type Load, openLoop } from './open-loop.ts';
import { ServiceProcess } from './service-process.ts';

const SECRET_NAME = 'operator-webhook-cert';

/** What the services run against. */
export interface Surroundings {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly folder: string;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

const review = (kind: string, namespace: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', kind: { kind }, operation: 'CREATE', object: { metadata: { name: 'a', namespace }, spec } },
  });

/** Measures the webhook: at 200 reviews a second, then beside somebody who sends 30 hostile networks a second. */
export async function benchWebhook(around: Surroundings): Promise<Row[]> {
  const { client, kubeconfig, namespace, folder, seconds, say } = around;
  const port = await findFreePort();
  const settings = {
    KUBECONFIG: kubeconfig,
    NAMESPACE: namespace,
    PORT: String(port),
    BIND_ADDRESS: '127.0.0.1',
    CERTIFICATE_NAMES: '127.0.0.1',
  };
  const webhook = await ServiceProcess.start({ app: 'admission-webhook', folder, settings });
  try {
    const { data } = await client.get(SECRET, { namespace, name: SECRET_NAME });
    const ca = Buffer.from(data?.['ca.crt'] ?? '', 'base64').toString();
    const send = createSender(port, ca);
    const ask = async (body: string): Promise<void> => {
      const status = await send(body);
      if (status !== 200) throw new Error(`the webhook answered ${status}`);
    };
    const policy = review('SriovNetworkNodePolicy', namespace, {
      resourceName: 'r',
      numVfs: 4,
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      nicSelector: { pfNames: ['ens1f0#0-3'] },
    });
    const load: Load = { perSecond: 200, seconds };
    await openLoop({ perSecond: 200, seconds: 3 }, () => ask(policy));
    say('webhook: 200 reviews a second');
    const alone = await openLoop(load, () => ask(policy));
    const after = await webhook.memory();
    say('webhook: the same, beside 30 hostile networks a second');
    let turnedAway = 0;
    const hostile = [HUGE_SPEC, LARGEST_SPEC].map((spec) => review('SriovNetwork', 'tenant', spec));
    const [beside] = await Promise.all([
      openLoop(load, () => ask(policy)),
      openLoop({ perSecond: 30, seconds }, async (index) => {
        // Who is turned away while still sending may find the connection closed.
        const status = await send(hostile[index % 2] ?? '').catch(() => 0);
        if (status !== 200) turnedAway += 1;
      }),
    ]);
    const { rss, peak } = await webhook.memory();
    return [
      latencyRow('a policy judged at 200 reviews a second', alone, 20),
      memoryRow('RSS of the webhook after that', after.rss, 150),
      latencyRow(
        `the same beside 30 hostile networks a second, of 1 MB and of the largest size let in (${turnedAway} turned away)`,
        beside,
        100,
      ),
      {
        ...memoryRow('RSS of the webhook after that, and its peak', rss, 200),
        measured: `${rss.toFixed(0)} (${peak.toFixed(0)}) MB`,
      },
    ];
  } finally {
    await webhook.stop();
  }
}

/** Asks as the API server does, over connections that are kept; resolves with the status of the answer. */
function createSender(port: number, ca: string): (body: string) => Promise<number> {
  const agent = new Agent({ keepAlive: true, ca });
  const url = `https://127.0.0.1:${port}/validating-custom-resource`;
  return (body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      request(url, { agent, method: 'POST', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end(body);
    });
}

/** A row of latencies against a bar for their p99. */
export function latencyRow(what: string, times: readonly number[], barMs: number): Row {
  const p99 = quantile(times, 0.99);
  const measured = `${quantile(times, 0.5).toFixed(1)} / ${p99.toFixed(1)} ms`;
  return { what: `${what}, p50 / p99`, measured, bar: `p99 at most ${barMs} ms`, isMet: p99 <= barMs };
}

/** A row of resident memory. */
export function memoryRow(what: string, rss: number, barMb: number): Row {
  return { what, measured: `${rss.toFixed(0)} MB`, bar: `at most ${barMb} MB`, isMet: rss <= barMb };
}
