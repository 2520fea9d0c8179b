import { setTimeout as delay } from 'node:timers/promises';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as operandController } from '@sriov/operand-controller';
import { service as policyController } from '@sriov/policy-controller';
import { type Access, adminAnswer, adminRequest, kubeconfigText } from '@sriov/control-plane';
import { readSettings, serve, type ServiceDefinition, type ServiceSchema } from '@sriov/runtime';
import { z } from 'zod';
import { openAccount } from './accounts.ts';

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), uid: z.string(), deletionTimestamp: z.string().optional() }),
      spec: z.object({
        nodeName: z.string().optional(),
        serviceAccountName: z.string().default('default'),
        containers: z.array(
          z.object({
            image: z.string(),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
          }),
        ),
      }),
    }),
  ),
});
type Pod = z.output<typeof podsSchema>['items'][number];
const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

/** Where the pods run. They are bound to this node. */
const NODE = 'node-of-controllers';
const POLL_MS = 50;

/**
 * Does for the pods of one namespace what scheduler and kubelet would do: runs the service of a pod in this process, with
 * the pod's variables and account, ends it when the pod is deleted, and only then lets the pod go. Pods of other programs
 * stay without a node.
 */
export class PodRunner {
  readonly #access: Access;
  readonly #namespace: string;
  readonly #running = new Map<string, () => Promise<void>>();
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;

  constructor(access: Access, namespace: string) {
    this.#access = access;
    this.#namespace = namespace;
    this.#looking = this.#lookUntilStopped();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
    await Promise.all([...this.#running.values()].map((end) => end()));
  }

  async #lookUntilStopped(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { body } = await adminRequest(this.#access, { method: 'GET', path: this.#path() });
      for (const pod of podsSchema.parse(body).items) await this.#look(pod);
      await delay(POLL_MS);
    }
  }

  async #look(pod: Pod): Promise<void> {
    const definition = serviceOf(pod);
    if (definition === undefined) return;
    const { uid, name, deletionTimestamp } = pod.metadata;
    const end = this.#running.get(uid);
    if (end === undefined && deletionTimestamp === undefined) {
      this.#running.set(uid, await this.#begin(pod, definition));
    } else if (deletionTimestamp !== undefined) {
      this.#running.delete(uid);
      await end?.();
      await adminRequest(this.#access, { method: 'DELETE', path: this.#path(name), body: { gracePeriodSeconds: 0 } });
    }
  }

  /** Returns how to end it. */
  async #begin(pod: Pod, definition: ServiceDefinition<ServiceSchema>): Promise<() => Promise<void>> {
    const { name } = pod.metadata;
    if (pod.spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: NODE };
      await this.#ask('POST', `${this.#path(name)}/binding`, { metadata: { name }, target });
    }
    await this.#report(name, 'Running');
    const kubeconfig = await this.#kubeconfigOf(pod);
    const account = openAccount(name, kubeconfig);
    const stop = new AbortController();
    const ended = runService(definition, this.#argumentsOf(pod, account.kubeconfigPath), stop.signal);
    const over = ended.then(
      () => this.#report(name, 'Succeeded'),
      () => this.#report(name, 'Failed'),
    );
    return async () => {
      stop.abort();
      await over;
      account.close();
    };
  }

  #argumentsOf(pod: Pod, kubeconfig: string): { argv: string[]; env: Record<string, string> } {
    const variables = pod.spec.containers[0]?.env ?? [];
    const env = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? this.#namespace]));
    return { argv: ['--listen=127.0.0.1:0', '--log-level=silent', `--kubeconfig=${kubeconfig}`], env };
  }

  async #kubeconfigOf({ metadata, spec }: Pod): Promise<string> {
    const accounts = `/api/v1/namespaces/${this.#namespace}/serviceaccounts`;
    // The token ends with the pod, as in a cluster.
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid };
    const answer = await this.#ask('POST', `${accounts}/${spec.serviceAccountName}/token`, {
      spec: { boundObjectRef },
    });
    const { server, ca } = this.#access;
    return kubeconfigText({ server, ca, user: { name: metadata.name, token: tokenSchema.parse(answer).status.token } });
  }

  /** Nothing where the pod is gone already. */
  async #report(name: string, phase: string): Promise<void> {
    const conditions = [{ type: 'Ready', status: phase === 'Running' ? 'True' : 'False' }];
    await adminRequest(this.#access, {
      ...{ method: 'PATCH', path: `${this.#path(name)}/status`, contentType: 'application/merge-patch+json' },
      body: { status: { phase, conditions } },
    });
  }

  #path(name = ''): string {
    return `/api/v1/namespaces/${this.#namespace}/pods/${name}`.replace(/\/$/, '');
  }

  #ask(method: string, path: string, body: object): Promise<unknown> {
    return adminAnswer(this.#access, { method, path, body });
  }
}

const SERVICES = { networkRenderer, operandController, policyController };

function serviceOf({ spec }: Pod): ServiceDefinition<ServiceSchema> | undefined {
  const image = spec.containers[0]?.image ?? '';
  return Object.values(SERVICES).find(({ program }) => image.includes(`/${program}:`));
}

async function runService(
  definition: ServiceDefinition<ServiceSchema>,
  source: { argv: string[]; env: Record<string, string> },
  signal: AbortSignal,
): Promise<void> {
  const read = readSettings(definition, source);
  if (!('settings' in read)) throw new Error('no settings');
  await serve(definition, read.settings, signal);
}
