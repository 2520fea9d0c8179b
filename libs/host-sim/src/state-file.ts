import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hasCode } from '@sriov/errors';
import { z } from 'zod';
import { type MachineState } from './state.ts';

/** Where the state of a machine outlives the process that simulates it. */
export interface StateStore {
  /** The saved state; nothing when the machine was never started. */
  load(): MachineState | undefined;
  /** Keeps the state as it is now, whole or not at all. */
  save(state: MachineState): void;
}

/**
 * Keeps the state of a machine in a file, so that it outlives the process that simulates it. Written at once and
 * atomically on each change: a process that is killed leaves the machine as it was.
 */
export class StateFile implements StateStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  load(): MachineState | undefined {
    try {
      return parseMachineState(readFileSync(this.#path, 'utf8'));
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

const machineSchema = z.object({
  modules: z.array(z.unknown()),
  devices: z.record(z.string(), z.unknown()),
  links: z.record(z.string(), z.unknown()),
});

/** Reads the saved state of a machine. @throws Error when the text is no such state. */
export function parseMachineState(text: string): MachineState {
  const value: unknown = JSON.parse(text);
  if (!isMachineState(value)) throw new Error('the text is not the state of a simulated machine');
  return value;
}

/** Only the simulator writes such texts: who has the parts of a machine has all that belongs to them. */
function isMachineState(value: unknown): value is MachineState {
  return machineSchema.safeParse(value).success;
}
