import { type ObservedPf } from '@sriov/api';
import { type Kernel, lookCloser } from '@sriov/host';
import { describeHeld } from '@sriov/node-plan';

/** A step was not done, because who uses its VFs has changed since it was planned. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
  readonly code = 'IN_USE';
}

/**
 * Looks at VFs once more right before they are taken away from whoever may have taken them since the plan was made. Each
 * who asks gets a look that began after he asked; those who ask during one look share the next.
 */
export class LastLook {
  readonly #kernel: Kernel;
  readonly #pciAddress: string;
  #waiting: Promise<ObservedPf> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(kernel: Kernel, pciAddress: string) {
    this.#kernel = kernel;
    this.#pciAddress = pciAddress;
  }

  /** @throws {InUseError} with the holders of VFs of the PF, all of them or the named one; whatever the look throws */
  async demandFree(vfId?: number): Promise<void> {
    const { sriov } = await this.#look();
    const vfs = (sriov?.vfs ?? []).filter(({ id }) => vfId === undefined || id === vfId);
    const held = describeHeld(vfs);
    if (held !== undefined) throw new InUseError(`in use since the plan was made: ${held}`);
  }

  #look(): Promise<ObservedPf> {
    this.#waiting ??= this.#last.then(() => {
      this.#waiting = undefined;
      const look = this.#observe();
      this.#last = look.catch(() => undefined);
      return look;
    });
    return this.#waiting;
  }

  async #observe(): Promise<ObservedPf> {
    const { interfaces, problems } = await lookCloser(this.#kernel, [this.#pciAddress]);
    const [pf] = interfaces;
    if (pf === undefined) throw new Error(`the PF cannot be looked at: ${problems[0]?.message ?? 'it is gone'}`);
    return pf;
  }
}
