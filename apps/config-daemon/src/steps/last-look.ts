import { type Kernel, lookCloser } from '@sriov/host';
import { describeHeld, hostUses, vfOfPort } from '@sriov/node-plan';
import { type ObservedHost, type ObservedVf } from '@sriov/observed-host';

/** A step was not done, because somebody has taken one of its VFs since it was planned. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
  readonly code = 'IN_USE';
}

/**
 * Looks at VFs once more right before they are removed or bound to another driver: somebody may have taken them since
 * the plan was made. Every caller gets a look that began after the call. Calls during one look share the next look, for
 * all PFs, because the kubelet answers only a limited number of questions per second.
 */
export class LastLook {
  readonly #kernel: Kernel;
  readonly #overruled: ReadonlySet<string>;
  #asked = new Set<string>();
  #next: Promise<ObservedHost> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param overruled PCI addresses of VFs whose users the plan goes over: there only the host's own use counts */
  constructor(kernel: Kernel, overruled: ReadonlySet<string> = new Set()) {
    this.#kernel = kernel;
    this.#overruled = overruled;
  }

  /** @throws {InUseError} with the holders of VFs of the PF, all of them or the named one; whatever the look throws */
  async demandFree(pciAddress: string, vfId?: number): Promise<void> {
    this.#asked.add(pciAddress);
    const { interfaces, problems } = await this.#look();
    const pf = interfaces.find((each) => each.pciAddress === pciAddress);
    if (pf === undefined) {
      const cause = problems.find((each) => each.pciAddress === pciAddress)?.message ?? 'it is gone';
      throw new Error(`the PF cannot be looked at: ${cause}`);
    }
    // A device without VFs is the port of a virtual machine, and its own VF.
    const vfs = (pf.sriov?.vfs ?? [vfOfPort(pf)]).filter(({ id }) => vfId === undefined || id === vfId);
    const held = describeHeld(vfs.map((vf) => (this.#overruled.has(vf.pciAddress) ? hostUsed(vf) : vf)));
    if (held !== undefined) throw new InUseError(`in use since the plan was made: ${held}`);
  }

  #look(): Promise<ObservedHost> {
    this.#next ??= this.#last.then(() => {
      const asked = [...this.#asked];
      this.#asked = new Set();
      this.#next = undefined;
      const look = lookCloser(this.#kernel, asked);
      this.#last = look.catch(() => undefined);
      return look;
    });
    return this.#next;
  }
}

function hostUsed(vf: ObservedVf): ObservedVf {
  return { ...vf, uses: hostUses(vf) };
}
