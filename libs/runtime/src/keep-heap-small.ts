import { setFlagsFromString } from 'node:v8';

/**
 * Lets the heap of this process grow with care, for some processor time. It is for services that mostly hold caches, or
 * that strangers can send large objects to: docs/benchmarks.md has the figures. Call it in `main.ts`, because
 * NODE_OPTIONS does not take this flag.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}
