import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, type Condition, LABEL, type SriovNetworkNodePolicy, type SriovNetworkNodeState } from '@sriov/api';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { service } from './service.ts';

jest.setTimeout(60_000);

const GROUP = '/apis/sriovnetwork.openshift.io/v1';
const API_VERSION = 'sriovnetwork.openshift.io/v1';
let stop = new AbortController();
let operator: string;
let running: Promise<void>;
let serial = 0;

const path = (plural: string, name = ''): string =>
  `${GROUP}/namespaces/${operator}/${plural}/${name}`.replace(/\/$/, '');
const POLICIES = 'sriovnetworknodepolicies';
const STATES = 'sriovnetworknodestates';
const CONFIG = (): string => `/api/v1/namespaces/${operator}/configmaps/device-plugin-config`;

const start = (): Promise<void> =>
  serve(
    service,
    {
      listen: '127.0.0.1:0',
      logLevel: 'silent',
      kubeconfig: testControlPlane().kubeconfigPath,
      namespace: operator,
      supportedNicsOnly: false,
      staleNodeStateCleanupDelayMinutes: 30,
      vanishedPfGraceMinutes: 10,
      devicePluginConfigShards: 1,
    },
    stop.signal,
  );

beforeAll(async () => {
  await installCrds();
  operator = await createNamespace('operator');
  const body = { apiVersion: API_VERSION, kind: 'SriovOperatorConfig', metadata: { name: 'default' }, spec: {} };
  await request('POST', path('sriovoperatorconfigs'), body);
  running = start();
});
afterAll(async () => {
  stop.abort();
  await running;
});

/** A worker node with a label of its own, so that tests do not select each other's nodes. */
const createNode = async (): Promise<{ name: string; selector: Record<string, string> }> => {
  serial += 1;
  const name = `node-${serial}`;
  const selector = { own: name };
  const labels = { [LABEL.worker]: '', [LABEL.os]: 'linux', ...selector };
  await request('POST', '/api/v1/nodes', { metadata: { name, labels } });
  return { name, selector };
};
const getState = async (name: string): Promise<SriovNetworkNodeState> =>
  (await request('GET', path(STATES, name))) as SriovNetworkNodeState;

/** What the daemon of the node would report. */
const report = async (name: string, status: object = {}): Promise<void> => {
  const state = await eventually(() => getState(name));
  await request('PATCH', `${path(STATES, name)}/status`, {
    status: {
      interfaces: [
        { name: 'ens1', pciAddress: '0000:3b:00.0', vendor: '8086', deviceID: '1592', totalvfs: 8, altNames: ['left'] },
        { name: 'ens2', pciAddress: '0000:5e:00.0', vendor: '15b3', deviceID: '101d', totalvfs: 8 },
      ],
      ...status,
    },
  });
  expect(state.metadata.name).toBe(name);
};
const createPolicy = async (name: string, nodeSelector: object, spec: object = {}): Promise<void> => {
  const body = {
    apiVersion: API_VERSION,
    kind: 'SriovNetworkNodePolicy',
    metadata: { name },
    spec: { resourceName: 'r', numVfs: 4, nodeSelector, nicSelector: { pfNames: ['ens1'] }, ...spec },
  };
  await request('POST', path(POLICIES), body);
};
const untilPolicy = (name: string, type: string, expected: object): Promise<SriovNetworkNodePolicy> =>
  eventually(async () => {
    const policy = (await request('GET', path(POLICIES, name))) as SriovNetworkNodePolicy;
    const condition = policy.status?.conditions?.find((each: Condition) => each.type === type);
    expect(condition).toMatchObject(expected);
    return policy;
  });

describe('the policy controller', () => {
  it('makes a state for each managed node, and none for others', async () => {
    const { name } = await createNode();
    await request('POST', '/api/v1/nodes', { metadata: { name: 'control-plane' } });
    const state = await eventually(() => getState(name));
    expect(state.metadata.ownerReferences).toMatchObject([
      { kind: 'SriovOperatorConfig', name: 'default', controller: true },
    ]);
    expect((await tryRequest('GET', path(STATES, 'control-plane'))).status).toBe(404);
  });

  it('turns a policy into the spec of the node, its device-plugin configuration and its label', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('kernel', selector, { mtu: 9000, nicSelector: { pfNames: ['left#0-1'] } });
    await createPolicy('dpdk', selector, {
      resourceName: 'd',
      deviceType: 'vfio-pci',
      nicSelector: { pfNames: ['ens1#2-3'] },
    });
    await eventually(async () => {
      expect((await getState(name)).spec).toEqual({
        interfaces: [
          {
            pciAddress: '0000:3b:00.0',
            name: 'ens1',
            numVfs: 4,
            mtu: 9000,
            vfGroups: [
              { resourceName: 'r', deviceType: 'netdevice', vfRange: '0-1', policyName: 'kernel', mtu: 9000 },
              { resourceName: 'd', deviceType: 'vfio-pci', vfRange: '2-3', policyName: 'dpdk' },
            ],
          },
        ],
      });
      return true;
    });
    const { data } = (await request('GET', CONFIG())) as { data: Record<string, string> };
    expect(JSON.parse(data[name] ?? '')).toMatchObject({
      resourceList: [
        { resourceName: 'd', selectors: { pfNames: ['ens1#2-3'] } },
        { resourceName: 'r', selectors: { pfNames: ['ens1#0-1'] } },
      ],
    });
    const node = (await request('GET', `/api/v1/nodes/${name}`)) as { metadata: { labels: Record<string, string> } };
    expect(node.metadata.labels[LABEL.devicePlugin]).toBe('Enabled');
  });

  it('says on the policy how far it has come', async () => {
    const { name, selector } = await createNode();
    await createPolicy('progress', { own: 'nobody' });
    await untilPolicy('progress', 'Ready', { status: 'False', reason: 'NoMatchingNodes' });
    await request('PATCH', path(POLICIES, 'progress'), { spec: { nodeSelector: selector } });
    await untilPolicy('progress', 'Ready', { reason: 'NoMatchingInterfaces' });
    await report(name, { syncStatus: 'InProgress' });
    await untilPolicy('progress', 'Progressing', {
      status: 'True',
      message: `1 of 1 nodes are being configured: ${name}`,
    });
    await report(name, { syncStatus: 'Failed', lastSyncError: 'ens1: no' });
    await untilPolicy('progress', 'Degraded', { status: 'True', reason: 'NodesFailed' });
    await report(name, { syncStatus: 'Succeeded' });
    const policy = await untilPolicy('progress', 'Ready', { status: 'True', reason: 'PolicyApplied' });
    expect(policy.status).toMatchObject({ matchedNodeCount: 1, readyNodeCount: 1 });
  });

  it('names what is wrong with a policy, and configures the nodes of the others', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('greedy', selector, { numVfs: 9 });
    await createPolicy('modest', selector, { resourceName: 'm', nicSelector: { pfNames: ['ens2'] } });
    const message = `on ${name}: ens1: 9 VFs are wanted, and the PF can have 8`;
    await untilPolicy('greedy', 'Degraded', { status: 'True', reason: 'TooManyVirtualFunctions', message });
    await eventually(async () => {
      expect((await getState(name)).spec?.interfaces).toMatchObject([{ name: 'ens2', numVfs: 4 }]);
      return true;
    });
    await eventually(async () => {
      const { items } = (await request('GET', `/api/v1/namespaces/${operator}/events`)) as {
        items: { type: string; involvedObject: { name: string } }[];
      };
      return items.some(({ type, involvedObject }) => type === 'Warning' && involvedObject.name === 'greedy');
    });
  });

  it('tells of a policy in the wrong namespace', async () => {
    const elsewhere = await createNamespace('elsewhere');
    const body = {
      apiVersion: API_VERSION,
      kind: 'SriovNetworkNodePolicy',
      metadata: { name: 'lost' },
      spec: { resourceName: 'r', numVfs: 4, nodeSelector: {}, nicSelector: { vendor: '8086' } },
    };
    const collection = `${GROUP}/namespaces/${elsewhere}/${POLICIES}`;
    await request('POST', collection, body);
    await eventually(async () => {
      const { status } = (await request('GET', `${collection}/lost`)) as SriovNetworkNodePolicy;
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'Degraded',
          status: 'True',
          reason: 'WrongNamespace',
          message: `policies are read from the namespace ${operator} only: move it there`,
        }),
      );
      return true;
    });
  });

  it('restores a spec that someone edited, and resets it when the policy goes', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('firm', selector);
    const isFirm = async (): Promise<boolean> => (await getState(name)).spec?.interfaces?.[0]?.numVfs === 4;
    await eventually(isFirm);
    await request('PATCH', path(STATES, name), { spec: { interfaces: [], system: { rdmaMode: 'shared' } } });
    await eventually(isFirm);
    expect((await getState(name)).spec?.system).toBeUndefined();
    await request('DELETE', path(POLICIES, 'firm'));
    await eventually(async () => (await getState(name)).spec?.interfaces === undefined);
  });

  it('keeps the state of a node that is no longer managed for a while', async () => {
    const { name } = await createNode();
    await eventually(() => getState(name));
    await request('PATCH', `/api/v1/nodes/${name}`, { metadata: { labels: { [LABEL.worker]: null } } });
    const announced = await eventually(
      async () => (await getState(name)).metadata.annotations?.[ANNOTATION.keepStateUntil],
    );
    expect(Date.parse(announced) - Date.now()).toBeGreaterThan(29 * 60_000);
    const node = (await request('GET', `/api/v1/nodes/${name}`)) as { metadata: { labels: Record<string, string> } };
    expect(node.metadata.labels).not.toHaveProperty(LABEL.devicePlugin);
    await request('PATCH', `/api/v1/nodes/${name}`, { metadata: { labels: { [LABEL.worker]: '' } } });
    await eventually(
      async () => (await getState(name)).metadata.annotations?.[ANNOTATION.keepStateUntil] === undefined,
    );
  });

  it('writes nothing after a restart, because nothing changed', async () => {
    const versions = async (): Promise<string[]> => {
      const lists = [path(STATES), path(POLICIES), '/api/v1/nodes'];
      const bodies = (await Promise.all(lists.map((list) => request('GET', list)))) as {
        items: { metadata: { name: string; resourceVersion: string } }[];
      }[];
      const lines = bodies.flatMap(({ items }) =>
        items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`),
      );
      const config = (await request('GET', CONFIG())) as { metadata: { resourceVersion: string } };
      return [...lines.filter((line) => !line.startsWith('probe')), config.metadata.resourceVersion];
    };
    await untilServed();
    const before = await versions();
    stop.abort();
    await running;
    stop = new AbortController();
    running = start();
    await untilServed();
    expect(await versions()).toEqual(before);
  });
});

/**
 * Waits until the controller has done everything that was due before: statuses of policies are computed in the order
 * in which they became due, so when that of a new policy is written, so are all others.
 */
const untilServed = async (): Promise<void> => {
  serial += 1;
  const name = `probe-${serial}`;
  await createPolicy(name, { own: 'nobody' });
  await untilPolicy(name, 'Ready', { reason: 'NoMatchingNodes' });
};
