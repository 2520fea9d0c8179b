import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type OvsBridge } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { systemClock } from '@sriov/runtime';
import { TestOvs } from '@sriov/testing/ovs';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { clearOvs, withOvs } from './test/bridged-host.ts';
import { hostPorts, MemoryFolder } from './test/test-host.ts';

jest.setTimeout(120_000);

const PORTS = ['0000:10:00.0', '0000:11:00.0'] as const;
const bridgeOf = (pciAddress: string): string => `br-${pciAddress.replaceAll(':', '_')}`;

/** The bridge of each port, whose uplinks have these names. */
const bridges = (...names: readonly string[]): OvsBridge[] =>
  PORTS.map((pciAddress, index) => ({
    ...{ name: bridgeOf(pciAddress), bridge: {} },
    uplinks: [{ pciAddress, name: names[index] ?? '', interface: {} }],
  }));

let ovs: TestOvs;
beforeAll(async () => {
  ovs = await TestOvs.start();
});
afterAll(() => ovs.close());

it('bridges get their uplinks in one pass after the interfaces of two ports have exchanged their names', async () => {
  await clearOvs(ovs);
  const nics = PORTS.map((address, index) => ({
    ...{ model: 'mlx5', address, name: `ens${index + 1}`, mac: `b8:59:9f:00:00:1${index}`, up: true },
  }));
  const simulated = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: systemClock });
  for (const port of PORTS)
    await simulated.exec('devlink', ['dev', 'eswitch', 'set', `pci/${port}`, 'mode', 'switchdev']);
  const kernel = withOvs(simulated, ovs);
  const folder = new MemoryFolder();
  const interfaces = PORTS.map((pciAddress) => ({ pciAddress, numVfs: 0, eSwitchMode: 'switchdev' }));
  const pass = (): Promise<Converged> => {
    const ports = { ...hostPorts({ kernel, journal: new Journal(folder) }), managesBridges: true };
    const spec = { interfaces, bridges: { ovs: bridges('ens1', 'ens2') } };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    return converge(ports, { spec, plannedFrom: new Set<string>(PORTS), allowHostInterfaces: false }, followers);
  };
  const [first, second] = PORTS.map(bridgeOf) as [string, string];
  await ovs.vsctl('add-br', first, '--', 'add-port', first, 'ens2', '--', 'add-port', first, 'tap0');
  await ovs.vsctl('add-br', second, '--', 'add-port', second, 'ens1');
  await new Journal(folder).ownBridges(bridges('ens2', 'ens1'), { own: new Map() });
  expect(verdictOf(await pass())).toMatchObject({ syncStatus: 'Succeeded' });
  expect([await ovs.vsctl('list-ports', first), await ovs.vsctl('list-ports', second)]).toEqual(['ens1\ntap0', 'ens2']);
  expect((await pass()).hasActed).toBe(false);
});
