import { setFlagsFromString } from 'node:v8';

/**
 * Lets the heap of this process grow with care, for some processor time. It is for services that mostly hold caches, or
 * that strangers can send large objects to: docs/benchmarks.md has the figures. Call it in `main.ts`, because
 * NODE_OPTIONS does not take this flag.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

/**
 * The same for a process that runs on every node and seldom has work. Its young generation stays as large as it begins,
 * and nothing is compiled by the optimizing compilers, whose code would else become part of the process: 12 MB less.
 */
export function keepProcessSmall(): void {
  keepHeapSmall();
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
}
