import { ANNOTATION, formatTime, type KubeObject } from '@sriov/api';

/** How the spec of a node came to be written in a pool that asks for a canary. */
export interface RolloutRecord {
  /** `canary`: the node got its spec before the canary was done, `rest`: afterwards. */
  readonly part: 'canary' | 'rest';
  /** Which roll-out it was, see `rolloutOf`. */
  readonly rollout: string;
  /** When it was written, in ms since the epoch. */
  readonly at: number;
}

/** Reads the annotation of a node state; `undefined` when there is none, or none that can be read. */
export function readRolloutRecord(state: KubeObject | undefined): RolloutRecord | undefined {
  const read = /^(canary|rest) (\S+) (\S+)$/.exec(state?.metadata.annotations?.[ANNOTATION.rollout] ?? '');
  const [, part, rollout = '', time = ''] = read ?? [];
  const at = Date.parse(time);
  return read === null || Number.isNaN(at) ? undefined : { part: part === 'rest' ? 'rest' : 'canary', rollout, at };
}

/** The text of the annotation. */
export function formatRolloutRecord({ part, rollout, at }: RolloutRecord): string {
  return `${part} ${rollout} ${formatTime(at)}`;
}
