import { Errno } from './tree.ts';
import { type Fault } from './world.ts';

/** Faults in force, and how often each was met. */
export class Faults {
  #active: { readonly fault: Fault; met: number; readonly release: () => void; readonly released: Promise<void> }[] =
    [];

  /** Adds a fault. The returned function removes it, and lets the calls continue that hang because of it. */
  add(fault: Fault): () => void {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const entry = { fault, met: 0, release, released };
    this.#active.push(entry);
    return () => {
      this.#active = this.#active.filter((other) => other !== entry);
      entry.release();
    };
  }

  /** True when a call like this may not come back at once. */
  slows(verb: Fault['verb'], path: string): boolean {
    return this.#fitting(verb, path).some(({ hang, delayMs }) => hang || delayMs !== undefined);
  }

  /** True when a call like this may not come back until its fault is removed. */
  hangs(verb: Fault['verb'], path: string): boolean {
    return this.#fitting(verb, path).some(({ hang }) => hang);
  }

  #fitting(verb: Fault['verb'], path: string): Fault[] {
    return this.#active.flatMap(({ fault }) => (fault.verb === verb && fits(fault.path, path) ? fault : []));
  }

  /**
   * Applies the matching faults to a call.
   * @param sleep lets time pass, for slow calls
   * @throws {Errno} the fault's errno
   */
  async apply(verb: Fault['verb'], path: string, sleep: (ms: number) => Promise<void>): Promise<void> {
    for (const entry of [...this.#active]) {
      if (entry.fault.verb !== verb || !fits(entry.fault.path, path)) continue;
      entry.met += 1;
      const { after, times, delayMs, hang, errno } = entry.fault;
      if (entry.met <= after || (times !== undefined && entry.met > after + times)) continue;
      if (delayMs !== undefined) await sleep(delayMs);
      if (hang) await entry.released;
      if (errno !== undefined) throw new Errno(errno);
    }
  }
}

/** `*` stands for any text. */
function fits(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}
