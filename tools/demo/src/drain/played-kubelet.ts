import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type KubeObject } from '@sriov/api';
import { type Access, adminAnswer, adminRequest } from '@sriov/control-plane';

/** A pod that the kubelet runs, and the VF that it has given to it. */
export interface PlayedPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Such as `openshift.io/intelnics`. */
  readonly resource: string;
  /** PCI address. */
  readonly vf: string;
}

const POLL_MS = 100;

/** Does for a node without a kubelet what a kubelet does: runs a pod, gives it a VF, and ends it when it has to leave. */
export class PlayedKubelet {
  readonly #access: Access;
  readonly #node: string;
  /** File by which the simulated host hears of pods and their VFs. */
  readonly #podsFile: string;

  constructor(access: Access, { node, podsFile }: { readonly node: string; readonly podsFile: string }) {
    this.#access = access;
    this.#node = node;
    this.#podsFile = podsFile;
  }

  /** Runs the pod. */
  async run(pod: PlayedPod): Promise<void> {
    const { namespace, name, labels, resource, vf } = pod;
    const one = { [resource]: '1' };
    const containers = [{ name: 'main', image: 'none', resources: { requests: one, limits: one } }];
    const created = (await adminAnswer(this.#access, {
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods`,
      body: { metadata: { name, labels }, spec: { nodeName: this.#node, containers } },
    })) as KubeObject;
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await adminAnswer(this.#access, { method: 'PATCH', path: `${pathOf(pod)}/status`, body: { status } });
    this.#write([{ vf, namespace, name, uid: created.metadata.uid ?? '', resource }]);
  }

  /** Waits until the pod has to leave, and ends it. */
  async endWhenEvicted(pod: PlayedPod): Promise<void> {
    for (;;) {
      const { status, body } = await adminRequest(this.#access, { method: 'GET', path: pathOf(pod) });
      if (status === 404) break;
      if ((body as KubeObject).metadata.deletionTimestamp !== undefined) {
        const call = { method: 'DELETE', path: pathOf(pod), body: { gracePeriodSeconds: 0 } };
        await adminRequest(this.#access, call);
        break;
      }
      await delay(POLL_MS);
    }
    this.#write([]);
  }

  #write(pods: readonly object[]): void {
    writeFileSync(`${this.#podsFile}.unfinished`, JSON.stringify(pods));
    renameSync(`${this.#podsFile}.unfinished`, this.#podsFile);
  }
}

const pathOf = ({ namespace, name }: Pick<PlayedPod, 'namespace' | 'name'>): string =>
  `/api/v1/namespaces/${namespace}/pods/${name}`;
