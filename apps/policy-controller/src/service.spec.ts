import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  ANNOTATION,
  type Condition,
  type KubeObject,
  LABEL,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
} from '@sriov/api';
import { configShardNames, configShardOf } from '@sriov/device-plugin-config';
import { configHash, serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { service } from './service.ts';
import { settingsOf } from './test/offline-controllers.ts';

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
const POOLS = 'sriovnetworkpoolconfigs';
const CONFIG = (): string => `/api/v1/namespaces/${operator}/configmaps/device-plugin-config`;

const start = (devicePluginConfigShards = 1): Promise<void> =>
  serve(
    service,
    settingsOf({ kubeconfig: testControlPlane().kubeconfigPath, namespace: operator, devicePluginConfigShards }),
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
/** Waits until the spec is planned from what the daemon has reported. */
const untilPlanned = (name: string): Promise<SriovNetworkNodeState> =>
  eventually(async () => {
    const state = await getState(name);
    return state.metadata.annotations?.[ANNOTATION.plannedFrom] === '0000:3b:00.0,0000:5e:00.0' && state;
  });
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
const createPool = (name: string, spec: object): Promise<unknown> =>
  request('POST', path(POOLS), { apiVersion: API_VERSION, kind: 'SriovNetworkPoolConfig', metadata: { name }, spec });
const untilPool = (name: string, expected: object): Promise<unknown> =>
  eventually(async () => {
    const { status } = (await request('GET', path(POOLS, name))) as SriovNetworkPoolConfig;
    expect(status?.conditions).toContainEqual(expect.objectContaining(expected));
    return status;
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
    await untilPolicy('progress', 'Progressing', {
      status: 'True',
      message: `nodes that have not reported their PFs yet, so that nothing can be planned for them: ${name} (does their config daemon run?)`,
    });
    await report(name, { interfaces: [], syncStatus: 'InProgress' });
    await untilPolicy('progress', 'Ready', { status: 'False', reason: 'NoMatchingInterfaces' });
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

  it('says of each policy what fails on its own PFs alone', async () => {
    const { name, selector } = await createNode();
    await report(name);
    const pfs = ['ens1', 'ens2'];
    for (const pf of pfs)
      await createPolicy(`on-${pf}`, selector, { nicSelector: { pfNames: [pf] }, resourceName: pf });
    const state = await eventually(async () => {
      const found = await getState(name);
      expect(found.spec?.interfaces).toHaveLength(2);
      return found;
    });
    const failure = { pciAddress: '0000:3b:00.0', reason: 'ApplyFailed', step: 'set-num-vfs', errno: 'EBUSY' };
    const since = '2026-11-24T10:00:00Z';
    const ready = { type: 'Ready', status: 'False', reason: 'ApplyFailed', message: '', lastTransitionTime: since };
    await report(name, {
      syncStatus: 'Failed',
      failures: [{ ...failure, message: 'ens1: create 4 VFs: EBUSY', since }],
      conditions: [{ ...ready, observedGeneration: state.metadata.generation }],
    });
    await untilPolicy('on-ens2', 'Ready', { status: 'True', reason: 'PolicyApplied' });
    const message = `1 of 1 nodes failed\non ${name}: ens1: create 4 VFs: EBUSY`;
    await untilPolicy('on-ens1', 'Degraded', { status: 'True', reason: 'NodesFailed', message });
    // As from a daemon of the version before, which does not tell what failed.
    await report(name, { failures: null });
    await untilPolicy('on-ens2', 'Degraded', { status: 'True', reason: 'NodesFailed' });
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

  it.each([
    {
      kind: 'SriovNetworkNodePolicy',
      plural: POLICIES,
      spec: { resourceName: 'r', numVfs: 4, nodeSelector: {}, nicSelector: { vendor: '8086' } },
      noun: 'policies',
    },
    { kind: 'SriovNetworkPoolConfig', plural: POOLS, spec: { rdmaMode: 'exclusive' }, noun: 'pools' },
  ])('tells of a $kind in the wrong namespace, which does nothing', async ({ kind, plural, spec, noun }) => {
    const elsewhere = await createNamespace('elsewhere');
    const collection = `${GROUP}/namespaces/${elsewhere}/${plural}`;
    await request('POST', collection, { apiVersion: API_VERSION, kind, metadata: { name: 'lost' }, spec });
    await eventually(async () => {
      const { status } = (await request('GET', `${collection}/lost`)) as SriovNetworkNodePolicy;
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'Degraded',
          status: 'True',
          reason: 'WrongNamespace',
          message: `${noun} are read from the namespace ${operator} only: move it there`,
        }),
      );
      return true;
    });
    const { name } = await createNode();
    const state = await eventually(() => getState(name));
    expect(state.spec?.system?.rdmaMode).toBeUndefined();
    expect(state.spec?.interfaces).toBeUndefined();
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

  describe('says from which reported PFs it planned the spec', () => {
    const BOTH = '0000:3b:00.0,0000:5e:00.0';
    const annotationOf = async (name: string): Promise<string | undefined> =>
      (await getState(name)).metadata.annotations?.[ANNOTATION.plannedFrom];
    const labelOf = async (name: string): Promise<string | undefined> =>
      ((await request('GET', `/api/v1/nodes/${name}`)) as KubeObject).metadata.labels?.[LABEL.devicePlugin];
    const keyOf = async (name: string): Promise<string | undefined> =>
      ((await request('GET', CONFIG())) as { data?: Record<string, string> }).data?.[name];

    it('in the write of the spec, and not before there is a report', async () => {
      const { name, selector } = await createNode();
      await createPolicy(`planned-${name}`, selector);
      const { resourceVersion } = (await eventually(() => getState(name))).metadata;
      await untilPolicy(`planned-${name}`, 'Progressing', { status: 'True' });
      expect((await getState(name)).metadata.resourceVersion).toBe(resourceVersion);
      expect([await keyOf(name), await labelOf(name)]).toEqual([undefined, undefined]);
      await report(name);
      const { spec } = await untilPlanned(name);
      expect(spec?.interfaces).toMatchObject([{ name: 'ens1', numVfs: 4 }]);
      await request('DELETE', path(POLICIES, `planned-${name}`));
      await eventually(async () => (await getState(name)).spec?.interfaces === undefined);
      expect(await annotationOf(name)).toBe(BOTH);
    });

    it('again, when a hand has taken that away or changed it', async () => {
      const { name } = await createNode();
      await report(name);
      await untilPlanned(name);
      for (const text of [null, '0000:3b:00.0', 'nonsense']) {
        await request('PATCH', path(STATES, name), { metadata: { annotations: { [ANNOTATION.plannedFrom]: text } } });
        await untilPlanned(name);
      }
    });

    it('again after the node state was deleted, and meanwhile leaves configuration and label of the device plugin', async () => {
      const { name, selector } = await createNode();
      await createPolicy(`deleted-${name}`, selector);
      await report(name, { syncStatus: 'Succeeded' });
      await untilPlanned(name);
      await untilPolicy(`deleted-${name}`, 'Ready', { status: 'True' });
      const before = [await keyOf(name), await labelOf(name)];
      expect(before).toEqual([expect.stringContaining('ens1'), 'Enabled']);
      const { metadata } = await getState(name);
      await request('DELETE', path(STATES, name));
      const fresh = await eventually(async () => {
        const state = await getState(name);
        return state.metadata.uid !== metadata.uid && state;
      });
      await untilPolicy(`deleted-${name}`, 'Ready', { status: 'False', reason: 'NodesProgressing' });
      expect(fresh.metadata.annotations).toEqual({
        [ANNOTATION.desiredState]: 'Idle',
        [ANNOTATION.currentState]: 'Idle',
      });
      expect([await keyOf(name), await labelOf(name)]).toEqual(before);
      await report(name, { syncStatus: 'InProgress' });
      const planned = await untilPlanned(name);
      expect(planned.metadata.annotations).toMatchObject({
        [ANNOTATION.devicePluginConfigHash]: metadata.annotations?.[ANNOTATION.devicePluginConfigHash],
      });
      expect([await keyOf(name), await labelOf(name)]).toEqual(before);
    });

    it('as before when the status is emptied, and changes nothing else then either', async () => {
      const { name, selector } = await createNode();
      await createPolicy(`emptied-${name}`, selector);
      await report(name, { syncStatus: 'Succeeded' });
      await untilPolicy(`emptied-${name}`, 'Ready', { status: 'True' });
      const before = [await untilPlanned(name).then(({ spec }) => spec), await keyOf(name), await labelOf(name)];
      await request('PATCH', `${path(STATES, name)}/status`, { status: { interfaces: null, syncStatus: null } });
      await untilPolicy(`emptied-${name}`, 'Ready', { status: 'False', reason: 'NodesProgressing' });
      expect([(await getState(name)).spec, await keyOf(name), await labelOf(name)]).toEqual(before);
      expect(await annotationOf(name)).toBe(BOTH);
    });
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

  it('has the device plugin restarted when its configuration alone changes, and the spec is not touched', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('topology', selector);
    const hashOf = (state: SriovNetworkNodeState): string | undefined =>
      state.metadata.annotations?.[ANNOTATION.devicePluginConfigHash];
    const before = await eventually(async () => {
      const state = await getState(name);
      return state.spec?.interfaces && state;
    });
    await request('PATCH', path(POLICIES, 'topology'), { spec: { excludeTopology: true } });
    const after = await eventually(async () => {
      const state = await getState(name);
      return hashOf(state) !== hashOf(before) && state;
    });
    expect(after.metadata.generation).toBe(before.metadata.generation);
    const { data } = (await request('GET', CONFIG())) as { data: Record<string, string> };
    expect(configHash(data[name] ?? '')).toBe(hashOf(after));
    expect(data[name]).toContain('"excludeTopology":true');
  });

  it('does not call a policy ready that was changed and is not carried out yet', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('edited', selector);
    await eventually(async () => (await getState(name)).spec?.interfaces !== undefined);
    const done = async (): Promise<void> => {
      const { generation: observedGeneration } = (await getState(name)).metadata;
      const facts = { type: 'Ready', status: 'True', reason: 'InSync', message: '' };
      const conditions = [{ ...facts, observedGeneration, lastTransitionTime: '2026-01-01T00:00:00Z' }];
      await report(name, { syncStatus: 'Succeeded', conditions });
    };
    await done();
    await untilPolicy('edited', 'Ready', { status: 'True', observedGeneration: 1 });
    await request('PATCH', path(POLICIES, 'edited'), { spec: { numVfs: 2 } });
    const first = await eventually(async () => {
      const policy = (await request('GET', path(POLICIES, 'edited'))) as SriovNetworkNodePolicy;
      return policy.status?.conditions?.find((each) => each.type === 'Ready' && each.observedGeneration === 2);
    });
    expect(first).toMatchObject({ status: 'False', reason: 'NodesProgressing' });
    await eventually(async () => (await getState(name)).spec?.interfaces?.[0]?.numVfs === 2);
    await done();
    await untilPolicy('edited', 'Ready', { status: 'True', observedGeneration: 2 });
  });

  it('keeps the entry of a PF that vanished a moment ago', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('whole', selector, { resourceName: 'w', nicSelector: { pfNames: ['left', 'ens2'] } });
    await eventually(async () => (await getState(name)).spec?.interfaces?.length === 2);
    await report(name, { interfaces: [{ name: 'ens2', pciAddress: '0000:5e:00.0', vendor: '15b3', totalvfs: 8 }] });
    // A change that must get through shows that the report was seen.
    await request('PATCH', path(POLICIES, 'whole'), { spec: { mtu: 9000 } });
    await eventually(async () => {
      expect((await getState(name)).spec?.interfaces).toMatchObject([
        { name: 'ens1', numVfs: 4 },
        { name: 'ens2', mtu: 9000 },
      ]);
      return true;
    });
    const { data } = (await request('GET', CONFIG())) as { data: Record<string, string> };
    expect(data[name]).toContain('"pfNames":["ens1","ens2"]');
  });

  it('keeps all entries of a node whose PFs cannot be read', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('unread', selector, { resourceName: 'u', nicSelector: { pfNames: ['ens1', 'ens2'] } });
    const { spec } = await eventually(async () => {
      const state = await getState(name);
      return state.spec?.interfaces?.length === 2 && state;
    });
    await report(name, { interfaces: [{ name: 'ens1', pciAddress: '0000:3b:00.0', totalvfs: 8 }, { name: 'ens2' }] });
    await request('PATCH', path(POLICIES, 'unread'), { spec: { mtu: 9000 } });
    await untilPolicy('unread', 'Ready', { observedGeneration: 2 });
    expect((await getState(name)).spec).toEqual(spec);
  });

  it('says on a pool which nodes it has, and that two pools share one', async () => {
    const { name, selector } = await createNode();
    await report(name, { syncStatus: 'Succeeded' });
    await createPool('quiet', { nodeSelector: { matchLabels: selector }, rdmaMode: 'exclusive' });
    await eventually(async () => (await getState(name)).spec?.system?.rdmaMode === 'exclusive');
    await report(name, { syncStatus: 'Succeeded', system: { rdmaMode: 'exclusive' } });
    await untilPool('quiet', { type: 'Ready', status: 'True', reason: 'PoolReady' });
    expect(await request('GET', path(POOLS, 'quiet'))).toMatchObject({
      status: { matchedNodeCount: 1, readyNodeCount: 1 },
    });
    await createPool('greedy', { nodeSelector: { matchLabels: selector }, rdmaMode: 'shared' });
    const message = `on ${name}: node ${name} is in the pools greedy, quiet: narrow their nodeSelector until it is in one`;
    for (const pool of ['greedy', 'quiet']) {
      await untilPool(pool, { type: 'Degraded', status: 'True', reason: 'NodeInSeveralPools', message });
    }
    expect((await getState(name)).spec?.system?.rdmaMode).toBe('exclusive');
    await request('DELETE', path(POOLS, 'greedy'));
    await untilPool('quiet', { type: 'Ready', status: 'True' });
  });

  it('says on a policy what its nodes will refuse, by what they report of their PFs', async () => {
    const { name, selector } = await createNode();
    const pf = { pciAddress: '0000:3b:00.0', vendor: '8086', deviceID: '1592', driver: 'igb', totalvfs: 8, numVfs: 4 };
    const Vfs = [0, 1, 2, 3].map((vfID) => ({ vfID, pciAddress: `0000:3b:01.${vfID}` }));
    await report(name, { syncStatus: 'Succeeded', interfaces: [{ ...pf, name: 'ens1', eSwitchMode: 'legacy', Vfs }] });
    await createPolicy('offload', selector, { eSwitchMode: 'switchdev' });
    const message = `on ${name}: ens1: eSwitch mode switchdev is wanted, and the PF has no eSwitch whose mode can be changed: its driver igb offers none to devlink`;
    await untilPolicy('offload', 'Ready', { status: 'False', reason: 'Unsupported', message });
    const switched = { ...pf, name: 'ens1', eSwitchMode: 'switchdev', Vfs };
    await report(name, { syncStatus: 'Succeeded', interfaces: [switched] });
    await untilPolicy('offload', 'Ready', { status: 'True', reason: 'PolicyApplied' });
  });

  it('names what is wrong with the list of NICs, and goes on', async () => {
    const list = `/api/v1/namespaces/${operator}/configmaps`;
    const data = { MyNIC: '8086 1521', Good: '8086 1592 1889' };
    await request('POST', list, { metadata: { name: 'supported-nic-ids' }, data });
    const message = 'entry MyNIC: "8086 1521" is not of the form "vendor pfDevice vfDevice", such as "8086 1521 1520"';
    await untilConfig('NicListRead', { status: 'False', reason: 'NicListInvalid', message });
    await eventually(async () => (await eventsOf('supported-nic-ids')).some((event) => event.message === message));
    await request('DELETE', `${list}/supported-nic-ids`);
    await untilConfig('NicListRead', { status: 'True' });
  });

  it('leaves a node as it is whose configuration finds no room, and says so', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('small', selector);
    const before = await eventually(async () => {
      const state = await getState(name);
      expect(state.spec?.interfaces?.[0]?.vfGroups?.[0]?.policyName).toBe('small');
      return state;
    });
    const large = await createLargePolicies({ ...selector, size: 'large' });
    await labelNode(name, { size: 'large' });
    await untilConfig('DevicePluginConfigWritten', { status: 'False', reason: 'ConfigMapFull' });
    await untilPolicy('small', 'Degraded', { status: 'True', reason: 'ConfigMapFull' });
    const other = await createNode();
    await report(other.name);
    await createPolicy('elsewhere', other.selector);
    await eventually(async () => (await getState(other.name)).spec?.interfaces !== undefined);
    expect((await getState(name)).spec).toEqual(before.spec);
    for (const policy of large.slice(1)) await request('DELETE', path(POLICIES, policy));
    await untilConfig('DevicePluginConfigWritten', { status: 'True' });
    await untilPolicy('small', 'Degraded', { status: 'False' });
  });

  it('no longer says that a node finds no room when what it has is what it should have', async () => {
    const { name, selector } = await createNode();
    await report(name);
    await createPolicy('enough', selector);
    await untilPolicy('enough', 'Degraded', { status: 'False' });
    const large = await createLargePolicies({ ...selector, size: 'large' });
    await labelNode(name, { size: 'large' });
    await untilConfig('DevicePluginConfigWritten', { status: 'False', reason: 'ConfigMapFull' });
    await labelNode(name, { size: null });
    await untilConfig('DevicePluginConfigWritten', { status: 'True' });
    for (const policy of large) await request('DELETE', path(POLICIES, policy));
  });

  it('puts a status right that someone else has written', async () => {
    const { name, selector } = await createNode();
    await report(name, { syncStatus: 'Succeeded' });
    await createPolicy('honest', selector);
    await createPool('honest', { nodeSelector: { matchLabels: selector } });
    await untilPolicy('honest', 'Degraded', { status: 'False' });
    await untilPool('honest', { type: 'Degraded', status: 'False' });
    const condition = { status: 'Unknown', reason: 'Guess', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const writeOver = (plural: string, object: string, type: string): Promise<unknown> =>
      request('PATCH', `${path(plural, object)}/status`, { status: { conditions: [{ type, ...condition }] } });
    await writeOver(POLICIES, 'honest', 'Degraded');
    await writeOver(POOLS, 'honest', 'Degraded');
    await writeOver('sriovoperatorconfigs', 'default', 'NicListRead');
    await untilPolicy('honest', 'Degraded', { status: 'False' });
    await untilPool('honest', { type: 'Degraded', status: 'False' });
    await untilConfig('NicListRead', { status: 'True' });
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

  it('spreads the configuration of the device plugin over several ConfigMaps when told to', async () => {
    const keysOf = async (configMap: string): Promise<string[]> => {
      const answer = await tryRequest('GET', `/api/v1/namespaces/${operator}/configmaps/${configMap}`);
      return Object.keys((answer.body as { data?: object }).data ?? {});
    };
    const all = await keysOf('device-plugin-config');
    const { name } = await createNode();
    await report(name);
    const before = await untilPlanned(name);
    stop.abort();
    await running;
    stop = new AbortController();
    running = start(3);
    const names = configShardNames(3);
    await eventually(async () => {
      const shards = await Promise.all(names.map(keysOf));
      const misplaced = shards.flatMap((keys, shard) => keys.filter((node) => configShardOf(node, 3) !== names[shard]));
      expect([misplaced, shards.flat().sort()]).toEqual([[], [...all, name].sort()]);
      return true;
    });
    // Where it stands is not what the device plugin is restarted for.
    expect((await getState(name)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

const labelNode = (name: string, labels: Record<string, string | null>): Promise<unknown> =>
  request('PATCH', `/api/v1/nodes/${name}`, { metadata: { labels } });

/** Policies whose configuration of the device plugin is larger than a ConfigMap can be; returns their names. */
const createLargePolicies = async (selector: object): Promise<string[]> => {
  serial += 1;
  const pfNames = Array.from({ length: 255 }, (_, index) => `${index}-`.padEnd(139, 'x'));
  const names = Array.from({ length: 30 }, (_, index) => `large-${serial}-${index}`);
  for (const name of names) {
    await createPolicy(name, selector, { resourceName: name, nicSelector: { pfNames } });
  }
  return names;
};

const untilConfig = (type: string, expected: object): Promise<unknown> =>
  eventually(async () => {
    const config = (await request('GET', path('sriovoperatorconfigs', 'default'))) as SriovOperatorConfig;
    expect(config.status?.conditions?.find((each) => each.type === type)).toMatchObject(expected);
    return config;
  });
const eventsOf = async (name: string): Promise<{ message: string }[]> => {
  const { items } = (await request('GET', `/api/v1/namespaces/${operator}/events`)) as {
    items: { message: string; involvedObject: { name: string } }[];
  };
  return items.filter(({ involvedObject }) => involvedObject.name === name);
};

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
