import { ANNOTATION, type KubeObject, omitUndefined } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type AnyInformer, ApiError, Informer, type InformerContext } from '@sriov/kube';
import { hasMachineConfigPools } from './has-machine-config-pools.ts';
import { MACHINE_CONFIG, MACHINE_CONFIG_POOL, type MachineConfigPool } from './kinds.ts';

/** The caches of MachineConfigPools and MachineConfigs. */
export interface PoolCaches {
  readonly pools: Informer<MachineConfigPool>;
  /** Metadata alone: a MachineConfig holds the files of a host. */
  readonly configs: Informer<KubeObject>;
}

/** What is known of MachineConfigPools: there are none, they are in the caches, or why that is not known yet. */
export type PoolsKnown = 'none' | PoolCaches | { readonly problem: string };

/** After a failure, the API server is asked again after this time. */
const RETRY_MS = 5_000;

/**
 * Finds out whether the cluster has MachineConfigPools, and follows them where it has. It counts as synced as soon as the
 * API server has answered: where a right is missing, other work goes on, and the drains that need the pools say so.
 */
export class MachineConfigPools implements AnyInformer {
  readonly synced: Promise<void>;
  readonly store = { resync: (): void => this.#resync() };
  readonly #context: InformerContext;
  readonly #onChange: () => void;
  #markSynced: () => void = () => undefined;
  #detected: 'none' | PoolCaches | undefined;
  #problem = 'the API server has not said yet whether there are MachineConfigPools';

  /** `onChange` is called when something about pools has changed. */
  constructor(context: InformerContext, onChange: () => void) {
    this.#context = context;
    this.#onChange = onChange;
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  /** What is known now. Caches that are not listed yet are a problem as well. */
  get known(): PoolsKnown {
    if (this.#detected === undefined) return { problem: this.#problem };
    if (this.#detected === 'none') return 'none';
    const { pools, configs } = this.#detected;
    const unlisted = [pools, configs].find(({ isSynced }) => !isSynced);
    if (unlisted === undefined) return this.#detected;
    return { problem: unlisted.problem ?? 'MachineConfigPools and MachineConfigs are not listed yet' };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      const detected = await this.#detect();
      if (detected === 'none') return;
      if (detected !== undefined) await Promise.all([detected.pools.run(signal), detected.configs.run(signal)]);
      else await clock.sleep(RETRY_MS, signal);
    }
  }

  async #detect(): Promise<'none' | PoolCaches | undefined> {
    const { log } = this.#context;
    try {
      this.#detected = (await hasMachineConfigPools(this.#context)) ? this.#createCaches() : 'none';
      this.#markSynced();
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) log.warn({ err: error }, 'cannot find out whether there are MachineConfigPools');
      this.#problem = problem;
      // Waiting does not cure that, and drains that need no pool go on.
      if (error instanceof ApiError && error.status === 403) this.#markSynced();
    }
    return this.#detected;
  }

  #createCaches(): PoolCaches {
    const pools = new Informer(this.#context, MACHINE_CONFIG_POOL, { transform: trimPool });
    const configs = new Informer(this.#context, MACHINE_CONFIG, { metadataOnly: true, transform: trimConfig });
    pools.store.subscribe(this.#onChange);
    configs.store.subscribe(this.#onChange);
    return { pools, configs };
  }

  #resync(): void {
    this.#onChange();
  }
}

function trimPool({ metadata, spec, status }: MachineConfigPool): MachineConfigPool {
  const { name, uid, resourceVersion } = metadata;
  const mark = metadata.annotations?.[ANNOTATION.nodeState];
  return {
    metadata: omitUndefined({
      name,
      uid,
      resourceVersion,
      annotations: mark === undefined ? undefined : { [ANNOTATION.nodeState]: mark },
    }),
    spec: { paused: spec?.paused === true, configuration: nameOf(spec?.configuration) },
    status: { configuration: nameOf(status?.configuration) },
  };
}

function nameOf(configuration: { name?: string } | undefined): { name?: string } {
  return omitUndefined({ name: configuration?.name });
}

function trimConfig({ metadata: { name, uid, resourceVersion, ownerReferences } }: KubeObject): KubeObject {
  return { metadata: omitUndefined({ name, uid, resourceVersion, ownerReferences }) };
}
