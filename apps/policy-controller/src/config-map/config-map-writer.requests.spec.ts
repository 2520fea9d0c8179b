import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type ConfigMap, KubeClient } from '@sriov/kube';
import { FakeClock, refusal, ScriptedConnection } from '@sriov/testing';
import { ConfigMapFullError, ConfigMapWriteError, ConfigMapWriter, type KeyChange } from './config-map-writer.ts';

const NAME = 'device-plugin-config';
const PATH = '/api/v1/namespaces/operator/configmaps';
const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'owner', uid: '0' };

interface Rig {
  readonly writer: ConfigMapWriter;
  readonly connection: ScriptedConnection;
  readonly clock: FakeClock;
  /** Sets the key of a node, planned from the version that the cache shows unless given. */
  readonly set: (node: string, text: string | undefined, rest?: Partial<KeyChange>) => Promise<string>;
  refusals: number;
}

/** A writer whose cache shows a ConfigMap of version 5 with this data, or none. */
function rigWith(data?: Record<string, string>): Rig {
  const connection = new ScriptedConnection();
  const clock = new FakeClock();
  const present: ConfigMap | undefined = data && {
    metadata: { name: NAME, namespace: 'operator', resourceVersion: '5' },
    data,
  };
  const writer = new ConfigMapWriter({
    client: new KubeClient({ connection, clock, fieldManager: 'spec' }),
    namespace: 'operator',
    present: (name) => (name === NAME ? present : undefined),
    clock,
    onRefusal: () => (rig.refusals += 1),
  });
  const rig: Rig = {
    writer,
    connection,
    clock,
    refusals: 0,
    set: (node, text, rest = {}) =>
      writer.set({ configMap: NAME, node, text, owner, plannedFrom: present?.metadata.resourceVersion, ...rest }),
  };
  return rig;
}

/** Lets what is due be sent, without any time passing. */
const settle = async ({ clock }: Rig, ms = 0): Promise<void> => {
  for (let turns = 0; turns < 10; turns += 1) await turn();
  await clock.advance(ms);
  for (let turns = 0; turns < 10; turns += 1) await turn();
};
const full = { large: 'x'.repeat(1_048_500) };

describe('a ConfigMap', () => {
  it('is changed in the version from which the keys were planned, and only its metadata comes back', async () => {
    const rig = rigWith({ a: '1', b: '1' });
    const versions = Promise.all([rig.set('a', '2'), rig.set('b', undefined)]);
    await settle(rig);
    expect(rig.connection.sent).toMatchObject([
      {
        method: 'PATCH',
        path: `${PATH}/${NAME}`,
        body: { metadata: { resourceVersion: '5' }, data: { a: '2', b: null } },
      },
    ]);
    expect(await versions).toEqual(['1001', '1001']);
  });

  it('is made with the keys that are there, and belongs to the owner', async () => {
    const rig = rigWith();
    const versions = Promise.all([rig.set('a', '1'), rig.set('b', undefined)]);
    await settle(rig);
    expect(rig.connection.sent).toMatchObject([
      { method: 'POST', path: PATH, body: { metadata: { name: NAME, ownerReferences: [owner] }, data: { a: '1' } } },
    ]);
    expect(Object.keys((rig.connection.sent[0]?.body as ConfigMap).data ?? {})).toEqual(['a']);
    expect(await versions).toEqual(['1001', '1001']);
  });

  it('is made anew where it is gone by now', async () => {
    const rig = rigWith({ a: '1' });
    rig.connection.script = ({ method }) => (method === 'PATCH' ? refusal(404) : undefined);
    const version = rig.set('a', '2');
    await settle(rig);
    expect(rig.connection.sent.map(({ method }) => method)).toEqual(['PATCH', 'POST']);
    expect(await version).toBe('1001');
  });
});

describe('the writes of a ConfigMap', () => {
  it('are half a second apart at least: what comes meanwhile goes together', async () => {
    const rig = rigWith({});
    const first = rig.set('a', '1');
    await settle(rig);
    await first;
    const [second, third] = [rig.set('b', '1'), rig.set('c', '1')];
    await settle(rig, 499);
    expect(rig.connection.sent).toHaveLength(1);
    await settle(rig, 1);
    await Promise.all([second, third]);
    expect(rig.connection.sent.slice(1)).toMatchObject([
      { body: { metadata: { resourceVersion: '1001' }, data: { b: '1', c: '1' } } },
    ]);
  });

  it('do not wait where the last one is long past', async () => {
    const rig = rigWith({});
    const first = rig.set('a', '1');
    await settle(rig);
    await first;
    await settle(rig, 60_000);
    const second = rig.set('b', '1');
    await settle(rig);
    await second;
    expect(rig.connection.sent).toHaveLength(2);
  });

  it('are one after the other: what comes while one is under way waits for its end', async () => {
    const rig = rigWith({});
    let answer = (): void => undefined;
    const send = rig.connection.send.bind(rig.connection);
    rig.connection.send = async (request) => {
      const response = await send(request);
      await new Promise<void>((resolve) => (answer = resolve));
      return response;
    };
    const first = rig.set('a', '1');
    await settle(rig);
    const second = rig.set('b', '1');
    await settle(rig, 5_000);
    expect(rig.connection.sent).toHaveLength(1);
    answer();
    await first;
    await settle(rig, 1_000);
    answer();
    await second;
    expect(rig.connection.sent).toHaveLength(2);
  });

  it('of several ConfigMaps do not wait for each other', async () => {
    const rig = rigWith({});
    const versions = Promise.all([rig.set('a', '1'), rig.set('b', '1', { configMap: `${NAME}-1`, plannedFrom: '9' })]);
    await settle(rig);
    await versions;
    expect(rig.connection.sent.map(({ path }) => path)).toEqual([`${PATH}/${NAME}`, `${PATH}/${NAME}-1`]);
  });
});

describe('a key', () => {
  it('that was planned before somebody else wrote is planned again, and the others are written', async () => {
    const rig = rigWith({ a: '1' });
    const results = Promise.allSettled([rig.set('a', '2', { plannedFrom: '4' }), rig.set('b', '2')]);
    await settle(rig);
    const [outdated, current] = await results;
    expect(outdated).toMatchObject({
      reason: {
        name: 'ConfigMapWriteError',
        status: 409,
        message: expect.stringContaining('it was planned from an older version than 5'),
      },
    });
    expect(current).toEqual({ status: 'fulfilled', value: '1001' });
    expect(rig.connection.sent).toMatchObject([{ body: { data: { b: '2' } } }]);
  });

  it('that another writer was before is planned again, and need not wait then', async () => {
    const rig = rigWith({ a: '1' });
    rig.connection.script = () => refusal(409, 'changed');
    const first = rig.set('a', '2').catch((error: unknown) => error);
    await settle(rig);
    const error = await first;
    expect(error).toBeInstanceOf(ConfigMapWriteError);
    expect(error).toMatchObject({ status: 409, cause: { status: 409 } });
    rig.connection.script = () => undefined;
    const second = rig.set('a', '2');
    await settle(rig);
    expect(rig.connection.sent).toHaveLength(2);
    await second;
  });

  it('that the API server refuses waits for the next write like others', async () => {
    const rig = rigWith({ a: '1' });
    rig.connection.script = () => refusal(500);
    const first = rig.set('a', '2').catch((error: unknown) => error);
    await settle(rig);
    expect(await first).toMatchObject({ status: 500 });
    rig.connection.script = () => undefined;
    const second = rig.set('a', '2');
    await settle(rig);
    expect(rig.connection.sent).toHaveLength(1);
    await settle(rig, 1_000);
    await second;
    expect(rig.connection.sent).toHaveLength(2);
  });
});

describe('a key for which there is no room', () => {
  it('is refused and remembered, once, until it fits', async () => {
    const rig = rigWith(full);
    expect(rig.writer.refusedNodes(NAME)).toEqual([]);
    for (const _ of ['first', 'again']) {
      const tooLarge = rig.set('a', 'x'.repeat(100)).catch((error: unknown) => error);
      await settle(rig, 1_000);
      const error = await tooLarge;
      expect(error).toBeInstanceOf(ConfigMapFullError);
      expect(error).toMatchObject({
        name: 'ConfigMapFullError',
        code: 'CONFIG_MAP_FULL',
        message: `the ConfigMap ${NAME} has no room for the configuration of a`,
      });
      expect([rig.writer.refusedNodes(NAME), rig.refusals]).toEqual([['a'], 1]);
    }
    expect(rig.connection.sent).toEqual([]);
    const small = rig.set('a', 'x');
    await settle(rig, 1_000);
    await small;
    expect([rig.writer.refusedNodes(NAME), rig.refusals]).toEqual([[], 2]);
  });

  it('is no news to keys that fit', async () => {
    const rig = rigWith(full);
    const small = rig.set('a', 'x');
    await settle(rig);
    await small;
    expect([rig.writer.refusedNodes(NAME), rig.refusals]).toEqual([[], 0]);
  });

  it('is forgotten when the node does not want it there any more', async () => {
    const rig = rigWith(full);
    const tooLarge = rig.set('a', 'x'.repeat(100)).catch(() => undefined);
    await settle(rig);
    await tooLarge;
    rig.writer.settle('a', new Set([NAME]));
    rig.writer.settle('b', new Set());
    expect([rig.writer.refusedNodes(NAME), rig.refusals]).toEqual([['a'], 1]);
    rig.writer.settle('a', new Set([`${NAME}-1`]));
    expect([rig.writer.refusedNodes(NAME), rig.refusals]).toEqual([[], 2]);
    expect(rig.writer.refusedNodes('unknown')).toEqual([]);
  });
});
