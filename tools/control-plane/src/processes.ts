import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Linux processes whose command line mentions the folder: number and command line. For tests of what is left behind.
 */
export function processesIn(folder: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (line.includes(folder)) found.set(Number(pid), line);
    } catch {
      // It has ended since we listed it.
    }
  }
  return found;
}

/** Number of the process that runs the program in the folder. @throws Error when none does. */
export function pidOf(folder: string, program: string): number {
  const runs = (line: string): boolean => line.split(' ').some((word) => word.endsWith(`/${program}`));
  const found = [...processesIn(folder)].find(([, line]) => runs(line));
  if (!found) throw new Error(`${program} does not run`);
  return found[0];
}

/** Command lines of the processes that a control plane has left, and whether its folder is left. */
export function listLeftovers(folder: string): { readonly processes: readonly string[]; readonly folder: boolean } {
  return { processes: [...processesIn(folder).values()], folder: existsSync(folder) };
}
