import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hasCode } from '@sriov/api';
import { type MachineState } from './state.ts';

/**
 * Keeps the state of a machine in a file, so that it outlives the process that simulates it. Written at once and
 * atomically on each change: a process that is killed leaves the machine as it was.
 */
export class StateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The saved state; nothing when the machine was never started. */
  load(): MachineState | undefined {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as MachineState;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  save(state: MachineState): void {
    const temporary = `${this.#path}.unfinished`;
    writeFileSync(temporary, JSON.stringify(state));
    renameSync(temporary, this.#path);
  }
}
