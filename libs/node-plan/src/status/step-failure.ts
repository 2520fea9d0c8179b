import { type BridgeStep, type NodeStep, type PfStep, type UdevStep, type VfStep } from '../planning/steps.ts';

/** A step: which PF it is about, its kind for programs, and its words for people. */
export interface StepName {
  /** The PF as people know it; `the node` for what concerns all PFs. */
  readonly pf: string;
  /** PCI address of the PF; empty when all PFs are concerned. */
  readonly pciAddress: string;
  readonly kind:
    | NodeStep['kind']
    | PfStep['kind']
    | VfStep['kind']
    | BridgeStep['kind']
    | UdevStep['kind']
    | 'reload-udev'
    | 'load-module'
    | 'allow-no-iommu'
    | 'write-journal';
  readonly step: string;
  /** The VF, where it is a step on one. */
  readonly vfId?: number;
}

/**
 * How a step ended that was not done: it failed; it was refused, because somebody has taken a VF since it was planned, or the
 * kernel cannot do it now;
 * or its call is still in the kernel, and may change the host yet.
 */
export type StepFailureKind = 'failed' | 'refused' | 'blocked';

/** A step that was not done. */
export interface StepFailure extends StepName {
  readonly outcome: StepFailureKind;
  /** Name of the error with which the kernel answered; absent when it did not answer, or was not asked. */
  readonly errno?: string;
  /** Which PF, which step, why. */
  readonly message: string;
}
