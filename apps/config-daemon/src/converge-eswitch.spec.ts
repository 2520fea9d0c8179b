import { describe, expect, it } from '@jest/globals';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { hostPorts, MemoryFolder } from './test/test-host.ts';
import { nextStatus, verdictOf } from '@sriov/node-plan';

const SWITCH = '0000:10:00.0';
const PLAIN = '0000:20:00.0';

/** A host whose first PF is in switchdev mode and has 4 VFs; the second, of igb, has no eSwitch. */
async function hostInSwitchdev(): Promise<SimulatedKernel> {
  const nics = [
    { model: 'mlx5', address: SWITCH, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true },
    { model: 'igb', address: PLAIN, name: 'ens2', mac: '52:54:00:aa:00:10', up: true },
  ];
  const world = parseWorld({ latency: 'none', modules: ['igbvf'], nics });
  const kernel = new SimulatedKernel({ world, clock: systemClock });
  await kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${SWITCH}`, 'mode', 'switchdev']);
  await kernel.write(`/sys/bus/pci/devices/${SWITCH}/sriov_numvfs`, '4');
  return kernel;
}

/** What is told after one pass that wants 2 VFs of each PF, in legacy mode. */
async function pass(kernel: SimulatedKernel): Promise<ReturnType<typeof nextStatus>['status']> {
  const spec = { interfaces: [SWITCH, PLAIN].map((pciAddress) => ({ pciAddress, numVfs: 2 })) };
  const wanted = { spec, plannedFrom: new Set([SWITCH, PLAIN]), allowHostInterfaces: false };
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  const converged = await converge(hostPorts({ kernel }), wanted, followers);
  const state = { metadata: { name: 'n', generation: 1 }, spec };
  return nextStatus(state, { observed: converged.observed, verdict: verdictOf(converged) }, 0).status;
}

describe('a PF in switchdev mode', () => {
  it.each([
    ['is missing', 'ENOENT', 'devlink *'],
    ['fails for this PF', 'EIO', `devlink *eswitch show pci/${SWITCH}`],
  ])(
    'whose devlink %s keeps its VFs and is not called legacy; one without an eSwitch is configured',
    async (...row) => {
      const [, errno, path] = row;
      const kernel = await hostInSwitchdev();
      const restore = kernel.addFault({ verb: 'exec', path, errno });
      const { interfaces, failures } = await pass(kernel);
      expect(interfaces).toMatchObject([
        { pciAddress: SWITCH, numVfs: 4, eSwitchMode: 'unknown' },
        { pciAddress: PLAIN, numVfs: 2, eSwitchMode: 'legacy' },
      ]);
      expect(failures).toMatchObject([
        { pciAddress: SWITCH, reason: 'InterfaceUnreadable', message: expect.stringMatching(`devlink.*${errno}`) },
      ]);
      restore();
      expect(await pass(kernel)).toMatchObject({
        interfaces: [{ numVfs: 2, eSwitchMode: 'legacy' }, { numVfs: 2 }],
        syncStatus: 'Succeeded',
      });
    },
  );
});

it('a PF whose mode devlink could not tell when it was taken over gets back the legacy mode that it had', async () => {
  const nics = [{ model: 'mlx5', address: SWITCH, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true }];
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: systemClock });
  const journal = new Journal(new MemoryFolder());
  const run = (eSwitchMode?: string): Promise<Converged> => {
    const interfaces = eSwitchMode === undefined ? [] : [{ pciAddress: SWITCH, numVfs: 1, eSwitchMode }];
    const wanted = { spec: { interfaces }, plannedFrom: new Set([SWITCH]), allowHostInterfaces: false };
    return converge(hostPorts({ kernel, journal }), wanted, {
      onPlan: () => Promise.resolve(),
      onStep: () => undefined,
    });
  };
  const restore = kernel.addFault({ verb: 'exec', path: `devlink *eswitch show pci/${SWITCH}`, errno: 'EIO' });
  expect(verdictOf(await run('legacy')).syncStatus).toBe('Succeeded');
  expect(verdictOf(await run('switchdev'))).toMatchObject({
    reason: 'InterfaceUnreadable',
    message: expect.stringMatching(/switchdev is wanted, and devlink does not tell the mode \(.*EIO/),
  });
  // Nothing was touched for it.
  expect(kernel.state.devices[SWITCH]?.pf?.vfs).toHaveLength(1);
  restore();
  expect(verdictOf(await run('switchdev')).syncStatus).toBe('Succeeded');
  expect(kernel.state.devices[SWITCH]?.pf?.eSwitchMode).toBe('switchdev');
  expect(verdictOf(await run()).syncStatus).toBe('Succeeded');
  expect(kernel.state.devices[SWITCH]?.pf).toMatchObject({ eSwitchMode: 'legacy', vfs: [] });
});
