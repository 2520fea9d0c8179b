import { messageOf } from '@sriov/errors';

/** A check failed, and was reported: nothing after it in the same scenario makes sense. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** What the scenarios found out, a line each. */
export class Report {
  passed = 0;
  failed = 0;
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** The part of the report that belongs to a scenario. */
  section(scenario: string): Section {
    return new Section(scenario, this);
  }

  /** Notes how a check ended. */
  record(check: { readonly name: string; readonly ms: number; readonly failure?: string | undefined }): void {
    const { name, ms, failure } = check;
    const seconds = `(${(ms / 1000).toFixed(1)} s)`;
    if (failure === undefined) {
      this.passed += 1;
      this.#print(`ok      ${name} ${seconds}`);
    } else {
      this.failed += 1;
      this.#print(`FAILED  ${name} ${seconds}\n${indent(failure)}`);
    }
  }

  /** Shows something that is neither a success nor a failure. */
  show(text: string): void {
    this.#print(indent(text));
  }
}

/** The checks of one scenario. */
export class Section {
  readonly #scenario: string;
  readonly #report: Report;

  constructor(scenario: string, report: Report) {
    this.#scenario = scenario;
    this.#report = report;
  }

  /** Runs a check: it fails when `run` rejects. @throws {CheckFailed} after it was reported */
  async check<T>(name: string, run: () => Promise<T>): Promise<T> {
    const start = Date.now();
    try {
      const result = await run();
      this.record({ name, ms: Date.now() - start });
      return result;
    } catch (error) {
      this.record({ name, ms: Date.now() - start, failure: messageOf(error) });
      throw new CheckFailed(name, { cause: error });
    }
  }

  /** {@link Report.record} */
  record(check: { readonly name: string; readonly ms: number; readonly failure?: string | undefined }): void {
    this.#report.record({ ...check, name: `${this.#scenario}: ${check.name}` });
  }

  /** {@link Report.show} */
  show(text: string): void {
    this.#report.show(`${this.#scenario}: ${text}`);
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `        ${line}`)
    .join('\n');
}
