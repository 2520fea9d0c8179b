import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { connect, EventRecorder, KubeClient, loadKubeConfig } from '@sriov/kube';
import { applying } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { createLogger, systemClock } from '@sriov/runtime';
import { createNamespace, FakeClock, installCrds, request, testControlPlane } from '@sriov/testing';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';

jest.setTimeout(60_000);

const connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
const log = createLogger({ service: 'spec', level: 'silent' });
const fine = { syncStatus: SYNC_STATUS.succeeded, reason: 'InSync' as const, message: 'all is well' };
let namespace: string;

beforeAll(async () => {
  await installCrds();
  namespace = await createNamespace('daemon');
});
afterAll(() => connection.close());

const hostWith = (pfs: number): ObservedHost => ({
  problems: [],
  interfaces: Array.from({ length: pfs }, (_, index) => ({
    pciAddress: `0000:${index.toString(16).padStart(4, '0')}.0`,
    vendor: '8086',
    deviceId: '1592',
    driver: 'ice',
    linkType: 'ETH' as const,
    link: { name: `ens${index}`, altNames: [`enp${index}s0f0np0`], mac: '02:00:00:00:00:01', mtu: 1500, up: true },
    sriov: { totalVfs: 64, autoprobe: true, vfs: [] },
  })),
});

/** A writer whose cache follows the server when it is told to. */
const writerFor = async (
  name: string,
): Promise<{
  writer: StatusWriter;
  clock: FakeClock;
  look: () => Promise<SriovNetworkNodeState>;
  count: () => number;
}> => {
  let cached = await client.create(SRIOV_NETWORK_NODE_STATE, { metadata: { name, namespace }, spec: {} });
  let writes = 0;
  const counted = Object.create(client) as KubeClient;
  counted.apply = (...args: Parameters<KubeClient['apply']>) => {
    writes += 1;
    return client.apply(...args) as never;
  };
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const recorder = new EventRecorder({ client, clock, log, component: 'spec', instance: 'spec' });
  const writer = createStatusWriter({ client: counted, recorder, clock, getNodeState: () => cached });
  return {
    writer,
    clock,
    count: () => writes,
    async look() {
      const path = `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/${name}`;
      cached = (await request('GET', path)) as SriovNetworkNodeState;
      return cached;
    },
  };
};

describe('a node that reports more than the API server takes', () => {
  it('says the sizes in its conditions, and keeps the interfaces that are in the status', async () => {
    const { writer, look } = await writerFor('large');
    const nodeState = await look();
    await writer.write(nodeState, { observed: hostWith(2), verdict: fine });
    await look();
    await writer.write(nodeState, { observed: hostWith(10_000), verdict: fine });
    const { status } = await look();
    expect(status?.interfaces).toHaveLength(2);
    expect(status?.syncStatus).toBe('Failed');
    const degraded = status?.conditions?.find(({ type }) => type === 'Degraded');
    expect(degraded).toMatchObject({ status: 'True', reason: 'NodeStateTooLarge' });
    expect(degraded?.message).toMatch(/10000 PFs and 0 VFs make 3\.0 MB.*The host itself: all is well/);
    expect(writer.isOurs(status)).toBe(true);
  });

  it('does not send again what was refused, and reports all of it when there is less', async () => {
    const { writer, look, count, clock } = await writerFor('shrinking');
    const nodeState = await look();
    await writer.write(nodeState, { observed: hostWith(10_000), verdict: fine });
    await look();
    const before = count();
    expect(await writer.write(nodeState, { observed: hostWith(10_000), verdict: fine })).toBe(false);
    expect(count()).toBe(before);
    await clock.advance(3_600_000);
    await writer.write(nodeState, { observed: hostWith(10_000), verdict: fine });
    expect(count()).toBe(before + 1);
    await writer.write(nodeState, { observed: hostWith(3), verdict: fine });
    const { status } = await look();
    expect([status?.interfaces?.length, status?.syncStatus]).toEqual([3, 'Succeeded']);
  });

  it('passes on other refusals, and those of a status without interfaces', async () => {
    const { writer, look } = await writerFor('gone');
    const nodeState = await look();
    await request('DELETE', `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/gone`);
    await expect(writer.write(nodeState, { verdict: applying(['x']) })).rejects.toMatchObject({ status: 404 });
  });
});

describe('the Event about a failed pass', () => {
  const degraded = {
    type: 'Degraded',
    status: 'True' as const,
    observedGeneration: 2,
    reason: 'ApplyFailed',
    message: 'ens1 fails',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };

  it.each([
    ['had no conditions', []],
    ['had lost all conditions but Degraded', [degraded]],
  ])('is a Warning where the node state %s', async (_, conditions) => {
    const nodeState: SriovNetworkNodeState = {
      metadata: { name: 'node-1', namespace: 'daemon', generation: 2 },
      status: { conditions },
    };
    const events: string[] = [];
    const recorder: Pick<EventRecorder, 'record'> = { record: (_, __, { type }) => void events.push(type) };
    const writer = createStatusWriter({
      client: { apply: () => Promise.resolve(nodeState) } as unknown as KubeClient,
      recorder: recorder as EventRecorder,
      clock: new FakeClock(),
      getNodeState: () => nodeState,
    });
    const verdict = { syncStatus: SYNC_STATUS.failed, reason: 'ApplyFailed' as const, message: 'ens1 fails' };
    await writer.write(nodeState, { verdict });
    expect(events).toEqual(['Warning']);
  });
});
