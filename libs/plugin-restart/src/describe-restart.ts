import { type Advance } from './advance.ts';

/**
 * The decision about a plan as lines for people: what, why, and which PFs delay it (PCI addresses; `''` stands for all
 * of them). Empty when the device plugin is left alone.
 */
export function describeRestart({ action, sentence, record }: Advance, unsettled: readonly string[]): string[] {
  if (action === 'none') return [];
  const why = record.owed?.because.map((reason) => `  because ${reason}`) ?? [];
  const delays =
    action === 'wait' ? unsettled.map((pf) => `  not before ${pf === '' ? 'the node' : pf} is settled`) : [];
  return [`${sentence}:`, ...why, ...delays];
}
