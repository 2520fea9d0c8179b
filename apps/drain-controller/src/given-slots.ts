import { ANNOTATION, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { isOlder } from '@sriov/controller';
import { type KubeClient } from '@sriov/kube';
import { type Clock, type Logger } from '@sriov/runtime';

/** A node state that is not in the cache after this time is gone: it may have been deleted meanwhile. */
const GONE_MS = 60_000;
const PAGE = 500;
const RETRY_MS = 1_000;

/**
 * Slots that were given, by us or by the leader before us, until the cache shows them. A slot that is given before that
 * is one too many. A cache can be minutes behind: its watch may hang while requests go through.
 */
export class GivenSlots {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #given = new Map<string, { readonly version: string; readonly at: number }>();
  readonly #doubtful = new Map<string, string>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The node has a slot since its node state has had this resource version. */
  note(node: string, version: string): void {
    this.#given.set(node, { version, at: this.#clock.elapsed() });
  }

  /**
   * The answer to the grant of the node was lost, `because` of that, and nobody knows whether it was written: until
   * somebody has looked it counts as given.
   */
  doubt(node: string, because: string): void {
    this.#doubtful.set(node, because);
  }

  /** Nodes of which nobody knows whether they have a slot, with what was lost. */
  doubtful(): ReadonlyMap<string, string> {
    return new Map(this.#doubtful);
  }

  /** Somebody has looked: the node has had its slot since `version` of its node state, or it has none. */
  settle(node: string, version: string | undefined): void {
    this.#doubtful.delete(node);
    if (version !== undefined) this.note(node, version);
  }

  /** Whether a slot of the node was noted that the cache may not show yet. */
  isGiven(node: string): boolean {
    return this.#given.has(node);
  }

  /** Nodes whose slot the cache does not show, or that may have one. `cached` gives the resource version of a node state as cached. */
  unseen(cached: (node: string) => string | undefined): ReadonlySet<string> {
    for (const [node, { version, at }] of this.#given) {
      const shown = cached(node);
      const isGone = shown === undefined && this.#clock.elapsed() - at >= GONE_MS;
      if (isGone || !isOlder(shown, version)) this.#given.delete(node);
    }
    return new Set([...this.#given.keys(), ...this.#doubtful.keys()]);
  }
}

/** What {@link noteGivenSlots} reads by, and what it fills. */
export interface GivenSlotsPorts {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly givenSlots: GivenSlots;
}

/** Reads from the API server, past the cache, which slots are given; until it could, or `signal` aborts. */
export async function noteGivenSlots(ports: GivenSlotsPorts, signal: AbortSignal): Promise<void> {
  const isStopped = (): boolean => signal.aborted;
  while (!isStopped()) {
    try {
      await readSlots(ports, signal);
      return;
    } catch (err) {
      ports.log.warn({ err }, 'cannot read which nodes are drained, and give no turns before: trying again');
      await ports.clock.sleep(RETRY_MS, signal);
    }
  }
}

async function readSlots({ client, namespace, givenSlots }: GivenSlotsPorts, signal: AbortSignal): Promise<void> {
  let continueToken: string | undefined;
  do {
    const request = { namespace, metadataOnly: true, limit: PAGE, continueToken, signal };
    const page = await client.page(SRIOV_NETWORK_NODE_STATE, request);
    for (const { metadata } of page.items) {
      const progress = metadata.annotations?.[ANNOTATION.currentState] ?? 'Idle';
      if (progress !== 'Idle') givenSlots.note(metadata.name, metadata.resourceVersion ?? '');
    }
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
}
