import { type OwnerReference } from '@sriov/api';
import { isOlder } from '@sriov/controller';
import { fitKeys } from '@sriov/device-plugin-config';
import { messageOf } from '@sriov/errors';
import { ApiError, CONFIG_MAP, type ConfigMap, isConflict, isNotFound, type KubeClient } from '@sriov/kube';
import { type Clock } from '@sriov/runtime';
import { OwnVersions } from './own-versions.ts';

/** The node's configuration does not fit into its ConfigMap. */
export class ConfigMapFullError extends Error {
  override readonly name = 'ConfigMapFullError';
  readonly code = 'CONFIG_MAP_FULL';
}

/** The ConfigMap could not be written. `status` and `retryAfterMs` are of the API server's answer. */
export class ConfigMapWriteError extends Error {
  override readonly name = 'ConfigMapWriteError';
  readonly code = 'CONFIG_MAP_NOT_WRITTEN';
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(configMap: string, cause: unknown) {
    super(`cannot write the ConfigMap ${configMap}: ${messageOf(cause)}`, { cause });
    const { status, retryAfterMs } = cause instanceof ApiError ? cause : {};
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the writer works with. */
export interface ConfigMapWriterOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The ConfigMap as the cache has it. */
  readonly present: (name: string) => ConfigMap | undefined;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  /** Called when the set of nodes whose configuration does not fit has changed. */
  readonly onRefusal: () => void;
}

/** One key of one ConfigMap. */
export interface KeyChange {
  readonly configMap: string;
  readonly node: string;
  /** `undefined` removes the key. */
  readonly text: string | undefined;
  /** Of the ConfigMap, when it has to be made. */
  readonly owner: OwnerReference;
  /** Resource version of the ConfigMap that the change was planned from; `undefined` when there was none. */
  readonly plannedFrom: string | undefined;
}

/**
 * Shortest time between two writes of a ConfigMap, which is large and goes to every device plugin. The first does not
 * wait.
 */
const INTERVAL_MS = 500;

/**
 * Writes keys of the device plugin's ConfigMaps. Many nodes share one of them, so keys that come while a write is on
 * its way go together with the next: a change of a thousand nodes is a few writes, not a thousand of a large object.
 */
export class ConfigMapWriter {
  readonly #options: ConfigMapWriterOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: ConfigMapWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the resource version of the ConfigMap when the change is written.
   * @throws {ConfigMapFullError} when there is no room for it; the keys of others are written.
   * @throws {ConfigMapWriteError} with status 409 when another has written since the change was planned.
   */
  set(change: KeyChange): Promise<string> {
    let lane = this.#lanes.get(change.configMap);
    if (lane === undefined) {
      lane = new Lane(change.configMap, this.#options);
      this.#lanes.set(change.configMap, lane);
    }
    return lane.set(change);
  }

  /** In all ConfigMaps but `wanted` the node has what it should have: what did not fit there is not wanted any more. */
  settle(node: string, wanted: ReadonlySet<string>): void {
    for (const [configMap, { refused }] of this.#lanes) {
      if (!wanted.has(configMap) && refused.delete(node)) this.#options.onRefusal();
    }
  }

  /** Nodes whose configuration did not fit into the ConfigMap when it was last tried. */
  refusedNodes(configMap: string): string[] {
    return [...(this.#lanes.get(configMap)?.refused ?? [])];
  }
}

interface Pending {
  readonly text: string | null;
  readonly owner: OwnerReference;
  readonly plannedFrom: string | undefined;
  readonly resolve: (resourceVersion: string) => void;
  readonly reject: (error: unknown) => void;
}

/** Keys that are written with one request, and the version of the ConfigMap that they change. */
interface Batch {
  readonly keys: ReadonlyMap<string, Pending>;
  readonly version: string | undefined;
}

/** The writes of one ConfigMap, one after the other. */
class Lane {
  readonly refused = new Set<string>();
  readonly #name: string;
  readonly #options: ConfigMapWriterOptions;
  readonly #versions = new OwnVersions();
  #pending = new Map<string, Pending>();
  #isWriting = false;
  #writtenAt = -INTERVAL_MS;

  constructor(name: string, options: ConfigMapWriterOptions) {
    this.#name = name;
    this.#options = options;
  }

  set({ node, text, owner, plannedFrom }: KeyChange): Promise<string> {
    return new Promise((resolve, reject) => {
      // Only the controller's worker for the node writes its key, so there is never a second change waiting.
      this.#pending.set(node, { text: text ?? null, owner, plannedFrom, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    const { clock } = this.#options;
    this.#isWriting = true;
    // Whoever is planned in this turn of the event loop joins the first write.
    await new Promise(setImmediate);
    while (this.#pending.size > 0) {
      await clock.sleep(Math.max(0, this.#writtenAt + INTERVAL_MS - clock.elapsed()));
      this.#writtenAt = clock.elapsed();
      const batch = this.#pending;
      this.#pending = new Map();
      await this.#writeBatch(this.#refuseWhatIsOutdated(this.#refuseWhatDoesNotFit(batch)));
    }
    this.#isWriting = false;
  }

  #refuseWhatDoesNotFit(batch: ReadonlyMap<string, Pending>): Map<string, Pending> {
    const present = this.#options.present(this.#name)?.data ?? {};
    const changes = new Map([...batch].map(([node, { text }]) => [node, text]));
    const refused = new Set(fitKeys(present, changes).refused);
    const isNews = [...batch.keys()].some((node) => this.refused.has(node) !== refused.has(node));
    for (const [node, { reject }] of batch) {
      if (!refused.has(node)) this.refused.delete(node);
      else {
        this.refused.add(node);
        reject(new ConfigMapFullError(`the ConfigMap ${this.#name} has no room for the configuration of ${node}`));
      }
    }
    if (isNews) this.#options.onRefusal();
    return new Map([...batch].filter(([node]) => !refused.has(node)));
  }

  /**
   * Keys that were planned from different versions are written together as long as only our own writes are between
   * these versions: no other worker of ours writes the key. What was planned before somebody else wrote has to be
   * planned again.
   */
  #refuseWhatIsOutdated(batch: ReadonlyMap<string, Pending>): Batch {
    const bases = new Map([...batch].map(([node, { plannedFrom }]) => [node, this.#versions.newestFrom(plannedFrom)]));
    const newest = [...bases.values()].reduce((a, b) => (b !== undefined && isOlder(a, b) ? b : a), undefined);
    const message = `it was planned from an older version than ${newest}`;
    const outdated = new ConfigMapWriteError(this.#name, new ApiError(message, { status: 409 }));
    const current = [...batch].filter(([node]) => bases.get(node) === newest);
    for (const [node, { reject }] of batch) if (bases.get(node) !== newest) reject(outdated);
    return { keys: new Map(current), version: newest };
  }

  async #writeBatch({ keys, version }: Batch): Promise<void> {
    const [first] = keys.values();
    if (first === undefined) return;
    const data = Object.fromEntries([...keys].map(([node, { text }]) => [node, text]));
    try {
      const written = await this.#write(data, { owner: first.owner, version });
      this.#versions.note(version, written);
      for (const { resolve } of keys.values()) resolve(written);
    } catch (error) {
      // Nothing was written, so the next plan need not wait: meanwhile another writer would be first again.
      if (isConflict(error)) this.#writtenAt = -INTERVAL_MS;
      const failure = new ConfigMapWriteError(this.#name, error);
      for (const { reject } of keys.values()) reject(failure);
    }
  }

  async #write(
    data: Record<string, string | null>,
    { owner, version: resourceVersion }: { readonly owner: OwnerReference; readonly version: string | undefined },
  ): Promise<string> {
    const { client, namespace } = this.#options;
    const ref = { name: this.#name, namespace };
    if (resourceVersion !== undefined) {
      try {
        const patch = { metadata: { resourceVersion }, data };
        const patched = await client.mergePatch(CONFIG_MAP, ref, { patch, metadataOnly: true });
        return patched.metadata.resourceVersion ?? '';
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const present = Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== null);
    const metadata = { ...ref, ownerReferences: [owner] };
    const created = await client.create(CONFIG_MAP, { metadata, data: Object.fromEntries(present) });
    return created.metadata.resourceVersion ?? '';
  }
}
