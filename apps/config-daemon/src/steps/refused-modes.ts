import { messageOf } from '@sriov/errors';
import { KernelBlockedError, KernelError } from '@sriov/host';
import { type NodeStateSpec } from '@sriov/api';
import { type RefusedMode } from '@sriov/node-plan';
import { type FailedStep } from './failed-step.ts';

/** A driver has refused an eSwitch mode again. It was asked with the VFs as they are, so its answer may be about them. */
class StillRefusedError extends KernelError {
  override readonly name = 'StillRefusedError';
  /** What the driver says now. */
  readonly answer: string;

  constructor(error: KernelError, { errno, message }: RefusedMode) {
    super({ verb: 'exec', path: error.path, code: errno });
    this.cause = error;
    this.answer = error.message;
    this.message = this.answer === message ? message : `${message}; with its VFs as they are: ${this.answer}`;
  }
}

/** What is thrown where a mode was refused before: the first refusal counts, because its answer was not about VFs. */
export function stillRefused(error: unknown, refused: RefusedMode): unknown {
  return isRefusal(error) ? new StillRefusedError(error, refused) : error;
}

function isRefusal(error: unknown): error is KernelError {
  return error instanceof KernelError && !(error instanceof KernelBlockedError);
}

interface Refusal extends RefusedMode {
  readonly mode: string;
  /** All that the driver has said. */
  readonly answers: ReadonlySet<string>;
}

/**
 * How drivers have refused the eSwitch modes that are wanted. They are asked again at each look, and VFs are not touched
 * for the same answer. The next daemon does not know what was refused.
 */
export class RefusedModes {
  readonly #byPf = new Map<string, Refusal>();
  #wanted: ReadonlyMap<string, string> = new Map();

  /** Keeps the failures of one round that are such refusals. */
  add(failures: readonly FailedStep[]): void {
    for (const { kind, pciAddress, cause } of failures) {
      const mode = this.#wanted.get(pciAddress);
      if (kind !== 'set-eswitch-mode' || mode === undefined || !isRefusal(cause)) continue;
      this.#byPf.set(pciAddress, refusalOf(cause, mode, this.#byPf.get(pciAddress)));
    }
  }

  /** By PCI address, as long as nothing else is wanted. */
  read({ interfaces = [] }: NodeStateSpec): ReadonlyMap<string, RefusedMode> {
    this.#wanted = new Map(interfaces.map(({ pciAddress, eSwitchMode = 'legacy' }) => [pciAddress, eSwitchMode]));
    for (const [pciAddress, { mode }] of this.#byPf)
      if (this.#wanted.get(pciAddress) !== mode) this.#byPf.delete(pciAddress);
    return new Map(this.#byPf);
  }
}

function refusalOf(cause: KernelError, mode: string, before: Refusal | undefined): Refusal {
  const said = before?.answers ?? new Set<string>();
  if (cause instanceof StillRefusedError && before !== undefined) {
    return { ...before, answers: new Set([...said, cause.answer]), isNews: !said.has(cause.answer) };
  }
  const message = messageOf(cause);
  return { mode, errno: cause.code, message, answers: new Set([...said, message]), isNews: false };
}
