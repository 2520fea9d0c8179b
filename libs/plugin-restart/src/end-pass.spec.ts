import { describe, expect, it } from '@jest/globals';
import { endPass, foreseeRestart, type RestartFacts } from './end-pass.ts';
import { CONFIG_CHANGED as CONFIG, type PluginRecord } from './plugin-record.ts';

const PF = '0000:01:00.0';
const VFS = 'ens1: the number of VFs becomes 4';
const EARLIER = 'ens2: the number of VFs becomes 2';

const owed = { because: [VFS] };
const facts: RestartFacts = {
  before: { configHash: 'a' },
  now: { configHash: 'a' },
  configHash: 'a',
  hasChangedVfs: false,
  unsettled: [],
  learns: false,
};

describe('the device plugin', () => {
  it.each<[string, Partial<RestartFacts>, readonly string[], string]>([
    ['is as it should be when nothing has changed', {}, [], 'none'],
    ['is restarted for another configuration', { configHash: 'b' }, [CONFIG], 'list-pods'],
    ['is not when the configuration is not told any more', { configHash: undefined }, [], 'none'],
    ['is not for the first configuration that is told', { before: {}, now: {} }, [], 'none'],
    ['is restarted for VFs', { now: { configHash: 'a', owed }, hasChangedVfs: true }, [VFS], 'list-pods'],
    ['is not for VFs that were to change and did not', { now: { configHash: 'a', owed } }, [], 'none'],
    [
      'is for those that an earlier pass has changed',
      { before: { configHash: 'a', owed }, now: { configHash: 'a', owed } },
      [VFS],
      'list-pods',
    ],
    [
      'is only for those when further ones were to change and did not',
      {
        before: { configHash: 'a', owed: { because: [EARLIER] } },
        now: { configHash: 'a', owed: { because: [EARLIER, VFS] } },
      },
      [EARLIER],
      'list-pods',
    ],
    ['waits for PFs that are half configured', { configHash: 'b', unsettled: [PF] }, [CONFIG], 'wait'],
    [
      'is restarted once for everything',
      { now: { configHash: 'a', owed }, hasChangedVfs: true, configHash: 'b' },
      [VFS, CONFIG],
      'list-pods',
    ],
    [
      'is not when the configuration has changed back meanwhile',
      {
        before: { configHash: 'a', owed: { because: [CONFIG] } },
        now: { configHash: 'a', owed: { because: [CONFIG] } },
      },
      [],
      'none',
    ],
  ])('%s', (_, change, because, action) => {
    const decision = endPass({ ...facts, ...change });
    expect([decision.record.owed?.because ?? [], decision.action]).toEqual([because, action]);
    expect(decision.record.configHash).toBe('a');
  });

  it('is not restarted for anything when it learns, and what was owed is not', () => {
    const change = { before: { configHash: 'a', owed }, now: { configHash: 'a', owed }, configHash: 'b' };
    const { record, action } = endPass({ ...facts, ...change, unsettled: [PF], learns: true });
    expect([record, action]).toEqual([{ configHash: 'b' }, 'none']);
  });

  const interrupted: PluginRecord = {
    configHash: 'a',
    owed: { because: [CONFIG], found: { uids: ['1'], configHash: 'b' } },
  };

  it.each([
    ['are left alone for the change that they were found for', 'b', ['1']],
    ['are left alone when no configuration is told', undefined, ['1']],
    ['are looked up again for another configuration', 'c', undefined],
  ])('pods that came since %s', (_, configHash, uids) => {
    const decision = endPass({ ...facts, before: interrupted, now: interrupted, configHash });
    expect([decision.record.owed?.found?.uids, decision.action]).toEqual([uids, 'list-pods']);
  });

  it('leaves pods that came since alone when VFs were to change and did not', () => {
    const now = { configHash: 'a', owed: { because: [CONFIG, VFS] } };
    const { record } = endPass({ ...facts, before: interrupted, now, configHash: 'b' });
    expect(record).toEqual(interrupted);
  });

  it('is restarted when the configuration has changed back after pods were deleted', () => {
    const { record, action } = endPass({ ...facts, before: interrupted, now: interrupted });
    expect([record.owed, action]).toEqual([{ because: [CONFIG] }, 'list-pods']);
  });

  it('is restarted then as well when a PF was half configured at first', () => {
    const { record } = endPass({ ...facts, before: interrupted, now: interrupted, unsettled: [PF] });
    const next = endPass({ ...facts, before: record, now: record });
    expect([next.record.owed, next.action]).toEqual([{ because: [CONFIG] }, 'list-pods']);
  });
});

describe('a dry run', () => {
  const record: PluginRecord = { configHash: 'a' };
  it.each<[string, Partial<Parameters<typeof foreseeRestart>[0]>, readonly string[], string]>([
    ['foresees nothing when nothing changes', {}, [], 'none'],
    ['foresees a restart for VFs', { because: [VFS] }, [VFS], 'list-pods'],
    ['foresees a restart for a configuration', { configHash: 'b' }, [CONFIG], 'list-pods'],
    ['foresees one restart for both', { because: [VFS], configHash: 'b' }, [VFS, CONFIG], 'list-pods'],
    [
      'names what an earlier pass has changed as well',
      { record: { configHash: 'a', owed: { because: [EARLIER] } }, because: [VFS] },
      [EARLIER, VFS],
      'list-pods',
    ],
    ['foresees none of a device plugin that learns', { because: [VFS], learns: true }, [], 'none'],
    ['foresees a restart that waits', { configHash: 'b', unsettled: [PF] }, [CONFIG], 'wait'],
  ])('%s', (_, change, because, action) => {
    const decision = foreseeRestart({ record, because: [], configHash: 'a', unsettled: [], learns: false, ...change });
    expect([decision.record.owed?.because ?? [], decision.action]).toEqual([because, action]);
  });
});
