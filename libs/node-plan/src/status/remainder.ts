import { type HostPlan } from '../planning/steps.ts';
import { type StepFailure } from './step-failure.ts';

/** A file of the journal that cannot be used. */
export interface JournalProblem {
  readonly pciAddress: string;
  readonly message: string;
}

/** What a pass has left undone. */
export interface Remainder {
  /** What is still to be done, as the last look at the host shows. */
  readonly rest: HostPlan;
  readonly failures: readonly StepFailure[];
  readonly journalProblems: readonly JournalProblem[];
}
