import { ANNOTATION } from './names.ts';
import { type KubeObject } from './object.ts';

/**
 * PCI addresses of the PFs that the spec of a node state was planned from. When the spec has no entry for such a PF,
 * that is what the policies want. About any other PF nothing is decided yet. Absent: the spec was not planned, and an
 * empty one means nothing.
 */
export type PlannedFrom = ReadonlySet<string>;

/** Reads {@link ANNOTATION.plannedFrom} of a node state; an empty text is a plan from a node without PFs. */
export function readPlannedFrom({ metadata }: KubeObject): PlannedFrom | undefined {
  const text = metadata.annotations?.[ANNOTATION.plannedFrom];
  if (text === undefined) return undefined;
  const addresses = text.split(',').map((address) => address.trim());
  return new Set(addresses.filter((address) => address !== ''));
}

/** The text of {@link ANNOTATION.plannedFrom}: addresses in order, with commas between them. */
export function formatPlannedFrom(plannedFrom: PlannedFrom): string {
  return [...plannedFrom].sort().join(',');
}
