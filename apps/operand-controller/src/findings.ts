import { type LastingFailure } from '@sriov/controller';
import { type OperandName, type OperandPlan } from '@sriov/operands';

/** What the last plan of an operand found, apart from its writes. */
export interface Finding extends Pick<OperandPlan, 'foreign' | 'isWaiting'> {
  /** Of the inputs that were planned from. */
  readonly version: string;
}

/** What is known of an operand. */
export interface Known {
  readonly found: Pick<OperandPlan, 'foreign' | 'isWaiting'>;
  readonly failure: LastingFailure | undefined;
}

/** What the last plans of the operands found, and which operands keep failing. */
export class Findings {
  readonly #found = new Map<OperandName, Finding>();
  readonly #failures = new Map<OperandName, LastingFailure>();
  /** Why the SriovOperatorConfig cannot be written as the chart asks for it, if that keeps failing. */
  configFailure: LastingFailure | undefined;

  /** Nothing before the operand was planned from these inputs, unless it keeps failing. */
  of(name: OperandName, version: string): Known | undefined {
    const found = this.#found.get(name);
    const failure = this.#failures.get(name);
    if (failure) return { found: { foreign: [], isWaiting: false }, failure };
    return found?.version === version ? { found, failure } : undefined;
  }

  set(name: OperandName, finding: Finding): void {
    this.#found.set(name, finding);
  }

  setFailure(name: OperandName, failure: LastingFailure | undefined): void {
    if (failure) this.#failures.set(name, failure);
    else this.#failures.delete(name);
  }
}
