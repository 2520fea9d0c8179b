import { DEFAULT_OPERATOR_CONFIG_NAME, type SriovOperatorConfig, SUPPORTED_NIC_CONFIG_MAP } from '@sriov/api';
import { type Fleet, prepareFleet } from '@sriov/policy';
import { type Caches } from './caches.ts';
import { type Settings } from './settings.ts';

/** The fleet as the caches tell it, prepared once for all nodes and anew when one of its objects changed. */
export class FleetView {
  readonly #caches: Caches;
  readonly #settings: Settings;
  #fleet: Fleet | undefined;

  constructor(caches: Caches, settings: Settings) {
    this.#caches = caches;
    this.#settings = settings;
    const forget = (): void => {
      this.#fleet = undefined;
    };
    for (const { store } of [caches.policies, caches.pools, caches.operatorConfigs, caches.supportedNics]) {
      store.subscribe(forget);
    }
  }

  get current(): Fleet {
    this.#fleet ??= this.#prepare();
    return this.#fleet;
  }

  /** The SriovOperatorConfig; without one nothing is managed. */
  get operatorConfig(): SriovOperatorConfig | undefined {
    return this.#caches.operatorConfigs.store.get(`${this.#settings.namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`);
  }

  #prepare(): Fleet {
    const { namespace, supportedNicsOnly } = this.#settings;
    const { policies, pools, supportedNics } = this.#caches;
    return prepareFleet({
      policies: policies.store.list().filter(({ metadata }) => metadata.namespace === namespace),
      pools: pools.store.list(),
      operatorConfig: this.operatorConfig,
      supportedNics: supportedNics.store.get(`${namespace}/${SUPPORTED_NIC_CONFIG_MAP}`)?.data,
      supportedNicsOnly,
    });
  }
}
