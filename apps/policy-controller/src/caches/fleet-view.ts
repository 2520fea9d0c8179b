import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  type KubeObject,
  type SriovOperatorConfig,
  SUPPORTED_NIC_CONFIG_MAP,
} from '@sriov/api';
import { type Store } from '@sriov/kube';
import { type Fleet, prepareFleet } from '@sriov/policy';
import { type Caches } from './caches.ts';
import { isSpecChange } from './changes.ts';
import { type Settings } from '../settings.ts';
import { subjectOf } from '../status/subject.ts';

/** Generations of policies and pools, by subject: which version of each a node was planned with. */
export type Generations = ReadonlyMap<string, number>;

interface Prepared {
  readonly fleet: Fleet;
  readonly generations: Generations;
}

/** The fleet as the caches tell it, prepared once for all nodes and anew when one of its objects changed. */
export class FleetView {
  readonly #caches: Caches;
  readonly #settings: Settings;
  #prepared: Prepared | undefined;

  constructor(caches: Caches, settings: Settings) {
    this.#caches = caches;
    this.#settings = settings;
    for (const { store } of [caches.policies, caches.pools, caches.operatorConfigs, caches.supportedNics]) {
      (store as Store<KubeObject>).subscribe((change) => {
        if (isSpecChange(change)) this.#prepared = undefined;
      });
    }
  }

  get current(): Fleet {
    return this.#current.fleet;
  }

  /** Of the policies and pools in {@link current}. */
  get generations(): Generations {
    return this.#current.generations;
  }

  /** The SriovOperatorConfig; without one nothing is managed. */
  get operatorConfig(): SriovOperatorConfig | undefined {
    return this.#caches.operatorConfigs.store.get(`${this.#settings.namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`);
  }

  get #current(): Prepared {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  #prepare(): Prepared {
    const { namespace, supportedNicsOnly } = this.#settings;
    const { supportedNics } = this.#caches;
    const isOurs = ({ metadata }: KubeObject): boolean => metadata.namespace === namespace;
    const policies = this.#caches.policies.store.list().filter(isOurs);
    const pools = this.#caches.pools.store.list().filter(isOurs);
    const fleet = prepareFleet({
      policies,
      pools,
      operatorConfig: this.operatorConfig,
      supportedNics: supportedNics.store.get(`${namespace}/${SUPPORTED_NIC_CONFIG_MAP}`)?.data,
      supportedNicsOnly,
    });
    const generations = new Map([
      ...policies.map(
        ({ metadata }) => [subjectOf('SriovNetworkNodePolicy', metadata.name), metadata.generation ?? 0] as const,
      ),
      ...pools.map(
        ({ metadata }) => [subjectOf('SriovNetworkPoolConfig', metadata.name), metadata.generation ?? 0] as const,
      ),
    ]);
    return { fleet, generations };
  }
}
