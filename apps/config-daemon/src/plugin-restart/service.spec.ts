import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually, findFreePort, request, testControlPlane } from '@sriov/testing';
import {
  PF,
  NODE,
  namespace,
  folder,
  useDaemon,
  statePath,
  untilReconciled,
  startDaemon,
  stopDaemon,
  getState,
  machine,
  untilSynced,
  specOf,
  want,
  hashOf,
  createPod,
  deletedPods,
  restartEvents,
  startWithFourVfs,
} from '../test/test-daemon.ts';

useDaemon();

describe('the device plugin is restarted', () => {
  it('when its configuration alone has changed', async () => {
    const pod = await startWithFourVfs();
    const { generation } = (await getState()).metadata;
    await request('PATCH', statePath(), { metadata: hashOf('b') });
    await eventually(async () => (await deletedPods()).length > 0);
    expect(await deletedPods()).toEqual([pod]);
    expect((await getState()).metadata.generation).toBe(generation);
    expect(await eventually(async () => (await restartEvents())[0])).toBe(
      'restarted the device plugin: the configuration of the device plugin has changed',
    );
  });

  it('once, when its VFs and its configuration have changed, and no other pod with it', async () => {
    const pod = await startWithFourVfs();
    await createPod('node-2');
    await createPod(NODE, 'something-else');
    await want(specOf(6), 'b');
    await untilSynced('Succeeded');
    expect(await deletedPods()).toEqual([pod]);
    // The DaemonSet makes the next one.
    const next = await createPod();
    await want(specOf(6, 'netdevice', 9000), 'b');
    await untilSynced('Succeeded');
    expect(await deletedPods()).toEqual([pod]);
    await want(specOf(6, 'vfio-pci', 9000), 'b');
    await untilSynced('Succeeded');
    expect((await deletedPods()).sort()).toEqual([pod, next].sort());
    const told = await eventually(async () => {
      const messages = await restartEvents();
      return messages.length > 1 && messages.sort();
    });
    expect(told).toEqual([
      `restarted the device plugin: ens1 (${PF}): another driver for VF 0-5`,
      `restarted the device plugin: ens1 (${PF}): the number of VFs becomes 6; the configuration of the device plugin has changed`,
    ]);
  });
});

describe('the device plugin is left alone', () => {
  it('when the daemon starts again, the MTU changes, or somebody writes into the status', async () => {
    await startWithFourVfs();
    await stopDaemon();
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    expect(await deletedPods()).toEqual([]);
    await want(specOf(4, 'netdevice', 9000), 'a');
    await untilSynced('Succeeded');
    expect(await deletedPods()).toEqual([]);
    await request('PATCH', `${statePath()}/status`, { status: { syncStatus: 'Failed' } });
    await untilSynced('Succeeded');
    expect([await deletedPods(), await restartEvents()]).toEqual([[], []]);
  });

  it('when the daemon comes to a node that somebody else has configured', async () => {
    const pod = await startWithFourVfs();
    await stopDaemon();
    writeFileSync(join(folder, 'machine.json.d/device-plugin'), '{}');
    await request('PATCH', statePath(), { metadata: hashOf('b') });
    const port = await findFreePort();
    startDaemon({ listen: `127.0.0.1:${port}` });
    await untilReconciled(port);
    expect(await deletedPods()).toEqual([]);
    await request('PATCH', statePath(), { metadata: hashOf('c') });
    await eventually(async () => (await deletedPods()).includes(pod));
  });
});

describe('a daemon that may not delete pods', () => {
  /** An account that may do everything else. */
  const openAccount = async (): Promise<string> => {
    const home = `/namespaces/${namespace}`;
    const rbac = `/apis/rbac.authorization.k8s.io/v1${home}`;
    await request('POST', `/api/v1${home}/serviceaccounts`, { metadata: { name: 'daemon' } });
    await request('POST', `${rbac}/roles`, {
      metadata: { name: 'daemon' },
      rules: [
        { apiGroups: ['sriovnetwork.openshift.io', ''], resources: ['*/status', 'events'], verbs: ['*'] },
        { apiGroups: ['sriovnetwork.openshift.io'], resources: ['*'], verbs: ['*'] },
      ],
    });
    await request('POST', `${rbac}/rolebindings`, {
      metadata: { name: 'daemon' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'daemon' },
      subjects: [{ kind: 'ServiceAccount', name: 'daemon', namespace: namespace }],
    });
    const cluster = '/apis/rbac.authorization.k8s.io/v1';
    await request('POST', `${cluster}/clusterroles`, {
      metadata: { name: namespace },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
    });
    await request('POST', `${cluster}/clusterrolebindings`, {
      metadata: { name: namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
      subjects: [{ kind: 'ServiceAccount', name: 'daemon', namespace }],
    });
    const token = (await request('POST', `/api/v1${home}/serviceaccounts/daemon/token`, { spec: {} })) as {
      status: { token: string };
    };
    const { server, ca } = testControlPlane().access;
    const path = join(folder, 'kubeconfig');
    const kubeconfig = {
      clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': btoa(ca) } }],
      users: [{ name: 'u', user: { token: token.status.token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(path, JSON.stringify(kubeconfig));
    return path;
  };

  it('configures the host, says what is missing, and another one does that', async () => {
    const pod = await createPod();
    const kubeconfig = await openAccount();
    await want(specOf(4), 'a');
    startDaemon({ kubeconfig });
    const { status } = await untilSynced('Succeeded');
    expect(machine().devices[PF]?.pf?.vfs).toHaveLength(4);
    expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        /^the host is as the spec wants it, but the device plugin could not be restarted: GET .* cannot list resource "pods"/,
      ),
    });
    expect(await deletedPods()).toEqual([]);
    await stopDaemon();
    startDaemon();
    await eventually(async () => (await deletedPods()).includes(pod));
    const isGone = async (): Promise<boolean> =>
      !(await getState()).status?.conditions?.some(({ message }) => message.includes('device plugin'));
    await eventually(isGone);
    expect(await restartEvents()).toHaveLength(1);
  });
});
