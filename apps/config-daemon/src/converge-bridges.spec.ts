import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec, type NodeStateStatus } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { nextStatus, verdictOf } from '@sriov/node-plan';
import { TestOvs } from '@sriov/testing/ovs';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { BRIDGE, bridgedHost, bridgedSpec, clearOvs, SWITCH, unbridgedSpec, UPLINK } from './test/bridged-host.ts';
import { withFault } from './test/faulty-kernel.ts';
import { hostPorts, MemoryFolder } from './test/test-host.ts';

jest.setTimeout(240_000);

const RECORD = 'managed-ovs-bridges.json';

let ovs: TestOvs;
beforeAll(async () => {
  ovs = await TestOvs.start();
});
afterAll(() => ovs.close());

interface Host {
  readonly kernel: Kernel;
  readonly folder: MemoryFolder;
}

/** A fresh host, with no bridge in Open vSwitch. */
async function boot(): Promise<Host> {
  await clearOvs(ovs);
  return { kernel: await bridgedHost(ovs), folder: new MemoryFolder() };
}

/** One pass of a daemon that was just started. */
function pass({ kernel, folder }: Host, spec: NodeStateSpec): Promise<Converged> {
  const ports = hostPorts({ kernel, journal: new Journal(folder) });
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  const wanted = { spec, plannedFrom: new Set([SWITCH]), allowHostInterfaces: false };
  return converge({ ...ports, managesBridges: true }, wanted, followers);
}

/** What the pass reports, after what was reported before. */
function statusOf(spec: NodeStateSpec, converged: Converged, before: NodeStateStatus = {}): NodeStateStatus {
  const state = { metadata: { name: 'n', generation: 1 }, spec, status: before };
  return nextStatus(state, { observed: converged.observed, verdict: verdictOf(converged) }, 0).status;
}

const reasonsOf = ({ failures = [] }: NodeStateStatus): string[] => failures.map(({ reason }) => reason);

let fresh: Host;
beforeEach(async () => {
  fresh = await boot();
});

describe('a bridge of a policy', () => {
  it('is made, recorded and reported, and then left alone', async () => {
    const spec = bridgedSpec({ failMode: 'secure', externalIDs: { a: '1' } });
    const first = await pass(fresh, spec);
    expect(statusOf(spec, first)).toMatchObject({
      syncStatus: 'Succeeded',
      bridges: {
        ovs: [
          {
            name: BRIDGE,
            bridge: { failMode: 'secure', externalIDs: { a: '1' } },
            uplinks: [{ pciAddress: SWITCH, name: UPLINK }],
          },
        ],
      },
    });
    expect(JSON.parse(fresh.folder.files.get(RECORD) ?? '')).toEqual({
      [BRIDGE]: {
        ...spec.bridges?.ovs?.[0],
        bridge: { failMode: 'secure', externalIDs: { a: '1' } },
        uplinks: [{ pciAddress: SWITCH, name: UPLINK }],
        isMarked: true,
      },
    });
    const reference = await ovs.vsctl('get', 'Bridge', BRIDGE, '_uuid');
    expect([first.hasActed, (await pass(fresh, spec)).hasActed]).toEqual([true, false]);
    expect(await ovs.vsctl('get', 'Bridge', BRIDGE, '_uuid')).toBe(reference);
  });

  it('does not keep the number of VFs from changing', async () => {
    await pass(fresh, bridgedSpec());
    expect(statusOf(bridgedSpec(), await pass(fresh, bridgedSpec({}, 2)))).toMatchObject({
      syncStatus: 'Succeeded',
      interfaces: [{ numVfs: 2 }],
    });
  });

  it('goes with the policy, and so do the VFs', async () => {
    await pass(fresh, bridgedSpec());
    const last = await pass(fresh, {});
    expect(statusOf({}, last)).toMatchObject({ syncStatus: 'Succeeded', interfaces: [{ pciAddress: SWITCH }] });
    expect(statusOf({}, last).interfaces?.[0]?.numVfs).toBeUndefined();
    expect([await ovs.vsctl('list-br'), fresh.folder.files.get(RECORD)]).toEqual(['', '{}']);
  });

  it('stays with its VFs while somebody else has a port there, and is reported as long as it is there', async () => {
    const before = statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()));
    await ovs.vsctl('add-port', BRIDGE, 'tap0');
    const status = statusOf({}, await pass(fresh, {}), before);
    expect(reasonsOf(status).sort()).toEqual(['BridgeInUse', 'HostInterface']);
    expect([status.bridges?.ovs?.[0]?.name, status.interfaces?.[0]?.numVfs]).toEqual([BRIDGE, 4]);
    await ovs.vsctl('del-port', 'tap0');
    expect(statusOf({}, await pass(fresh, {}), status)).toMatchObject({ syncStatus: 'Succeeded' });
    expect(await ovs.vsctl('list-br')).toBe('');
  });

  it('is nothing that the daemon touches where somebody else has made it', async () => {
    await ovs.vsctl('add-br', BRIDGE, '--', 'add-port', BRIDGE, UPLINK);
    expect(statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()))).toMatchObject({ syncStatus: 'Succeeded' });
    const other = bridgedSpec({ failMode: 'secure' });
    expect(reasonsOf(statusOf(other, await pass(fresh, other)))).toEqual(['BridgeForeign']);
    expect(await ovs.vsctl('get', 'Bridge', BRIDGE, 'fail_mode')).toBe('[]');
    await pass(fresh, unbridgedSpec());
    expect(await ovs.vsctl('list-br')).toBe(BRIDGE);
  });

  it('is nothing that the daemon touches where somebody else has made it since the daemon could not', async () => {
    const { kernel } = fresh;
    const refused = withFault(kernel, () => undefined, {
      isMet: ({ verb, path }) => verb === 'callJson' && path.includes('"op":"insert"'),
      with: { answer: () => [{ error: 'no', details: 'not now' }, {}, {}, {}, {}, {}, {}] },
    });
    expect(reasonsOf(statusOf(bridgedSpec(), await pass({ ...fresh, kernel: refused }, bridgedSpec())))).toEqual([
      'ApplyFailed',
    ]);
    expect(fresh.folder.files.get(RECORD)).toContain(BRIDGE);
    await ovs.vsctl('add-br', BRIDGE, '--', 'add-port', BRIDGE, UPLINK);
    const other = bridgedSpec({ failMode: 'secure' });
    expect(reasonsOf(statusOf(other, await pass(fresh, other)))).toEqual(['BridgeForeign']);
    await pass(fresh, unbridgedSpec());
    expect([await ovs.vsctl('list-br'), fresh.folder.files.get(RECORD)]).toEqual([BRIDGE, '{}']);
  });

  it('of upstream is taken over as it is', async () => {
    await ovs.vsctl('add-br', BRIDGE, '--', 'add-port', BRIDGE, UPLINK);
    const [bridge] = bridgedSpec().bridges?.ovs ?? [];
    fresh.folder.files.set(RECORD, JSON.stringify({ [BRIDGE]: bridge }));
    expect((await pass(fresh, bridgedSpec())).hasActed).toBe(false);
    await pass(fresh, unbridgedSpec());
    expect(await ovs.vsctl('list-br')).toBe('');
  });

  it('waits for Open vSwitch, stays reported meanwhile, and is made when it is there', async () => {
    await ovs.stopServer();
    const before = statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()));
    expect(before.failures).toMatchObject([{ pciAddress: SWITCH, reason: 'OpenVSwitchUnavailable' }]);
    await ovs.startServer();
    const made = statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()));
    expect(made).toMatchObject({ syncStatus: 'Succeeded', bridges: { ovs: [{ name: BRIDGE }] } });
    await ovs.stopServer();
    expect(statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()), made).bridges).toEqual(made.bridges);
    await ovs.startServer();
  });

  it('is not ready as long as ovs-vswitchd does not run, although the database has it, and is when it is back', async () => {
    const before = statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()));
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await ovs.stopSwitch(signal);
      for (const spec of [bridgedSpec(), bridgedSpec({ failMode: 'secure' }), unbridgedSpec()]) {
        for (const look of ['the first', 'a later']) {
          const { hasActed, ...end } = await pass(fresh, spec);
          const { syncStatus, failures } = statusOf(spec, { ...end, hasActed }, before);
          expect([look, hasActed, syncStatus]).toEqual([look, false, 'Failed']);
          expect(failures).toMatchObject([{ pciAddress: SWITCH, reason: 'OpenVSwitchUnavailable' }]);
        }
      }
      await ovs.startSwitch();
      const status = statusOf(bridgedSpec(), await pass(fresh, bridgedSpec()), before);
      expect({ failures: [], ...status }).toMatchObject({
        syncStatus: 'Succeeded',
        failures: [],
        bridges: before.bridges,
      });
    }
  });

  it('is nobody’s business where the daemon does not manage bridges', async () => {
    const { kernel, folder } = fresh;
    const wanted = { spec: bridgedSpec(), plannedFrom: new Set([SWITCH]), allowHostInterfaces: false };
    const ports = hostPorts({ kernel, journal: new Journal(folder) });
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    const status = statusOf(bridgedSpec(), await converge(ports, wanted, followers));
    expect([status.syncStatus, status.bridges, await ovs.vsctl('list-br')]).toEqual(['Succeeded', undefined, '']);
  });
});
