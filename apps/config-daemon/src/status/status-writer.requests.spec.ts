import { describe, expect, it } from '@jest/globals';
import { type NodeStateStatus, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { KubeClient } from '@sriov/kube';
import { type Verdict } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { FakeClock, refusal, ScriptedConnection } from '@sriov/testing';
import { createStatusWriter, type StatusWriter, type StatusWriterPorts } from './status-writer.ts';

const fine: Verdict = { syncStatus: 'Succeeded', reason: 'InSync', message: 'all is well' };
const failed: Verdict = { syncStatus: 'Failed', reason: 'ApplyFailed', message: 'ens1: EIO' };
const applying: Verdict = { syncStatus: 'InProgress', reason: 'Applying', message: 'create 4 VFs' };
const HOUR = 3_600_000;
const TOO_LARGE = refusal(413, 'Request entity too large: limit is 3145728');

const hostWith = (pfs: number): ObservedHost => ({
  problems: [],
  interfaces: Array.from({ length: pfs }, (_, index) => ({
    pciAddress: `0000:0${index}:00.0`,
    vendor: '8086',
    deviceId: '1592',
    linkType: 'ETH',
    link: { name: `ens${index}`, altNames: [], mac: '02:00:00:00:00:01', mtu: 1500, up: true },
    sriov: {
      totalVfs: 64,
      autoprobe: true,
      vfs: [{ id: 0, pciAddress: `0000:0${index}:01.0`, vendor: '8086', deviceId: '1889' }],
    },
  })),
});

interface Rig {
  readonly writer: StatusWriter;
  readonly connection: ScriptedConnection;
  readonly clock: FakeClock;
  /** Events, as `type reason: message`. */
  readonly events: string[];
  /** What was written last. */
  readonly last: () => NodeStateStatus;
  /** The cache shows what was written last. */
  readonly show: () => void;
  cached: SriovNetworkNodeState | undefined;
}

function rigWith(status?: NodeStateStatus): Rig {
  const connection = new ScriptedConnection();
  const clock = new FakeClock();
  const events: string[] = [];
  const recorder = {
    record(resource: unknown, _: unknown, { type, reason, message }: Record<string, string>) {
      expect(resource).toBe(SRIOV_NETWORK_NODE_STATE);
      events.push(`${type} ${reason}: ${message}`);
    },
  } as unknown as StatusWriterPorts['recorder'];
  const client = new KubeClient({ connection, clock, fieldManager: 'config-daemon' });
  const last = (): NodeStateStatus => (connection.writes.at(-1)?.body as { status: NodeStateStatus }).status;
  const rig: Rig = {
    connection,
    clock,
    events,
    last,
    cached: nodeState('1', status),
    show: () => (rig.cached = nodeState(String(connection.writes.length + 1), last())),
    writer: createStatusWriter({ client, recorder, clock, getNodeState: () => rig.cached }),
  };
  return rig;
}

const nodeState = (resourceVersion: string, status?: NodeStateStatus, generation = 1): SriovNetworkNodeState => ({
  metadata: { name: 'node-1', namespace: 'operator', generation, resourceVersion },
  ...(status && { status }),
});
const own = nodeState('1');

describe('the status of a node state', () => {
  it('is applied to its own subresource', async () => {
    const { writer, connection, last } = rigWith();
    expect(await writer.write(own, { observed: hostWith(1), verdict: fine })).toBe(true);
    expect(connection.writes).toMatchObject([
      {
        method: 'PATCH',
        path: '/apis/sriovnetwork.openshift.io/v1/namespaces/operator/sriovnetworknodestates/node-1/status',
        body: { metadata: { name: 'node-1', namespace: 'operator' } },
      },
    ]);
    expect(last()).toMatchObject({ syncStatus: 'Succeeded', interfaces: [{ name: 'ens0' }] });
    expect(last()).not.toHaveProperty('lastSyncError');
  });

  it('is not written again while it says the same, though the cache does not show it yet', async () => {
    const rig = rigWith();
    const pass = { observed: hostWith(1), verdict: fine };
    await rig.writer.write(own, pass);
    expect(await rig.writer.write(own, pass)).toBe(false);
    rig.show();
    expect(await rig.writer.write(own, pass)).toBe(false);
    expect(rig.connection.writes).toHaveLength(1);
  });

  it('is written again when somebody else has changed it', async () => {
    const rig = rigWith();
    const pass = { observed: hostWith(1), verdict: fine };
    await rig.writer.write(own, pass);
    rig.cached = nodeState('7', { syncStatus: 'Failed' });
    expect(await rig.writer.write(own, pass)).toBe(true);
  });

  it('is not written when the node state is gone', async () => {
    const rig = rigWith();
    rig.cached = undefined;
    expect(await rig.writer.write(own, { verdict: fine })).toBe(false);
    expect(rig.connection.sent).toEqual([]);
  });

  it('is about the spec that the pass worked for, though a newer one has come meanwhile', async () => {
    const rig = rigWith();
    rig.cached = nodeState('2', undefined, 9);
    await rig.writer.write(own, { verdict: fine });
    expect(rig.last().conditions?.map(({ observedGeneration }) => observedGeneration)).toEqual([1, 1, 1]);
  });

  it.each<[string, NodeStateStatus, Verdict, string | undefined]>([
    ['is taken back when the host is right again', { lastSyncError: 'EIO' }, fine, ''],
    ['is replaced by the next one', { lastSyncError: 'EBUSY' }, failed, 'ens1: EIO'],
    ['is not mentioned where there was none', {}, fine, undefined],
  ])('an error in it %s', async (_, present, verdict, expected) => {
    const { writer, last } = rigWith(present);
    await writer.write(own, { verdict });
    expect(last().lastSyncError).toBe(expected);
  });
});

describe('a change of the verdict', () => {
  it('is one Event, a warning when something is wrong', async () => {
    const rig = rigWith();
    for (const verdict of [applying, failed, failed, fine]) {
      await rig.writer.write(own, { observed: hostWith(1), verdict });
      if (rig.connection.writes.length > 0) rig.show();
    }
    expect(rig.events).toEqual([
      'Normal Applying: create 4 VFs',
      'Warning ApplyFailed: ens1: EIO',
      'Normal InSync: all is well',
    ]);
  });

  it('is no Event where only what was seen is new', async () => {
    const rig = rigWith();
    await rig.writer.write(own, { observed: hostWith(1), verdict: fine });
    rig.show();
    expect(await rig.writer.write(own, { observed: hostWith(2), verdict: fine })).toBe(true);
    expect(rig.events).toHaveLength(1);
  });

  it('is no Event when it could not be written', async () => {
    const rig = rigWith();
    rig.connection.script = () => refusal(403);
    await expect(rig.writer.write(own, { observed: hostWith(1), verdict: fine })).rejects.toMatchObject({
      status: 403,
    });
    expect(rig.events).toEqual([]);
  });
});

describe('a status is ours', () => {
  it('while nothing was written: whose it is nobody knows', () => {
    const { writer } = rigWith();
    expect([writer.isOurs(undefined), writer.isOurs({ syncStatus: 'Failed' })]).toEqual([true, true]);
  });

  it('when it is one of the last four that were written, or found right', async () => {
    const rig = rigWith();
    const written: NodeStateStatus[] = [];
    for (let pfs = 1; pfs <= 5; pfs += 1) {
      await rig.writer.write(own, { observed: hostWith(pfs), verdict: fine });
      written.push(rig.last());
      rig.show();
    }
    await rig.writer.write(own, { observed: hostWith(5), verdict: fine });
    expect(written.map((status) => rig.writer.isOurs(status))).toEqual([false, true, true, true, true]);
    expect([rig.writer.isOurs(undefined), rig.writer.isOurs({ syncStatus: 'Failed' })]).toEqual([false, false]);
  });
});

describe('a report that is too large for the API server', () => {
  const refuseLarge: ScriptedConnection['script'] = ({ body }) =>
    JSON.stringify(body).includes('"ens1"') ? TOO_LARGE : undefined;

  it('is told without its interfaces, and with the verdict on the host', async () => {
    const rig = rigWith();
    await rig.writer.write(own, { observed: hostWith(1), verdict: fine });
    rig.show();
    rig.connection.script = refuseLarge;
    expect(await rig.writer.write(own, { observed: hostWith(2), verdict: fine })).toBe(true);
    expect(rig.last()).toMatchObject({ syncStatus: 'Failed', interfaces: [{ name: 'ens0' }] });
    expect(rig.last().conditions).toContainEqual(
      expect.objectContaining({
        type: 'Degraded',
        status: 'True',
        reason: 'NodeStateTooLarge',
        message: expect.stringMatching(/: 2 PFs and 2 VFs make 0\.0 MB, .* The host itself: all is well$/),
      }),
    );
  });

  it('is not sent again for an hour, unless it has become smaller', async () => {
    const rig = rigWith();
    rig.connection.script = refuseLarge;
    const large = { observed: hostWith(2), verdict: fine };
    await rig.writer.write(own, large);
    rig.show();
    const requests = (): number => rig.connection.writes.length;
    const before = requests();
    await rig.clock.advance(HOUR - 1);
    expect(await rig.writer.write(own, large)).toBe(false);
    expect(requests()).toBe(before);
    await rig.writer.write(own, { observed: hostWith(1), verdict: fine });
    expect([requests(), rig.last().syncStatus]).toEqual([before + 1, 'Succeeded']);
    rig.show();
    await rig.clock.advance(1);
    await rig.writer.write(own, large);
    expect(JSON.stringify(rig.connection.writes[before + 1]?.body)).toContain('"ens1"');
  });

  it('ends the pass where it has no interfaces that could be left out', async () => {
    const rig = rigWith();
    rig.connection.script = () => TOO_LARGE;
    await expect(rig.writer.write(own, { verdict: applying })).rejects.toMatchObject({ status: 413 });
    expect(rig.connection.writes).toHaveLength(1);
  });
});
