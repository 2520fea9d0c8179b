import { advance, type Advance } from './advance.ts';
import { type PluginRecord } from './plugin-record.ts';

/** Everything that bears on whether the device plugin is restarted after a pass. */
export interface RestartFacts {
  /** What was recorded when the pass began. */
  readonly before: PluginRecord;
  /** What is recorded now: before its first step a pass writes down which VFs it is about to change. */
  readonly now: PluginRecord;
  /** Whether the pass got so far as to change a VF, or may have. */
  readonly hasChangedVfs: boolean;
  /** Hash of the configuration that the device plugin should have; absent when no planned node state has one. */
  readonly configHash: string | undefined;
  /** PFs on which VFs can still change, see `unsettledPfs`. */
  readonly unsettled: readonly string[];
  /** The device plugin that is there learns of VFs and configurations without a restart. */
  readonly learns: boolean;
}

/** Decides at the end of a pass: `list-pods` begins the restart, `wait` puts it off. */
export function endPass({ before, now, hasChangedVfs, configHash, unsettled, learns }: RestartFacts): Advance {
  // What was about to change, and did not, nobody has missed.
  const begun = hasChangedVfs ? now : before;
  const { record } = advance(begun, { kind: 'config', hash: configHash });
  return advance(record, learns ? { kind: 'learns', configHash } : { kind: 'host', unsettled });
}

/** What a plan that is not carried out yet means for the device plugin. */
export interface ForeseenFacts extends Pick<RestartFacts, 'configHash' | 'unsettled' | 'learns'> {
  /** What is recorded. */
  readonly record: PluginRecord;
  /** Which VFs the plan changes, see `vfChanges`. */
  readonly because: readonly string[];
}

/** What {@link endPass} will decide after a pass in which nothing fails. */
export function foreseeRestart({ record, because, ...facts }: ForeseenFacts): Advance {
  const hasChangedVfs = because.length > 0;
  const now = hasChangedVfs ? advance(record, { kind: 'vfs', because }).record : record;
  return endPass({ ...facts, before: record, now, hasChangedVfs });
}
