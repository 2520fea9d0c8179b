import { describe, expect, it } from '@jest/globals';
import { FINALIZER, SRIOV_NETWORK, type SriovNetwork } from '@sriov/api';
import { type Outcome } from '@sriov/controller';
import { reconcile } from './reconcile.ts';
import { createOfflineRenderer, networkOf, nextVersion, OPERATOR, settingsOf } from './test/offline-renderer.ts';

/** One reconcile of the network, with the namespace `team` there: its outcome, and the requests. */
async function reconcileOnce(network?: SriovNetwork): Promise<[Outcome, string[]]> {
  const { caches, client, log, connection } = createOfflineRenderer();
  caches.namespaces.store.upsert({ metadata: { name: 'team', resourceVersion: nextVersion() } });
  if (network) caches.networks.get('SriovNetwork')?.store.upsert(network);
  const context = { resource: SRIOV_NETWORK, caches, client, settings: settingsOf(), log };
  const outcome = await reconcile(context, `${OPERATOR}/blue`);
  return [outcome, connection.sent.map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`)];
}

describe('a reconcile of a network', () => {
  it('is done when the network is gone', async () => {
    expect(await reconcileOnce()).toEqual([
      { kind: 'done', reason: 'NetworkReady', message: 'the network is gone' },
      [],
    ]);
  });

  it('asks the server for nothing and writes what the plan says', async () => {
    const [outcome, requests] = await reconcileOnce(networkOf('blue', { networkNamespace: 'team' }));
    expect(outcome).toMatchObject({ kind: 'done', reason: 'NetworkReady' });
    expect(requests).toEqual([
      'PATCH sriovnetworks/blue',
      'POST team/network-attachment-definitions',
      'PATCH sriovnetworks/blue',
    ]);
  });

  it('waits for a namespace', async () => {
    const [outcome] = await reconcileOnce(networkOf('blue', { networkNamespace: 'later' }));
    expect(outcome).toMatchObject({ kind: 'stalled', reason: 'NamespaceNotFound' });
  });

  it('looks at the server before a network goes', async () => {
    const metadata = { finalizers: [FINALIZER.network], deletionTimestamp: '2026-01-01T00:00:00Z' };
    const [, requests] = await reconcileOnce(networkOf('blue', { networkNamespace: 'team' }, metadata));
    expect(requests).toEqual(['GET network-attachment-definitions/blue', 'PATCH sriovnetworks/blue']);
  });
});
