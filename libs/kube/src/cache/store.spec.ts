import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type KubeObject } from '@sriov/api';
import { type Change, Store } from './store.ts';

interface Thing extends KubeObject {
  readonly colors?: readonly string[];
  readonly ballast?: string;
}

const thing = (name: string, version: string, rest: Partial<Thing> = {}): Thing => ({
  metadata: { name, namespace: 'n', resourceVersion: version },
  ...rest,
});
const byColor = { color: ({ colors }: Thing): readonly string[] => colors ?? [] };

describe('a store', () => {
  it('drops what nobody reads before it keeps and tells an object', () => {
    const store = new Store<Thing>({ transform: ({ ballast: _, ...rest }) => rest });
    const seen: Thing[] = [];
    store.subscribe(({ object }) => seen.push(object));
    const metadata = {
      ...thing('a', '1').metadata,
      managedFields: [{ manager: 'kubectl' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'yes' },
    };
    store.upsert({ metadata, ballast: 'heavy', colors: ['red'] });
    const kept = { metadata: { ...thing('a', '1').metadata, annotations: { mine: 'yes' } }, colors: ['red'] };
    expect([store.get('n/a'), seen]).toEqual([kept, [kept]]);
  });

  it('takes the same resource version again for no change', () => {
    const store = new Store<Thing>();
    const changes: string[] = [];
    store.subscribe(({ type }) => changes.push(type));
    for (const version of ['1', '1', '2', '2']) store.upsert(thing('a', version));
    expect(changes).toEqual(['added', 'updated']);
  });

  it('has a new revision after each change, which every listener sees, and after nothing else', () => {
    const store = new Store<Thing>();
    const seen: number[] = [];
    store.subscribe(() => seen.push(store.revision));
    store.upsert(thing('a', '1'));
    store.upsert(thing('a', '1'));
    store.upsert(thing('a', '2'));
    store.resync();
    store.remove('n/a');
    store.remove('n/a');
    expect([seen, store.revision]).toEqual([[1, 2, 2, 3], 3]);
  });

  it('tells a new listener of everything that is there, and an old one of nothing', () => {
    const store = new Store<Thing>();
    store.upsert(thing('a', '1'));
    const changes: Change<Thing>[] = [];
    const unsubscribe = store.subscribe((change) => changes.push(change));
    store.resync();
    unsubscribe();
    store.remove('n/a');
    expect(changes.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['added', 'a'],
      ['resynced', 'a'],
    ]);
  });

  it('goes on when a listener throws', () => {
    const errors: unknown[] = [];
    const store = new Store<Thing>({ onListenerError: (error) => errors.push(error) });
    const seen: string[] = [];
    store.subscribe(() => {
      throw new Error('no');
    });
    store.subscribe(({ object }) => seen.push(object.metadata.name));
    store.upsert(thing('a', '1'));
    expect([seen, errors]).toEqual([['a'], [new Error('no')]]);
  });

  it('leaves out what cannot be read, and takes it in again when it can', () => {
    const unreadable: string[] = [];
    const store = new Store<Thing>({
      indexers: { color: ({ colors }) => (colors ?? []).map((color) => color.toUpperCase()) },
      onUnreadable: (key) => unreadable.push(key),
    });
    const changes: string[] = [];
    store.subscribe(({ type }) => changes.push(type));
    store.upsert(thing('a', '1', { colors: ['red'] }));
    store.upsert(thing('a', '2', { colors: [7 as never] }));
    store.upsert(thing('b', '3', { colors: ['blue'] }));
    expect([store.get('n/a'), store.byIndex('color', 'RED'), unreadable]).toEqual([undefined, [], ['n/a']]);
    store.upsert(thing('a', '4', { colors: ['red'] }));
    expect(changes).toEqual(['added', 'deleted', 'added', 'added']);
    expect(store.byIndex('color', 'RED')).toHaveLength(1);
  });

  it('keeps its indexes true through any sequence of changes', () => {
    const color = fc.constantFrom('red', 'green', 'blue');
    const change = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), colors: fc.option(fc.uniqueArray(color)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (sequence) => {
        const store = new Store<Thing>({ indexers: byColor });
        for (const [version, { name, colors }] of sequence.entries()) {
          if (colors) store.upsert(thing(name, String(version), { colors }));
          else store.remove(`n/${name}`);
        }
        for (const value of ['red', 'green', 'blue']) {
          const found = store.byIndex('color', value).map(({ metadata }) => metadata.name);
          const expected = store.list().filter(({ colors }) => colors?.includes(value));
          expect(found.sort()).toEqual(expected.map(({ metadata }) => metadata.name).sort());
        }
      }),
    );
  });

  it('told as changes is the same store elsewhere', () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      kind: fc.constantFrom('upsert', 'remove', 'retain'),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (sequence) => {
        const store = new Store<Thing>();
        const copy = new Map<string, Thing>();
        store.subscribe(({ type, object, previous }) => {
          const key = `n/${object.metadata.name}`;
          expect(type === 'added' ? undefined : copy.get(key)).toEqual(type === 'deleted' ? object : previous);
          if (type === 'deleted') copy.delete(key);
          else copy.set(key, object);
        });
        for (const [version, { name, kind }] of sequence.entries()) {
          if (kind === 'upsert') store.upsert(thing(name, String(version)));
          else if (kind === 'remove') store.remove(`n/${name}`);
          else store.retain(new Set([`n/${name}`]));
        }
        expect([...copy.values()].sort()).toEqual(store.list().sort());
      }),
    );
  });
});
