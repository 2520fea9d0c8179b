/** The answer of a check: fine, or a sentence that says what is wrong. */
export type CheckResult = true | string;
type Check = () => CheckResult;
interface NamedCheck {
  readonly name: string;
  readonly check: Check;
}

/**
 * What `/livez`, `/healthz` and `/readyz` answer: named checks that the parts of a service add. `/livez` is for the
 * kubelet, which restarts processes, and `/healthz` for people and monitoring.
 */
export class Health {
  /** A name can occur more than once: two caches may be of the same kind. */
  readonly #live: NamedCheck[] = [];
  readonly #healthy: NamedCheck[] = [];
  readonly #ready: NamedCheck[] = [];

  /** A failing liveness check makes the kubelet restart the process: only for what a restart cures. */
  addLiveness(name: string, check: Check): void {
    this.#live.push({ name, check });
  }

  /**
   * A failing health check calls for a person: a restart would not cure the fault, and the new process would know less
   * about it.
   */
  addHealth(name: string, check: Check): void {
    this.#healthy.push({ name, check });
  }

  /** A failing readiness check takes the process out of its Service. */
  addReadiness(name: string, check: Check): void {
    this.#ready.push({ name, check });
  }

  /** Sentences of the failing liveness checks. */
  liveProblems(): string[] {
    return problems(this.#live);
  }

  /** Sentences of the failing checks of liveness and health. */
  healthProblems(): string[] {
    return problems([...this.#live, ...this.#healthy]);
  }

  /** Sentences of the failing readiness checks. A process without any check is still starting, and not ready. */
  readyProblems(): string[] {
    return this.#ready.length === 0 ? ['process: is starting'] : problems(this.#ready);
  }
}

function problems(checks: readonly NamedCheck[]): string[] {
  return checks.flatMap(({ name, check }) => {
    const result = check();
    return result === true ? [] : [`${name}: ${result}`];
  });
}
