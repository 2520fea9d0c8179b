import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  ANNOTATION,
  type Condition,
  formatTime,
  type KubeObject,
  LABEL,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
} from '@sriov/api';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane } from '@sriov/testing';
import { service } from './service.ts';
import { settingsOf } from './test/offline-controllers.ts';

jest.setTimeout(120_000);

const API_VERSION = 'sriovnetwork.openshift.io/v1';
const POLICIES = 'sriovnetworknodepolicies';
const POOLS = 'sriovnetworkpoolconfigs';
const STATES = 'sriovnetworknodestates';
const ADDRESS = '0000:3b:00.0';
const INTERFACES = [{ name: 'ens1', pciAddress: ADDRESS, vendor: '8086', deviceID: '1592', totalvfs: 8 }];
let stop = new AbortController();
let operator: string;
let running: Promise<void>;
/** Label of the nodes of one test: its policies and pools select by it. */
let zone = '';
let serial = 0;

const path = (plural: string, name = ''): string =>
  `/apis/${API_VERSION}/namespaces/${operator}/${plural}/${name}`.replace(/\/$/, '');

const start = (): Promise<void> =>
  serve(service, settingsOf({ kubeconfig: testControlPlane().kubeconfigPath, namespace: operator }), stop.signal);
const restart = async (): Promise<void> => {
  stop.abort();
  await running;
  stop = new AbortController();
  running = start();
};

beforeAll(async () => {
  await installCrds();
  operator = await createNamespace('operator');
  const spec = { configDaemonNodeSelector: { rollouts: operator } };
  await request('POST', path('sriovoperatorconfigs'), {
    ...{ apiVersion: API_VERSION, kind: 'SriovOperatorConfig', metadata: { name: 'default' }, spec },
  });
  running = start();
});
afterAll(async () => {
  stop.abort();
  await running;
});
beforeEach(() => {
  serial += 1;
  zone = `zone-${serial}`;
});

const getState = async (name: string): Promise<SriovNetworkNodeState> =>
  (await request('GET', path(STATES, name))) as SriovNetworkNodeState;
const vfsOf = ({ spec }: SriovNetworkNodeState): number => spec?.interfaces?.[0]?.numVfs ?? 0;
const untilVfs = (name: string, count: number): Promise<SriovNetworkNodeState> =>
  eventually(async () => {
    const state = await getState(name);
    expect(vfsOf(state)).toBe(count);
    return state;
  });

/** What the daemon of the node says of its newest spec. As the daemon, it leaves conditions alone that are not its own. */
const say = (name: string, syncStatus: 'Succeeded' | 'Failed'): Promise<unknown> =>
  eventually(async () => {
    const { metadata, status: before } = await getState(name);
    const now = formatTime(Date.now());
    const status = syncStatus === 'Succeeded' ? 'True' : 'False';
    const ready = { type: 'Ready', status, reason: syncStatus, message: 'it says so', lastTransitionTime: now };
    const failures = [{ reason: 'ApplyFailed', message: 'ens1: it is broken', since: now, pciAddress: ADDRESS }];
    const conditions = [
      ...(before?.conditions ?? []).filter(({ type }) => type !== 'Ready'),
      { ...ready, observedGeneration: metadata.generation },
    ];
    return request('PATCH', `${path(STATES, name)}/status`, {
      metadata: { resourceVersion: metadata.resourceVersion },
      status: { syncStatus, interfaces: INTERFACES, failures: syncStatus === 'Failed' ? failures : null, conditions },
    });
  });
const join = async (name: string): Promise<string> => {
  const node = `${zone}-${name}`;
  await request('POST', '/api/v1/nodes', { metadata: { name: node, labels: { rollouts: operator, zone } } });
  await eventually(() => getState(node));
  await say(node, 'Succeeded');
  return node;
};
const policyName = (): string => `policy-${zone}`;
/** A policy for 2 VFs on all nodes of the test, once they have them. */
const rollOut = async (nodes: readonly string[]): Promise<void> => {
  const spec = { resourceName: 'r', numVfs: 2, nodeSelector: { zone }, nicSelector: { pfNames: ['ens1'] } };
  const metadata = { name: policyName() };
  await request('POST', path(POLICIES), { apiVersion: API_VERSION, kind: 'SriovNetworkNodePolicy', metadata, spec });
  for (const node of nodes) {
    await untilVfs(node, 2);
    await say(node, 'Succeeded');
  }
};
const change = (patch: object): Promise<unknown> => request('PATCH', path(POLICIES, policyName()), patch);
const pause = (value: string | null): Promise<unknown> =>
  change({ metadata: { annotations: { [ANNOTATION.paused]: value } } });
const createPool = (canary: object): Promise<unknown> =>
  request('POST', path(POOLS), {
    ...{ apiVersion: API_VERSION, kind: 'SriovNetworkPoolConfig', metadata: { name: zone } },
    spec: { nodeSelector: { matchLabels: { zone } }, canary },
  });

const untilCondition = (plural: string, name: string, expected: Partial<Condition>): Promise<Condition | undefined> =>
  eventually(async () => {
    const { status } = (await request('GET', path(plural, name))) as SriovNetworkPoolConfig;
    const condition = status?.conditions?.find(({ type }) => type === expected.type);
    expect(condition).toMatchObject(expected);
    return condition;
  });
const untilHeld = (name: string, reason: string): Promise<Condition | undefined> =>
  untilCondition(STATES, name, { type: 'RolledOut', status: 'False', reason });
const untilEvent = (name: string, reason: string): Promise<unknown> =>
  eventually(async () => {
    const { items } = (await request('GET', `/api/v1/namespaces/${operator}/events`)) as {
      items: (KubeObject & { involvedObject: { name: string }; reason: string })[];
    };
    return items.find((event) => event.involvedObject.name === name && event.reason === reason);
  });
/** What a node has: its spec, its configuration, and the hash by which the device plugin is restarted. */
const whatHas = async (name: string): Promise<unknown[]> => {
  const { data } = (await request('GET', `/api/v1/namespaces/${operator}/configmaps/device-plugin-config`)) as {
    data: Record<string, string>;
  };
  const { spec, metadata } = await getState(name);
  const { labels } = ((await request('GET', `/api/v1/nodes/${name}`)) as KubeObject).metadata;
  return [data[name], spec, metadata.annotations, metadata.generation, labels?.[LABEL.devicePlugin]];
};

describe('a policy that is paused', () => {
  it('changes nothing on its nodes, says so on policy and node, and goes on afterwards', async () => {
    const node = await join('a');
    await rollOut([node]);
    await pause('true');
    const before = await whatHas(node);
    await change({ spec: { numVfs: 4, resourceName: 'other' } });
    const held = await untilHeld(node, 'RolloutPaused');
    expect(held?.message).toContain(`the policy ${policyName()} is paused (annotation ${ANNOTATION.paused})`);
    await untilCondition(POLICIES, policyName(), { type: 'Ready', status: 'False', reason: 'RolloutPaused' });
    expect(await whatHas(node)).toEqual(before);
    await untilEvent(node, 'RolloutPaused');
    await pause(null);
    await untilVfs(node, 4);
    await untilCondition(STATES, node, { type: 'RolledOut', status: 'True', reason: 'RolledOut' });
    await say(node, 'Succeeded');
    await untilCondition(POLICIES, policyName(), { type: 'Ready', status: 'True', reason: 'PolicyApplied' });
  });

  it('leaves a node alone that joins, and one whose pause began while nobody ran', async () => {
    const node = await join('a');
    await rollOut([node]);
    stop.abort();
    await running;
    await pause('true');
    await change({ spec: { numVfs: 4 } });
    await restart();
    await untilHeld(node, 'RolloutPaused');
    const newcomer = await join('b');
    await untilHeld(newcomer, 'RolloutPaused');
    const { metadata, spec } = await getState(newcomer);
    expect([metadata.annotations?.[ANNOTATION.plannedFrom], spec?.interfaces]).toEqual([undefined, undefined]);
    expect(vfsOf(await getState(node))).toBe(2);
  });

  it('holds a node that it no longer selects, until the pause ends', async () => {
    const node = await join('a');
    await rollOut([node]);
    await pause('true');
    await change({ spec: { nodeSelector: { zone: 'elsewhere' } } });
    await untilHeld(node, 'RolloutPaused');
    expect(vfsOf(await getState(node))).toBe(2);
    await pause(null);
    await untilVfs(node, 0);
  });

  it('is gone when it is deleted, and so are its VFs', async () => {
    const node = await join('a');
    await rollOut([node]);
    await pause('true');
    await request('DELETE', path(POLICIES, policyName()));
    await untilVfs(node, 0);
  });
});

describe('a pool that asks for a canary', () => {
  const partsOf = async (nodes: readonly string[]): Promise<string[]> => {
    const states = await Promise.all(nodes.map(getState));
    return states.map(({ metadata }) => metadata.annotations?.[ANNOTATION.rollout]?.split(' ')[0] ?? 'none').sort();
  };
  /** The nodes with 4 VFs, once there are so many and the others are held. */
  const untilCanary = (nodes: readonly string[], count: number, reason = 'WaitingForCanary'): Promise<string[]> =>
    eventually(async () => {
      const states = await Promise.all(nodes.map(getState));
      const changed = states.filter((state) => vfsOf(state) === 4).map(({ metadata }) => metadata.name);
      expect(changed).toHaveLength(count);
      for (const { metadata, status } of states.filter(({ metadata: { name } }) => !changed.includes(name))) {
        const said = status?.conditions?.find(({ type }) => type === 'RolledOut');
        expect([metadata.name, said?.status, said?.reason]).toEqual([metadata.name, 'False', reason]);
      }
      return changed;
    });
  let nodes: string[] = [];
  beforeEach(async () => {
    nodes = [];
    for (const name of ['a', 'b', 'c', 'd']) nodes.push(await join(name));
    await rollOut(nodes);
  });

  it('lets two nodes begin, goes on after a restart, and lets the others follow when both have succeeded', async () => {
    await createPool({ nodes: 2 });
    await untilCondition(POOLS, zone, { type: 'Ready', status: 'True' });
    await change({ spec: { numVfs: 4 } });
    const [first = '', second = ''] = await untilCanary(nodes, 2);
    await untilCondition(POLICIES, policyName(), { type: 'Progressing', status: 'True', reason: 'WaitingForCanary' });
    await untilCondition(POOLS, zone, { type: 'Progressing', status: 'True', reason: 'WaitingForCanary' });
    await say(first, 'Succeeded');
    await restart();
    await say(second, 'Succeeded');
    for (const node of nodes) await untilVfs(node, 4);
    expect(await partsOf(nodes)).toEqual(['canary', 'canary', 'rest', 'rest']);
  });

  it('stops the others when it fails, and gives a correction to the same nodes first', async () => {
    await createPool({ nodes: '25%', succeededForSeconds: 3600 });
    await untilCondition(POOLS, zone, { type: 'Ready', status: 'True' });
    await change({ spec: { numVfs: 4 } });
    const [canary = ''] = await untilCanary(nodes, 1);
    await say(canary, 'Failed');
    await untilCanary(nodes, 1, 'CanaryFailed');
    const degraded = { type: 'Degraded', status: 'True', reason: 'CanaryFailed' } as const;
    const { message } = (await untilCondition(POLICIES, policyName(), degraded)) ?? {};
    expect(message).toContain(`3 of 4 nodes keep what they have: the canary of the pool ${zone} failed on ${canary}`);
    expect(message).toContain('ens1: it is broken');
    await untilCondition(POOLS, zone, degraded);
    await untilEvent(policyName(), 'CanaryFailed');
    await change({ spec: { numVfs: 3 } });
    await untilVfs(canary, 3);
    await say(canary, 'Succeeded');
    const others = nodes.filter((node) => node !== canary);
    for (const node of others) await untilHeld(node, 'WaitingForCanary');
    expect((await Promise.all(others.map(getState))).map(vfsOf)).toEqual([2, 2, 2]);
    await request('PATCH', path(POOLS, zone), { spec: { canary: { succeededForSeconds: 0 } } });
    for (const node of nodes) await untilVfs(node, 3);
  });

  it('takes another node when the canary is deleted, and lets all go when it no longer asks for one', async () => {
    await createPool({ nodes: 1 });
    await untilCondition(POOLS, zone, { type: 'Ready', status: 'True' });
    await change({ spec: { numVfs: 4 } });
    const [canary = ''] = await untilCanary(nodes, 1);
    await request('DELETE', `/api/v1/nodes/${canary}`);
    const others = nodes.filter((node) => node !== canary);
    await untilCanary(others, 1);
    await request('PATCH', path(POOLS, zone), { spec: { canary: null } });
    for (const node of others) await untilVfs(node, 4);
    await eventually(async () => (await partsOf(others)).every((part) => part === 'none'));
  });

  it.each([[0], ['0%'], ['many'], [-1]])('is refused with %j nodes by the API server itself', async (count) => {
    await expect(createPool({ nodes: count })).rejects.toThrow(
      'spec.canary.nodes must be a number of nodes (1 or more) or a percentage from "1%" to "100%"',
    );
  });
});
