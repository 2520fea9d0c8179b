import { RdmaModeHeldError } from '@sriov/host';
import { type RdmaMode } from '@sriov/observed-host';
import { type FailedStep } from './failed-step.ts';

/**
 * The RDMA mode that the running kernel has refused to switch to. It would refuse at each look, because a node with
 * pods always has their network namespaces: the next daemon asks again.
 */
export class HeldRdmaMode {
  #mode: RdmaMode | undefined;

  /** Keeps the failure of a step if it is such a refusal. */
  add({ cause }: Pick<FailedStep, 'cause'>): void {
    if (cause instanceof RdmaModeHeldError) this.#mode = cause.mode;
  }

  /** The pods have left: the kernel is asked once more before the node is rebooted. */
  forget(): void {
    this.#mode = undefined;
  }

  /** The mode, as long as nothing else is wanted. */
  read(wanted: RdmaMode | undefined): RdmaMode | undefined {
    if (this.#mode !== wanted) this.#mode = undefined;
    return this.#mode;
  }
}
