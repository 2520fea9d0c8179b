import { type Reason } from '@sriov/api';
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
  /** What the node waits for, where a drain or a reboot is to make way for the rest. */
  readonly waits?: DrainWait | undefined;
}

/** What a node waits for before it is drained, or rebooted. */
export interface DrainWait {
  readonly reason: Reason;
  /** A sentence for people: for what it waits, and since when. */
  readonly message: string;
  /** It may wait in vain. */
  readonly isInVain?: true;
}
