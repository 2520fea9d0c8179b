import { type Network, renderAttachment, type Rendered, type RenderSettings } from '@sriov/attachment';

/** Most renderings that are kept: far more than the networks that change within a second. */
const MOST = 256;

/**
 * Renderings of the networks that were reconciled last. Our own writes wake the reconcile of a network several times,
 * and parsing what its author wrote is most of the work. So it is done once per generation of the spec.
 */
export class Renderings {
  /** Least recently used first. */
  readonly #kept = new Map<string, Rendered>();

  render(network: Network, settings: RenderSettings): Rendered {
    const { uid, generation } = network.metadata;
    if (uid === undefined || generation === undefined) return renderAttachment(network, settings);
    const key = `${uid} ${generation}`;
    const rendered = this.#kept.get(key) ?? renderAttachment(network, settings);
    this.#kept.delete(key);
    this.#kept.set(key, rendered);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
    return rendered;
  }
}
