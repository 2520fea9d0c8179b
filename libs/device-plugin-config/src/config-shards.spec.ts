import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { configShardNames, configShardOf, fitKeys, valueBytes } from './config-shards.ts';

const nodes = Array.from({ length: 4_000 }, (_, index) => `worker-${index}.example.org`);

describe('the shards of the device-plugin configuration', () => {
  it('are the one ConfigMap of upstream when there is one', () => {
    expect(configShardNames(1)).toEqual(['device-plugin-config']);
    expect(new Set(nodes.map((node) => configShardOf(node, 1)))).toEqual(new Set(['device-plugin-config']));
  });

  it('are numbered from the second on', () => {
    expect(configShardNames(3)).toEqual(['device-plugin-config', 'device-plugin-config-1', 'device-plugin-config-2']);
  });

  it('never move a node while their number stays: written down, as other releases compute the same', () => {
    expect(['n1', 'n2', 'worker-17', 'ip-10-0-1-7'].map((node) => configShardOf(node, 8))).toEqual([
      'device-plugin-config',
      'device-plugin-config-1',
      'device-plugin-config-6',
      'device-plugin-config-5',
    ]);
  });

  it.each([2, 8, 16])('of %d get a fair part of the nodes each', (shards) => {
    const counts = new Map(configShardNames(shards).map((name) => [name, 0]));
    for (const node of nodes) {
      const shard = configShardOf(node, shards);
      counts.set(shard, (counts.get(shard) ?? Infinity) + 1);
    }
    const fair = nodes.length / shards;
    expect(Math.min(...counts.values())).toBeGreaterThan(fair * 0.5);
    expect(Math.max(...counts.values())).toBeLessThan(fair * 1.5);
  });
});

describe('fitKeys', () => {
  it('makes room with what shrinks before it admits what grows', () => {
    const changes = new Map([
      ['new', 'xxxx'],
      ['old', null],
      ['late', 'x'],
    ]);
    expect(fitKeys({ old: 'xxx', firm: 'x' }, changes, 5)).toEqual({
      fitting: new Map([
        ['old', null],
        ['new', 'xxxx'],
      ]),
      refused: ['late'],
    });
  });

  it('has room for a node that is named like what every object inherits', () => {
    const changes = new Map([['constructor', 'x']]);
    expect(fitKeys({}, changes, 5)).toEqual({ fitting: changes, refused: [] });
  });

  it('counts bytes, as the API server does', () => {
    expect(fitKeys({}, new Map([['key', 'ü']]), 1).refused).toEqual(['key']);
  });

  it('never exceeds the limit by a change, and refuses only what would', () => {
    const key = fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e');
    const data = fc.dictionary(key, fc.string({ maxLength: 6 }));
    const changes = fc.array(fc.tuple(key, fc.option(fc.string({ maxLength: 9 }))), { maxLength: 5 });
    fc.assert(
      fc.property(data, changes, fc.nat(20), (present, list, limit) => {
        const { fitting, refused } = fitKeys(present, new Map(list), limit);
        const after = Object.entries({ ...present, ...Object.fromEntries(fitting) }).filter(
          ([, value]) => value !== null,
        );
        const total = valueBytes(Object.fromEntries(after) as Record<string, string>);
        expect(total).toBeLessThanOrEqual(Math.max(limit, valueBytes(present)));
        for (const key of refused) {
          const wanted = new Map(list).get(key) ?? '';
          expect(total - Buffer.byteLength(present[key] ?? '') + Buffer.byteLength(wanted)).toBeGreaterThan(limit);
        }
      }),
    );
  });
});
