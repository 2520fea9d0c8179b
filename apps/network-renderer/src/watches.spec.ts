import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { ownerRefOf } from '@sriov/attachment';
import { Controller, createControllerMetrics, done } from '@sriov/controller';
import { Metrics } from '@sriov/runtime';
import { type Caches } from './caches.ts';
import { attachmentOf, createOfflineRenderer, networkOf, nextVersion, OPERATOR } from './test/offline-renderer.ts';
import { connectWatches } from './watches.ts';

/** The watches, connected to controllers that take down what they are asked for. */
async function connect(fill: (caches: Caches) => void): Promise<{ caches: Caches; taken: () => Promise<string[]> }> {
  const { caches, clock, log } = createOfflineRenderer();
  const keys: string[] = [];
  const metrics = createControllerMetrics(new Metrics());
  const controllers = new Map(
    [...caches.networks.keys()].map((name) => [
      name,
      new Controller({
        name,
        timers: clock,
        log,
        metrics,
        reconcile(key) {
          keys.push(`${name} ${key}`);
          return Promise.resolve(done('Ok', ''));
        },
      }),
    ]),
  );
  fill(caches);
  connectWatches(caches, controllers);
  for (const controller of controllers.values()) void controller.run(new AbortController().signal);
  const taken = async (): Promise<string[]> => {
    for (let turns = 0; turns < 5; turns += 1) await clock.advance(0);
    return keys.splice(0).sort();
  };
  await taken();
  return { caches, taken };
}

const upsert = (caches: Caches, kind: string, network: ReturnType<typeof networkOf>): void =>
  (caches.networks.get(kind)?.store as unknown as { upsert(object: object): void }).upsert(network);
const fill = (caches: Caches): void => {
  upsert(caches, 'SriovNetwork', networkOf('blue', { networkNamespace: 'team' }));
  upsert(caches, 'OVSNetwork', networkOf('blue', { networkNamespace: 'team' }));
  upsert(caches, 'SriovNetwork', networkOf('red'));
};

describe('the watches of the network renderer', () => {
  it('ask for a network that changed, by its kind', async () => {
    const { caches, taken } = await connect(fill);
    upsert(caches, 'SriovIBNetwork', networkOf('new'));
    expect(await taken()).toEqual([`SriovIBNetwork ${OPERATOR}/new`]);
  });

  it('ask for all networks that want an attachment which changed, and for the one that owns it', async () => {
    const { caches, taken } = await connect(fill);
    caches.attachments.store.upsert(attachmentOf('blue', 'team'));
    const wanting = [`OVSNetwork ${OPERATOR}/blue`, `SriovNetwork ${OPERATOR}/blue`];
    expect(await taken()).toEqual(wanting);
    const owner = ownerRefOf({ ...networkOf('red'), kind: 'SriovNetwork' });
    caches.attachments.store.upsert(attachmentOf('blue', 'team', { [ANNOTATION.ownerRef]: owner }));
    expect(await taken()).toEqual([...wanting, `SriovNetwork ${OPERATOR}/red`]);
  });

  it('ask for the networks that wait for a namespace when it comes, or is created again, and at no other change', async () => {
    const { caches, taken } = await connect(fill);
    const namespace = (uid: string, rest: object = {}): never =>
      ({ metadata: { name: 'team', uid, resourceVersion: nextVersion(), ...rest } }) as never;
    const both = [`OVSNetwork ${OPERATOR}/blue`, `SriovNetwork ${OPERATOR}/blue`];
    caches.namespaces.store.upsert(namespace('1'));
    expect(await taken()).toEqual(both);
    caches.namespaces.store.upsert(namespace('1', { labels: { a: 'b' } }));
    expect(await taken()).toEqual([]);
    caches.namespaces.store.upsert(namespace('2'));
    expect(await taken()).toEqual(both);
    caches.namespaces.store.remove('team');
    expect(await taken()).toEqual([]);
  });

  it('ask for all that is in a namespace, once, when that is deleted', async () => {
    const { caches, taken } = await connect(fill);
    const namespace = (rest: object = {}): never =>
      ({ metadata: { name: OPERATOR, uid: '1', resourceVersion: nextVersion(), ...rest } }) as never;
    caches.namespaces.store.upsert(namespace());
    await taken();
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    caches.namespaces.store.upsert(namespace({ deletionTimestamp }));
    expect(await taken()).toEqual(
      ['OVSNetwork', 'SriovNetwork', 'SriovNetwork'].map(
        (kind, i) => `${kind} ${OPERATOR}/${i === 2 ? 'red' : 'blue'}`,
      ),
    );
    caches.namespaces.store.upsert(namespace({ deletionTimestamp, labels: { a: 'b' } }));
    expect(await taken()).toEqual([]);
  });
});
