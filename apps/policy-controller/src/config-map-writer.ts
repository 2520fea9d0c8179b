import { DEVICE_PLUGIN_CONFIG_MAP, type OwnerReference } from '@sriov/api';
import { type ApiError, CONFIG_MAP, type ConfigMap, isNotFound, type KubeClient } from '@sriov/kube';

/**
 * Writes keys of the device plugin's ConfigMap. All nodes share the one object, so keys that come while a write is
 * on its way go together with the next: a change of a thousand nodes is a few writes, not a thousand of a large object.
 */
export class ConfigMapWriter {
  readonly #client: KubeClient;
  readonly #namespace: string;
  #pending = new Map<string, string | null>();
  #owner: OwnerReference | undefined;
  #inFlight: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** Sets the key of a node, or removes it. Resolves when that is written; rejects when the write failed. */
  set(node: string, text: string | undefined, owner: OwnerReference): Promise<void> {
    this.#pending.set(node, text ?? null);
    this.#owner = owner;
    if (this.#inFlight === undefined) return this.#start();
    this.#next ??= this.#inFlight.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const data = Object.fromEntries(this.#pending);
    this.#pending = new Map();
    const write = this.#write(data).finally(() => {
      if (this.#inFlight === write) this.#inFlight = undefined;
    });
    this.#inFlight = write;
    return write;
  }

  async #write(data: Record<string, string | null>): Promise<void> {
    const ref = { namespace: this.#namespace, name: DEVICE_PLUGIN_CONFIG_MAP };
    try {
      await this.#client.mergePatch(CONFIG_MAP, ref, { patch: { data } });
    } catch (error) {
      if (!isNotFound(error)) throw explainSize(error);
      await this.#client.create(CONFIG_MAP, this.#firstMap(data));
    }
  }

  #firstMap(data: Record<string, string | null>): ConfigMap {
    const present = Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== null);
    return {
      metadata: {
        name: DEVICE_PLUGIN_CONFIG_MAP,
        namespace: this.#namespace,
        ...(this.#owner && { ownerReferences: [this.#owner] }),
      },
      data: Object.fromEntries(present),
    };
  }
}

/** The API server's answer to an object above 1 MiB does not say what to do about it. */
function explainSize(error: unknown): unknown {
  const { status, message } = error as ApiError;
  if (status !== 413 && !message.includes('Too long')) return error;
  return new Error(
    `the ConfigMap ${DEVICE_PLUGIN_CONFIG_MAP} would exceed the 1 MiB that Kubernetes allows: ${message}`,
    {
      cause: error,
    },
  );
}
