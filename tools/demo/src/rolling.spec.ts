import { mkdtempSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DEFAULT_OPERATOR_NAMESPACE, WEBHOOK_CONFIGURATION } from '@sriov/api';
import { serviceKubeconfig } from '@sriov/chart';
import { adminAnswer, adminRequest, findFreePort } from '@sriov/control-plane';
import { type MachineState, parseMachineState } from '@sriov/host-sim';
import { eventually } from '@sriov/testing';
import { bundleOf } from './bundles.ts';
import { DemoCluster, SERVICES } from './cluster.ts';
import { readExamples } from './examples.ts';
import { findFaults } from './outcome.ts';
import { Services } from './services.ts';
import { Stopwatch } from './stopwatch.ts';
import { type Replica, ServiceFront } from './test/service-front.ts';
import { everythingStored, writtenBetween } from './test/stored.ts';

jest.setTimeout(600_000);

const REGISTRATIONS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].map(
  (plural) => `/apis/admissionregistration.k8s.io/v1/${plural}/${WEBHOOK_CONFIGURATION}`,
);
const POLICY = `/apis/sriovnetwork.openshift.io/v1/namespaces/${DEFAULT_OPERATOR_NAMESPACE}/sriovnetworknodepolicies/intel-vfio`;
const quiet = (): void => undefined;
let cluster: DemoCluster;

beforeAll(async () => {
  const stopwatch = new Stopwatch(quiet);
  const world = join(import.meta.dirname, '../../worlds/demo.yaml');
  cluster = await DemoCluster.start({ world, examples: await readExamples(), stopwatch, say: quiet });
  expect(findFaults(await cluster.applyExamples())).toEqual([]);
});
afterAll(() => cluster.stop());

/** The simulated machine, which counts what is written to it. */
const machine = (): MachineState => parseMachineState(readFileSync(cluster.machineFile, 'utf8'));

/** Waits until a service has done all that its start has given it to do: what it counts rises no more. */
const untilAtRest = async (url: string): Promise<void> => {
  let last = '';
  let since = Date.now();
  await eventually(async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const counts = text.split('\n').filter((line) => /^sriov_(reconcile_total|workqueue_depth)/.test(line));
    if (counts.join() !== last) since = Date.now();
    last = counts.join();
    return counts.some((line) => /^sriov_reconcile_total.* [1-9]/.test(line)) && Date.now() - since > 2_000;
  }, 60_000);
};

describe.each(SERVICES)('%s, replaced alone while policies are in force,', (name) => {
  it('writes to no object and not to the host, and has nobody else do so', async () => {
    const { services, plane } = cluster;
    for (const each of SERVICES) await untilAtRest(services.urlOf(each));
    const [stored, host] = [await everythingStored(plane.access), machine()];
    await services.stop(name);
    await services.startAgain(name);
    for (const each of SERVICES) await untilAtRest(services.urlOf(each));
    const ownLease = `/apis/coordination.k8s.io/v1/leases ${DEFAULT_OPERATOR_NAMESPACE}/${name}: `;
    const written = writtenBetween(stored, await everythingStored(plane.access));
    expect(written.filter((each) => !each.startsWith(ownLease))).toEqual([]);
    expect(machine()).toEqual(host);
  });
});

/** Asks for one change of a policy after another, each judged by the webhook and none stored, until it is stopped. */
class Asking {
  readonly refused: unknown[] = [];
  answered = 0;
  #isStopped = false;
  readonly #ends: readonly Promise<void>[];

  constructor(atATime: number) {
    this.#ends = Array.from({ length: atATime }, (_, index) => this.#ask(index));
  }

  /** Waits until so many more have been answered. */
  async go(requests: number): Promise<void> {
    const { answered } = this;
    await eventually(() => this.answered >= answered + requests || this.refused.length > 0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#ends);
  }

  async #ask(first: number): Promise<void> {
    for (let numVfs = first; !this.#isStopped; numVfs += 1) {
      const { status, body } = await adminRequest(cluster.plane.access, {
        method: 'PATCH',
        path: `${POLICY}?dryRun=All`,
        contentType: 'application/merge-patch+json',
        body: { spec: { numVfs: 1 + (numVfs % 3) } },
      });
      if (status === 200) this.answered += 1;
      else this.refused.push(body);
    }
  }
}

describe('two replicas of admission-webhook, replaced one after the other,', () => {
  const replicas: Services[] = [];
  let front: ServiceFront | undefined;

  beforeAll(async () => {
    const { access } = cluster.plane;
    const started = [await startReplica(replicas), await startReplica(replicas)];
    const own = await ServiceFront.start(started);
    front = own;
    for (const path of REGISTRATIONS) {
      const { webhooks } = (await adminAnswer(access, { method: 'GET', path })) as Registration;
      const moved = webhooks.map(({ clientConfig, ...entry }) => {
        const url = new URL(clientConfig.url);
        url.port = String(own.port);
        return { ...entry, clientConfig: { ...clientConfig, url: url.href } };
      });
      await adminAnswer(access, { method: 'PATCH', path, body: { webhooks: moved } });
    }
    // From here on, only the two can answer.
    await cluster.services.stop(WEBHOOK);
  });
  afterAll(async () => {
    await front?.close();
    await Promise.all(replicas.map((each) => each.close()));
  });

  it('leave no request without an answer', async () => {
    const asking = new Asking(4);
    for (const services of replicas) {
      await asking.go(ASKED);
      await services.stop(WEBHOOK);
      await asking.go(ASKED);
      await services.startAgain(WEBHOOK);
      await eventually(() => front?.readyPorts.length === 2);
    }
    await asking.go(ASKED);
    await asking.stop();
    expect(asking.refused).toEqual([]);
  });
});

const WEBHOOK = 'admission-webhook';
/** Requests between two events. */
const ASKED = 20;

interface Registration {
  readonly webhooks: readonly { readonly clientConfig: { readonly url: string } }[];
}

/** Starts a replica as a pod of the chart runs it, under the account of the service. */
async function startReplica(started: Services[]): Promise<Replica> {
  const folder = mkdtempSync(join(tmpdir(), 'sriov-rolling-'));
  const services = new Services(folder, quiet);
  started.push(services);
  const kubeconfig = join(folder, 'kubeconfig');
  const account = { namespace: DEFAULT_OPERATOR_NAMESPACE, service: WEBHOOK } as const;
  await writeFile(kubeconfig, await serviceKubeconfig(cluster.plane.access, account), { mode: 0o600 });
  const port = await findFreePort();
  const serving = ['--port', String(port), '--bind-address', '127.0.0.1', '--certificate-names', '127.0.0.1'];
  const args = ['--kubeconfig', kubeconfig, '--namespace', DEFAULT_OPERATOR_NAMESPACE, ...serving];
  await services.start({ name: WEBHOOK, bundle: bundleOf(WEBHOOK), args });
  return { port, readyUrl: `${services.urlOf(WEBHOOK)}/readyz` };
}
