import { describe, expect, it } from '@jest/globals';
import { advance, eventOf, type RestartInput } from './advance.ts';
import { CONFIG_CHANGED, damagedRecord, type PluginRecord, type PluginState, stateOf } from './plugin-record.ts';
import { RESTART_TABLE, type RestartEvent } from './restart-table.ts';

const VFS = 'ens1: the number of VFs becomes 4';
const MORE = 'ens2: another driver for VF 0-3';

const unknown: PluginRecord = {};
const current: PluginRecord = { configHash: 'a' };
const outdated: PluginRecord = { configHash: 'a', owed: { because: [CONFIG_CHANGED] } };
const owed: PluginRecord = { configHash: 'a', owed: { because: [VFS] } };
const owedBoth: PluginRecord = { configHash: 'a', owed: { because: [VFS, CONFIG_CHANGED] } };
const restarting: PluginRecord = {
  configHash: 'a',
  owed: { because: [CONFIG_CHANGED], found: { uids: ['1', '2'], configHash: 'b' } },
};
const untoldRestarting: PluginRecord = { configHash: 'a', owed: { because: [VFS], found: { uids: ['1'] } } };

const vfs: RestartInput = { kind: 'vfs', because: [MORE] };
const config = (hash?: string): RestartInput => ({ kind: 'config', hash });
const host = (...unsettled: string[]): RestartInput => ({ kind: 'host', unsettled });
const pods = (uids: readonly string[], configHash?: string): RestartInput => ({ kind: 'pods', uids, configHash });
const deleted: RestartInput = { kind: 'deleted' };
const learns = (configHash?: string): RestartInput => ({ kind: 'learns', configHash });

const owedFor = (...because: string[]): PluginRecord => ({ configHash: 'a', owed: { because } });
const found = (because: readonly string[], uids: readonly string[], configHash?: string): PluginRecord => ({
  configHash: 'a',
  owed: { because, found: { uids, configHash } },
});

/** The cells of the table by their sentences; where a cell does more than one thing to the record, more than once. */
const CELLS: readonly (readonly [string, PluginRecord, RestartInput, PluginRecord])[] = [
  ['the pods miss VFs that change', current, vfs, owedFor(MORE)],
  ['the pods miss VFs that change', unknown, vfs, { owed: { because: [MORE] } }],
  ['the pods are taken to run with the first configuration that is told', unknown, config('a'), current],
  ['the pods miss the new configuration', current, config('b'), outdated],

  ['the pods miss VFs that change, beside the new configuration', outdated, vfs, owedFor(CONFIG_CHANGED, MORE)],
  ['the new configuration was withdrawn before any pod was deleted', outdated, config(), current],
  ['the configuration has changed back before any pod was deleted', outdated, config('a'), current],
  ['a device plugin that learns without a restart misses nothing', outdated, learns('b'), { configHash: 'b' }],
  ['restart the device plugin later', outdated, host('pf'), outdated],
  ['restart the device plugin', outdated, host(), outdated],
  [
    'delete the pods that have missed something, and no others',
    outdated,
    pods(['1', '2'], 'b'),
    found([CONFIG_CHANGED], ['1', '2'], 'b'),
  ],
  ['no pod is left that has missed anything', outdated, pods([], 'b'), { configHash: 'b' }],

  ['the pods miss further VFs that change', owed, vfs, owedFor(VFS, MORE)],
  ['the pods miss further VFs that change', owedFor(MORE), vfs, owedFor(MORE)],
  ['a configuration that was withdrawn is no reason', owedBoth, config(), owed],
  [
    'a configuration that was withdrawn is no reason',
    { owed: { because: [CONFIG_CHANGED] } },
    config(),
    { owed: { because: [CONFIG_CHANGED] } },
  ],
  ['a configuration that has changed back is no reason', owedBoth, config('a'), owed],
  ['the pods miss the new configuration as well', owed, config('b'), owedBoth],
  ['the pods miss the new configuration as well', owedBoth, config('c'), owedBoth],
  ['a device plugin that learns without a restart misses nothing', owedBoth, learns('b'), { configHash: 'b' }],
  ['a device plugin that learns without a restart misses nothing', owed, learns(), current],
  ['restart the device plugin later', owed, host('pf', 'other'), owed],
  ['restart the device plugin', owed, host(), owed],
  ['delete the pods that have missed something, and no others', owed, pods(['1'], 'a'), found([VFS], ['1'], 'a')],
  ['delete the pods that have missed something, and no others', owed, pods(['1']), found([VFS], ['1'])],
  ['no pod is left that has missed anything', owed, pods([], 'b'), { configHash: 'b' }],
  ['no pod is left that has missed anything', owed, pods([]), current],

  ['pods that came since miss VFs that change, so all pods are meant', restarting, vfs, owedFor(CONFIG_CHANGED, MORE)],
  [
    'pods that came since may run with an earlier configuration, so all are meant',
    restarting,
    config('a'),
    { owed: { because: [CONFIG_CHANGED] } },
  ],
  [
    'pods that came since may run with an earlier configuration, so all are meant',
    untoldRestarting,
    config('b'),
    { owed: { because: [VFS, CONFIG_CHANGED] } },
  ],
  ['a device plugin that learns without a restart misses nothing', restarting, learns(), { configHash: 'b' }],
  ['restart the device plugin later', restarting, host(''), restarting],
  ['restart the device plugin', restarting, host(), restarting],
  ['delete the pods that have missed something, and no others', restarting, pods(['2', '3'], 'b'), restarting],
  ['no pod is left that has missed anything', restarting, pods(['3'], 'b'), { configHash: 'b' }],
  ['no pod is left that has missed anything', restarting, pods(['3']), { configHash: 'b' }],
  ['restarted the device plugin', restarting, deleted, { configHash: 'b' }],
  ['restarted the device plugin', untoldRestarting, deleted, current],
];

const text = (value: unknown): string => JSON.stringify(value);

describe('the table of the restart', () => {
  it.each(CELLS)('%s', (sentence, record, input, expected) => {
    const row = RESTART_TABLE[stateOf(record)][eventOf(record, input)];
    expect(row?.sentence).toBe(sentence);
    const next = advance(record, input);
    // As it is written down.
    expect(JSON.parse(text(next.record))).toEqual(JSON.parse(text(expected)));
    expect([next.sentence, next.action]).toEqual([sentence, row?.action]);
    if (text(expected) !== '{}') expect(stateOf(next.record)).toBe(row?.next);
  });

  it('has no cell that is not shown here', () => {
    const all = Object.entries(RESTART_TABLE).flatMap(([state, row]) =>
      Object.keys(row).map((event) => `${state} ${event}`),
    );
    const shown = CELLS.map(([, record, input]) => `${stateOf(record)} ${eventOf(record, input)}`);
    expect([...new Set(shown)].sort()).toEqual(all.sort());
  });

  const ACTIONS: Readonly<Record<string, string>> = {
    'host-unsettled': 'wait',
    'host-settled': 'list-pods',
    'pods-present': 'delete-pods',
    'pods-deleted': 'report',
  };
  it('acts on the host and on pods alone, and the same from every state', () => {
    for (const row of Object.values(RESTART_TABLE)) {
      for (const [event, { action }] of Object.entries(row))
        expect([event, action]).toEqual([event, ACTIONS[event] ?? 'none']);
    }
  });

  it.each<[string, PluginRecord, RestartInput, RestartEvent]>([
    ['a pod that is current and runs on a host that is settled', current, host(), 'host-settled'],
    ['a PF that is not settled', current, host('pf'), 'host-unsettled'],
    ['a device plugin that learns, and has missed nothing', current, learns('a'), 'plugin-learns'],
    ['the configuration that is known', current, config('a'), 'config-same'],
    ['no configuration', current, config(), 'config-untold'],
    ['no configuration, and none known', unknown, config(), 'config-untold'],
    ['another of several new configurations', outdated, config('c'), 'config-another'],
    ['a configuration after the record was damaged', damagedRecord('damaged'), config('a'), 'config-first'],
    ['the configuration that the pods were found for', restarting, config('b'), 'config-same'],
    ['no configuration while pods are deleted', restarting, config(), 'config-untold'],
    [
      'the known configuration, while pods are deleted for which none was told',
      untoldRestarting,
      config('a'),
      'config-same',
    ],
    ['pods that nobody asked for', current, pods(['1'], 'a'), 'pods-present'],
    ['no pods, and nobody asked for any', current, pods([], 'a'), 'pods-absent'],
    ['pods that were deleted by somebody else', outdated, deleted, 'pods-deleted'],
    ['pods that were deleted for nothing', current, deleted, 'pods-deleted'],
    ['pods that were deleted before they were written down', owed, deleted, 'pods-deleted'],
  ])('changes nothing for %s', (_, record, input, event) => {
    expect(eventOf(record, input)).toBe(event);
    expect(advance(record, input)).toEqual({ record, action: 'none', sentence: '' });
  });
});

describe('a record stands for', () => {
  it.each<[PluginState, string, PluginRecord]>([
    ['current', 'nothing at all', {}],
    ['current', 'a configuration', current],
    ['outdated', 'a new configuration, which may change back', outdated],
    ['owed', 'a new configuration, where the old one is not known', { owed: { because: [CONFIG_CHANGED] } }],
    ['owed', 'VFs that have changed', owed],
    ['owed', 'both', owedBoth],
    ['owed', 'a damaged file', damagedRecord('damaged')],
    ['restarting', 'pods that were found', restarting],
    ['restarting', 'no pods that were found', { owed: { because: [VFS], found: { uids: [] } } }],
  ])('%s: %s', (state, _, record) => expect(stateOf(record)).toBe(state));
});
