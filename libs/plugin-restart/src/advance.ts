import { CONFIG_CHANGED, type PluginRecord, stateOf } from './plugin-record.ts';
import { RESTART_TABLE, type RestartEvent, type Transition } from './restart-table.ts';

/** What was observed. {@link advance} finds the matching event of the table. */
export type RestartInput =
  /** The pass is about to change VFs: one sentence for each change. */
  | { readonly kind: 'vfs'; readonly because: readonly string[] }
  /** Hash of the configuration that the device plugin should have; absent when no planned node state has one. */
  | { readonly kind: 'config'; readonly hash: string | undefined }
  /** The device plugin learns without a restart, and the configuration that it should have. */
  | { readonly kind: 'learns'; readonly configHash: string | undefined }
  /** PFs on which VFs can still change, see `unsettledPfs`. */
  | { readonly kind: 'host'; readonly unsettled: readonly string[] }
  /** The pods that are there, and the configuration that the next ones will find. */
  | { readonly kind: 'pods'; readonly uids: readonly string[]; readonly configHash: string | undefined }
  /** The pods that the record names were deleted. */
  | { readonly kind: 'deleted' };

/** One step of the state machine: the record to write, and then the action to take. */
export interface Advance extends Pick<Transition, 'action' | 'sentence'> {
  readonly record: PluginRecord;
}

/** Looks the input up in the table. An event without a row changes nothing. */
export function advance(record: PluginRecord, input: RestartInput): Advance {
  const state = stateOf(record);
  const row = RESTART_TABLE[state][eventOf(record, input)];
  if (row === undefined) return { record, action: 'none', sentence: '' };
  return { record: recordAfter(record, input, row), action: row.action, sentence: row.sentence };
}

/** The event of the table that matches the input for this record. */
export function eventOf(record: PluginRecord, input: RestartInput): RestartEvent {
  switch (input.kind) {
    case 'vfs':
      return 'vfs-will-change';
    case 'config':
      return configEvent(knownHash(record), input.hash);
    case 'learns':
      return 'plugin-learns';
    case 'host':
      return input.unsettled.length > 0 ? 'host-unsettled' : 'host-settled';
    case 'pods':
      return meantPods(record, input.uids).length > 0 ? 'pods-present' : 'pods-absent';
    case 'deleted':
      return 'pods-deleted';
  }
}

function configEvent(known: string | undefined, told: string | undefined): RestartEvent {
  if (told === undefined) return 'config-untold';
  if (known === undefined) return 'config-first';
  return known === told ? 'config-same' : 'config-another';
}

/** The configuration with which the pods run, or will when those that the record names are gone. */
function knownHash({ configHash, owed }: PluginRecord): string | undefined {
  return owed?.found?.configHash ?? configHash;
}

/** Those of the pods that have missed something: all of them, unless the record names some. */
export function meantPods({ owed }: PluginRecord, uids: readonly string[]): readonly string[] {
  const { found } = owed ?? {};
  return found === undefined ? uids : uids.filter((uid) => found.uids.includes(uid));
}

function recordAfter(record: PluginRecord, input: RestartInput, { next }: Transition): PluginRecord {
  const { configHash } = record;
  switch (input.kind) {
    case 'vfs':
      return { configHash, owed: { because: union(reasonsOf(record), input.because) } };
    case 'config':
      return next === 'current' ? { configHash: configHash ?? input.hash } : afterConfig(record, input.hash);
    case 'learns':
      return upToDate(record, input);
    case 'host':
      return record;
    case 'pods':
      return next === 'current' ? upToDate(record, input) : withPods(record, input);
    case 'deleted':
      return { configHash: knownHash(record) };
  }
}

/** Nobody is left that has missed anything. */
function upToDate(record: PluginRecord, told: { readonly configHash: string | undefined }): PluginRecord {
  return { configHash: told.configHash ?? knownHash(record) };
}

function afterConfig(record: PluginRecord, told: string | undefined): PluginRecord {
  const { configHash, owed } = record;
  const because = reasonsOf(record);
  // Some pods run with this configuration and some with that one: only a restart ends it, no change back.
  if (owed?.found !== undefined) return { owed: { because: union(because, [CONFIG_CHANGED]) } };
  // As long as it is not known with which one they run, nothing can change back.
  if (configHash === undefined) return record;
  const others = because.filter((reason) => reason !== CONFIG_CHANGED);
  const hasChanged = told !== undefined && told !== configHash;
  return { configHash, owed: { because: hasChanged ? [...others, CONFIG_CHANGED] : others } };
}

/** Pods that are written down already stay the only ones that are meant. */
function withPods(record: PluginRecord, pods: Extract<RestartInput, { kind: 'pods' }>): PluginRecord {
  if (record.owed?.found !== undefined) return record;
  const found = { uids: pods.uids, configHash: pods.configHash };
  return { configHash: record.configHash, owed: { because: reasonsOf(record), found } };
}

function reasonsOf({ owed }: PluginRecord): readonly string[] {
  return owed?.because ?? [];
}

function union(known: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...known, ...more])];
}
