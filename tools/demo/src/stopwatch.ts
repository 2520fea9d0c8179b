/** How long a step took. */
export interface Lap {
  readonly name: string;
  readonly seconds: number;
}

/** Says what begins, and keeps how long it took. */
export class Stopwatch {
  readonly #say: (line: string) => void;
  readonly laps: Lap[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Runs a step under its name. */
  async time<T>(name: string, step: () => Promise<T>): Promise<T> {
    this.#say(`${name} ...`);
    const start = performance.now();
    const result = await step();
    this.laps.push({ name, seconds: (performance.now() - start) / 1000 });
    return result;
  }
}
