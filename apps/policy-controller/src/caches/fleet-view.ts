import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  isPaused,
  type KubeObject,
  type SriovOperatorConfig,
  SUPPORTED_NIC_CONFIG_MAP,
} from '@sriov/api';
import { type Fleet, prepareFleet } from '@sriov/policy';
import { type SubjectKind, subjectOf } from '../subject.ts';
import { type Settings } from '../settings.ts';
import { type Caches } from './caches.ts';

/** Generations of policies and pools, by subject: which version of each a node was planned with. */
export type Generations = ReadonlyMap<string, number>;

interface Prepared {
  readonly fleet: Fleet;
  readonly generations: Generations;
  /** What the two were prepared from: the revisions of the stores, and the versions of the specs in them. */
  readonly revisions: string;
  readonly specVersions: string;
}

/**
 * The fleet as the caches show it: prepared once for all nodes, and again when one of its objects changed. It reads the
 * caches when it is asked, so every listener finds a change here, whatever the order of the subscriptions.
 */
export class FleetView {
  readonly #caches: Caches;
  readonly #settings: Pick<Settings, 'namespace' | 'supportedNicsOnly'>;
  #prepared: Prepared | undefined;

  constructor(caches: Caches, settings: Pick<Settings, 'namespace' | 'supportedNicsOnly'>) {
    this.#caches = caches;
    this.#settings = settings;
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
    const revisions = this.#stores.map(({ revision }) => revision).join(' ');
    if (this.#prepared?.revisions === revisions) return this.#prepared;
    const specVersions = this.#stores.flatMap((store) => store.list().map(specVersionOf)).join('\n');
    // A status was written: preparing thousands of policies again would find the same.
    const isSame = this.#prepared?.specVersions === specVersions;
    this.#prepared = { ...(isSame && this.#prepared ? this.#prepared : this.#prepare()), revisions, specVersions };
    return this.#prepared;
  }

  get #stores(): readonly { readonly revision: number; list(): KubeObject[] }[] {
    const { policies, pools, operatorConfigs, supportedNics } = this.#caches;
    return [policies.store, pools.store, operatorConfigs.store, supportedNics.store];
  }

  #prepare(): Pick<Prepared, 'fleet' | 'generations'> {
    const { namespace, supportedNicsOnly } = this.#settings;
    const isOurs = ({ metadata }: KubeObject): boolean => metadata.namespace === namespace;
    const policies = this.#caches.policies.store.list().filter(isOurs);
    const pools = this.#caches.pools.store.list().filter(isOurs);
    const fleet = prepareFleet({
      policies,
      pools,
      operatorConfig: this.operatorConfig,
      supportedNics: this.#caches.supportedNics.store.get(`${namespace}/${SUPPORTED_NIC_CONFIG_MAP}`)?.data,
      supportedNicsOnly,
    });
    const generations = new Map([
      ...generationsOf('SriovNetworkNodePolicy', policies),
      ...generationsOf('SriovNetworkPoolConfig', pools),
    ]);
    return { fleet, generations };
  }
}

function generationsOf(kind: SubjectKind, objects: readonly KubeObject[]): [string, number][] {
  return objects.map(({ metadata }) => [subjectOf(kind, metadata.name), metadata.generation ?? 0]);
}

/** A ConfigMap has no generation: each of its versions counts. A pause stands in an annotation. */
function specVersionOf(object: KubeObject): string {
  const { namespace, name, uid, generation, resourceVersion } = object.metadata;
  return [namespace, name, uid, generation ?? `version ${resourceVersion}`, isPaused(object)].join(' ');
}
