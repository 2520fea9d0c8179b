import { describe, expect, it } from '@jest/globals';
import { bindDriver, observeHost, setAutoprobe, setESwitchMode, setVfMac } from '@sriov/host';
import { type ObservedPf } from '@sriov/observed-host';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseWorld } from './world.ts';

const PF = '0000:5e:00.1';
const DEVICE = `pci/${PF}`;
const clock = { now: () => 0, sleep: () => new Promise<void>(() => undefined) };

/** A machine with a PF of the model that has two VFs without drivers. */
async function boot(model: string, numVfs = 2): Promise<SimulatedKernel> {
  const nic = { model, address: PF, name: 'ens2f1np1', mac: 'b8:59:9f:00:00:10', up: true };
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: [nic] }), clock });
  await setAutoprobe(kernel, PF, false);
  await makeVfs(kernel, numVfs);
  return kernel;
}
const makeVfs = (kernel: SimulatedKernel, numVfs: number): Promise<void> =>
  kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, String(numVfs));

async function look(kernel: SimulatedKernel): Promise<ObservedPf | undefined> {
  const { interfaces, problems } = await observeHost(kernel);
  expect(problems).toEqual([]);
  return interfaces[0];
}
const representorsIn = async (kernel: SimulatedKernel): Promise<unknown> =>
  (await look(kernel))?.sriov?.vfs.map(({ representor }) => representor);

describe('a simulated PF with an eSwitch', () => {
  it.each(['mlx5', 'ice', 'bnxt'])('of %s is in legacy mode first, and no VF is represented', async (model) => {
    const kernel = await boot(model);
    expect(await look(kernel)).toMatchObject({ eSwitchMode: 'legacy', link: { name: 'ens2f1np1' } });
    expect(await representorsIn(kernel)).toEqual([undefined, undefined]);
  });

  it('of mlx5 has a representor for each VF in switchdev mode, beside its uplink, and none afterwards', async () => {
    const kernel = await boot('mlx5');
    await setESwitchMode(kernel, DEVICE, 'switchdev');
    expect(await look(kernel)).toMatchObject({
      eSwitchMode: 'switchdev',
      link: { name: 'ens2f1np1' },
      switchPort: { switchId: 'b8599f000010', portName: 'p1' },
    });
    expect(await representorsIn(kernel)).toEqual(['ens2f1npf1vf0', 'ens2f1npf1vf1']);
    expect((await kernel.read('/sys/class/net/ens2f1npf1vf0/phys_port_name')).trim()).toBe('pf1vf0');
    await setESwitchMode(kernel, DEVICE, 'legacy');
    expect(Object.keys(kernel.state.links)).toEqual(['ens2f1np1']);
  });

  it.each(['mlx5', 'ice'])('of %s keeps its mode without VFs, and represents those that come', async (model) => {
    const kernel = await boot(model, 0);
    await setESwitchMode(kernel, DEVICE, 'switchdev');
    await makeVfs(kernel, 1);
    expect(await representorsIn(kernel)).toEqual(['ens2f1npf1vf0']);
    await makeVfs(kernel, 0);
    expect((await look(kernel))?.eSwitchMode).toBe('switchdev');
    expect(Object.keys(kernel.state.links)).toEqual(['ens2f1np1']);
  });

  it('of bnxt goes back to legacy with its VFs', async () => {
    const kernel = await boot('bnxt');
    await setESwitchMode(kernel, DEVICE, 'switchdev');
    await makeVfs(kernel, 0);
    expect((await look(kernel))?.eSwitchMode).toBe('legacy');
  });

  it('of mlx5 forgets what it prescribes for a VF when the mode changes', async () => {
    const kernel = await boot('mlx5');
    await setVfMac(kernel, { pfName: 'ens2f1np1', id: 0 }, '02:00:00:00:00:01');
    await setESwitchMode(kernel, DEVICE, 'switchdev');
    expect((await look(kernel))?.sriov?.vfs[0]).not.toHaveProperty('adminMac');
  });

  it.each<[string, string, (kernel: SimulatedKernel) => Promise<unknown>, string, RegExp]>([
    [
      'of mlx5 while a VF has a driver',
      'mlx5',
      (kernel) => bindDriver(kernel, '0000:5e:00.3', 'mlx5_core'),
      'EINVAL',
      /Failed setting eswitch to offloads/,
    ],
    [
      'of ice while there are VFs',
      'ice',
      () => Promise.resolve(),
      'EOPNOTSUPP',
      /allowed only if there is no VFs created/,
    ],
    ['of bnxt without VFs', 'bnxt', (kernel) => makeVfs(kernel, 0), 'EPERM', /not permitted/],
  ])('%s refuses switchdev', async (_, model, prepare, code, message) => {
    const kernel = await boot(model);
    await prepare(kernel);
    const refusal = setESwitchMode(kernel, DEVICE, 'switchdev');
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.toThrow(message);
    expect((await look(kernel))?.eSwitchMode).toBe('legacy');
  });

  it('of bnxt refuses the mode that it has', async () => {
    const { exitCode, stderr } = await (
      await boot('bnxt')
    ).exec('devlink', ['dev', 'eswitch', 'set', DEVICE, 'mode', 'legacy']);
    expect([exitCode, stderr.trim()]).toEqual([1, 'kernel answers: Invalid argument']);
  });
});
