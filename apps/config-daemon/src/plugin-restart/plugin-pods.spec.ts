import { describe, expect, it } from '@jest/globals';
import { KubeClient } from '@sriov/kube';
import { FakeClock, refusal, ScriptedConnection } from '@sriov/testing';
import { type PluginPods, pluginPods } from './plugin-pods.ts';

const PATH = '/api/v1/namespaces/operator/pods';

function podsOf(script: ScriptedConnection['script'] = () => undefined): {
  readonly pods: PluginPods;
  readonly connection: ScriptedConnection;
} {
  const connection = new ScriptedConnection();
  connection.script = script;
  const client = new KubeClient({ connection, clock: new FakeClock(), fieldManager: 'config-daemon' });
  return { connection, pods: pluginPods(client, { namespace: 'operator', nodeName: 'node-1' }) };
}

describe("the device plugin's pods", () => {
  it('are those of this node that are not on their way out', async () => {
    const items = [
      { metadata: { name: 'a', uid: 'u' } },
      { metadata: { name: 'going', uid: 'v', deletionTimestamp: '2026-01-01T00:00:00Z' } },
      { metadata: { name: 'without-uid' } },
    ];
    const { pods, connection } = podsOf(() => ({ body: { metadata: { resourceVersion: '1' }, items } }));
    expect(await pods.list()).toEqual([
      { name: 'a', uid: 'u' },
      { name: 'without-uid', uid: '' },
    ]);
    expect(connection.sent).toMatchObject([
      {
        method: 'GET',
        path: PATH,
        query: { labelSelector: 'app=sriov-device-plugin', fieldSelector: 'spec.nodeName=node-1', limit: '100' },
      },
    ]);
  });

  it('are deleted by name and uid: a pod that has taken the name is another one', async () => {
    const { pods, connection } = podsOf();
    await pods.delete({ name: 'a', uid: 'u' });
    expect(connection.writes).toMatchObject([
      { method: 'DELETE', path: `${PATH}/a`, body: { preconditions: { uid: 'u' } } },
    ]);
  });

  it.each([
    ['is gone already', 404],
    ['has another uid by now', 409],
  ])('need not be deleted when one %s', async (_, status) => {
    const { pods } = podsOf(() => refusal(status));
    await expect(pods.delete({ name: 'a', uid: 'u' })).resolves.toBeUndefined();
  });

  it('say so when the API server refuses', async () => {
    const { pods } = podsOf(() => refusal(403, 'forbidden'));
    await expect(pods.delete({ name: 'a', uid: 'u' })).rejects.toMatchObject({ status: 403 });
    await expect(pods.list()).rejects.toMatchObject({ status: 403 });
  });
});
