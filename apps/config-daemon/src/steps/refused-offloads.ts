import { messageOf } from '@sriov/errors';
import { isOffloadStep, offloadingPfs, type RefusedOffload } from '@sriov/node-plan';
import { type NodeStateSpec } from '@sriov/api';
import { type FailedStep, isDispensable } from './failed-step.ts';

/**
 * What PFs have refused of hardware offload, and Open vSwitch. A driver that cannot do it would refuse it at each look:
 * the next daemon asks again, and so does this one where a PF was not wanted in switchdev mode in between, or no PF was.
 */
export class RefusedOffloads {
  readonly #byPf = new Map<string, RefusedOffload>();

  /** Keeps the failures of steps that are such refusals. */
  add(failures: readonly FailedStep[]): void {
    for (const failure of failures) {
      const { pciAddress, kind, cause } = failure;
      if (!isOffloadStep(kind) || !isDispensable(failure)) continue;
      this.#byPf.set(pciAddress, { ...this.#byPf.get(pciAddress), [kind]: messageOf(cause) });
    }
  }

  /** By PCI address, as long as switchdev mode is wanted; that of the node has none (see `StepName`). */
  read(spec: NodeStateSpec): ReadonlyMap<string, RefusedOffload> {
    const wanted = offloadingPfs(spec);
    const isWanted = (pciAddress: string): boolean => (pciAddress === '' ? wanted.size > 0 : wanted.has(pciAddress));
    for (const pciAddress of this.#byPf.keys()) if (!isWanted(pciAddress)) this.#byPf.delete(pciAddress);
    return new Map(this.#byPf);
  }
}
