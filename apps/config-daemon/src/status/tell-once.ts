import { type Logger } from '@sriov/runtime';

/** Logs each warning once, and not again with each look at the host. */
export function tellOnce(log: Logger): (sentence: string) => void {
  const told = new Set<string>();
  return (sentence) => {
    if (!told.has(sentence)) log.warn(sentence);
    told.add(sentence);
  };
}
