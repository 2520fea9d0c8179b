/** The answer of a check: fine, or a sentence that says what is wrong. */
export type CheckResult = true | string;
type Check = () => CheckResult;

/** What `/healthz` and `/readyz` answer: named checks that the parts of a service add. */
export class Health {
  readonly #live = new Map<string, Check>();
  readonly #ready = new Map<string, Check>();

  /** A failing liveness check makes the kubelet restart the process: only for what a restart cures. */
  addLiveness(name: string, check: Check): void {
    this.#live.set(name, check);
  }

  /** A failing readiness check takes the process out of its Service. */
  addReadiness(name: string, check: Check): void {
    this.#ready.set(name, check);
  }

  /** Sentences of the failing liveness checks. */
  liveProblems(): string[] {
    return problems(this.#live);
  }

  /** Sentences of the failing readiness checks. */
  readyProblems(): string[] {
    return problems(this.#ready);
  }
}

function problems(checks: ReadonlyMap<string, Check>): string[] {
  return [...checks].flatMap(([name, check]) => {
    const result = check();
    return result === true ? [] : [`${name}: ${result}`];
  });
}
