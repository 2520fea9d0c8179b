import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type KubeObject, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { kubeconfigText } from '@sriov/control-plane';
import { EVENT, type KubeEvent, POD } from '@sriov/kube';
import { createNamespace, eventually, request, testControlPlane, tryRequest } from '@sriov/testing';
import { applyChart } from './apply.ts';
import { SERVICE_ACCOUNTS } from './service-account.ts';
import { type Account, actAs, openAccount } from './test/accounts.ts';

jest.setTimeout(120_000);

const A = 'own-node-a';
const B = 'own-node-b';
let operator: string;
const open: Account[] = [];
const daemonOf = async (node?: string): Promise<Account> => {
  const service = 'config-daemon';
  const account = await actAs(testControlPlane().access, { namespace: operator, service, ...(node && { node }) });
  open.push(account);
  return account;
};

/** As the kubelet does it: the token is bound to the daemon's pod, and the API server knows the pod's node. */
const daemonInPodOn = async (node: string): Promise<Account> => {
  const serviceAccountName = SERVICE_ACCOUNTS['config-daemon'];
  const pod = (await request('POST', `/api/v1/namespaces/${operator}/pods`, {
    metadata: { name: `daemon-on-${node}` },
    spec: { nodeName: node, serviceAccountName, containers: [{ name: 'config-daemon', image: 'config-daemon' }] },
  })) as { metadata: { name: string; uid: string } };
  const path = `/api/v1/namespaces/${operator}/serviceaccounts/${serviceAccountName}/token`;
  const { name, uid } = pod.metadata;
  const { status } = (await request('POST', path, {
    spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
  })) as { status: { token: string } };
  const { server, ca } = testControlPlane().access;
  const user = { name: 'config-daemon', token: status.token };
  const account = openAccount('config-daemon', kubeconfigText({ server, ca, user }));
  open.push(account);
  return account;
};

const writeStatus = ({ client }: Account, node: string): Promise<unknown> =>
  client.apply(
    SRIOV_NETWORK_NODE_STATE,
    { metadata: { name: node, namespace: operator }, status: { syncStatus: SYNC_STATUS.succeeded } },
    { subresource: 'status' },
  );
const eventAbout = (node: string, name = `${node}.1`): KubeEvent => ({
  metadata: { name, namespace: operator },
  involvedObject: {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovNetworkNodeState',
    name: node,
    namespace: operator,
  },
  type: 'Normal',
  reason: 'Ready',
  message: 'as the spec wants it',
  count: 1,
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:00Z',
  source: { component: 'config-daemon' },
  reportingComponent: 'config-daemon',
  reportingInstance: 'test',
});
/** Makes a pod, and returns its name. */
const createPod = async (node: string | undefined, labels?: object): Promise<string> => {
  const { metadata } = (await request('POST', `/api/v1/namespaces/${operator}/pods`, {
    metadata: { generateName: 'pod-', labels },
    spec: { ...(node && { nodeName: node }), containers: [{ name: 'c', image: 'c' }] },
  })) as { metadata: { name: string } };
  return metadata.name;
};
const deletePod = ({ client }: Account, name: string): Promise<void> =>
  client.delete(POD, { name, namespace: operator });
const isLeaving = async (name: string): Promise<boolean> => {
  const { status, body } = await tryRequest('GET', `/api/v1/namespaces/${operator}/pods/${name}`);
  return status === 404 || (body as KubeObject).metadata.deletionTimestamp !== undefined;
};
const statusOf = async (node: string): Promise<string | undefined> => {
  const path = `/apis/sriovnetwork.openshift.io/v1/namespaces/${operator}/sriovnetworknodestates/${node}`;
  return ((await request('GET', path)) as SriovNetworkNodeState).status?.syncStatus;
};

beforeAll(async () => {
  operator = await createNamespace('operator');
  await applyChart(testControlPlane().access, {
    namespace: operator,
    release: 'own-node',
    parts: ['crds', 'rights'],
    values: { crds: { networkAttachmentDefinition: true } },
  });
  for (const name of [A, B]) {
    await request('POST', '/api/v1/nodes', { metadata: { name } });
    await request('POST', `/apis/sriovnetwork.openshift.io/v1/namespaces/${operator}/sriovnetworknodestates`, {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovNetworkNodeState',
      metadata: { name },
    });
  }
  // A policy is in force a moment after it was made: until then the daemon of A could write B's state.
  const daemon = await daemonOf(A);
  const isRefused = (attempt: Promise<unknown>): Promise<boolean> =>
    attempt.then(
      () => false,
      () => true,
    );
  await eventually(() => isRefused(writeStatus(daemon, B)));
  await eventually(async () => isRefused(deletePod(daemon, await createPod(B, { app: 'sriov-device-plugin' }))));
  await request(
    'PATCH',
    `/apis/sriovnetwork.openshift.io/v1/namespaces/${operator}/sriovnetworknodestates/${B}/status`,
    {
      status: null,
    },
  );
});
afterAll(() => open.forEach((account) => account.close()));

describe.each([
  ['a token that is bound to node A', () => daemonOf(A)],
  ['a token that is bound to a pod on node A', () => daemonInPodOn(A)],
])('the config daemon with %s', (_, start) => {
  let daemon: Account;
  beforeAll(async () => {
    daemon = await start();
  });

  it('writes the status of its own node', async () => {
    await writeStatus(daemon, A);
    expect(await statusOf(A)).toBe('Succeeded');
  });

  it('cannot write the status of node B, and learns why', async () => {
    await expect(writeStatus(daemon, B)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining(
        `the config daemon of node ${A} may write only the SriovNetworkNodeState of its own node`,
      ),
    });
    expect(await statusOf(B)).toBeUndefined();
  });

  it('records events about its own node, not about node B, and does not turn one into the other', async () => {
    const event = await daemon.client.create(EVENT, eventAbout(A, `${A}.${Math.random().toString(36).slice(2)}`));
    await daemon.client.mergePatch(EVENT, event.metadata, { patch: { count: 2 } });
    await expect(daemon.client.create(EVENT, eventAbout(B))).rejects.toMatchObject({ status: 403 });
    await request('POST', `/api/v1/namespaces/${operator}/events`, eventAbout(B, `${event.metadata.name}.b`));
    const ofB = { namespace: operator, name: `${event.metadata.name}.b` };
    await expect(
      daemon.client.mergePatch(EVENT, ofB, { patch: { involvedObject: { name: A } } }),
    ).rejects.toMatchObject({ status: 403 });
  });

  const plugin = { app: 'sriov-device-plugin' };
  it('deletes a pod of the device plugin on its own node', async () => {
    const name = await createPod(A, { ...plugin, more: 'labels' });
    await deletePod(daemon, name);
    expect(await isLeaving(name)).toBe(true);
  });

  it.each<[string, string | undefined, object | undefined]>([
    ['of the device plugin on node B', B, plugin],
    ['of the device plugin that has no node yet', undefined, plugin],
    ['of something else on its own node', A, { app: 'sriov-network-config-daemon' }],
    ['without labels on its own node', A, undefined],
  ])('cannot delete a pod %s', async (__, node, labels) => {
    const name = await createPod(node, labels);
    await expect(deletePod(daemon, name)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining(
        `the config daemon of node ${A} may delete only pods of the device plugin on its own node`,
      ),
    });
    expect(await isLeaving(name)).toBe(false);
  });

  it('cannot write the spec of any node', async () => {
    const ref = { name: A, namespace: operator };
    await expect(
      daemon.client.mergePatch(SRIOV_NETWORK_NODE_STATE, ref, { patch: { spec: { interfaces: [] } } }),
    ).rejects.toMatchObject({ status: 403 });
  });
});

it('a token that tells no node writes nothing', async () => {
  const daemon = await daemonOf();
  await expect(writeStatus(daemon, A)).rejects.toThrow('does not tell on which node it runs');
  const name = await createPod(A, { app: 'sriov-device-plugin' });
  await expect(deletePod(daemon, name)).rejects.toThrow('does not tell on which node it runs');
});

it('others are not bound to a node', async () => {
  const path = `/apis/sriovnetwork.openshift.io/v1/namespaces/${operator}/sriovnetworknodestates/${B}/status`;
  await request('PATCH', path, { status: { syncStatus: 'InProgress' } });
  expect(await statusOf(B)).toBe('InProgress');
});
