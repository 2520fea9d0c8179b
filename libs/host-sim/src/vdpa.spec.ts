import { describe, expect, it } from '@jest/globals';
import { addVdpaDevice, bindVdpaDriver, deleteVdpaDevice, listVdpaDevices, loadModule } from '@sriov/host';
import { z } from 'zod';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseMachineState, type StateStore } from './state-file.ts';
import { parseWorld } from './world.ts';

const PF = '0000:5e:00.0';
const VF = '0000:5e:00.2';
/** No time passes. */
const clock = { now: () => 0, sleep: () => new Promise<void>(() => undefined) };
const NAME = `vdpa:${VF}`;
const BUS = '/sys/bus/vdpa';
const nics = [{ model: 'mlx5', address: PF, name: 'ens2', mac: 'b8:59:9f:00:00:10', up: true }];
const MODULES = ['mlx5_vdpa', 'vdpa', 'vhost_vdpa', 'virtio_vdpa'];

async function machine(world: object = {}): Promise<SimulatedKernel> {
  const kernel = new SimulatedKernel({
    world: parseWorld({ latency: 'none', modules: MODULES, nics, ...world }),
    clock,
  });
  await kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '2');
  return kernel;
}

/** Its vDPA device, bound to a driver. */
async function withDevice(driver: 'vhost_vdpa' | 'virtio_vdpa'): Promise<SimulatedKernel> {
  const kernel = await machine();
  await addVdpaDevice(kernel, { name: NAME, managementDevice: `pci/${VF}`, maxQueuePairs: 32 });
  await bindVdpaDriver(kernel, NAME, driver);
  return kernel;
}

const shown = z.object({ mgmtdev: z.object({}).loose() });

const vdpa = async (kernel: SimulatedKernel, line: string): Promise<string> => {
  const { stdout, stderr } = await kernel.exec('vdpa', line.split(' '));
  return (stdout + stderr).trim();
};

describe('the command vdpa', () => {
  it('has nothing to talk to without the module', async () => {
    const kernel = await machine({ modules: [] });
    expect(await vdpa(kernel, '-j dev show')).toBe('Failed to connect to vdpa Netlink');
    await expect(kernel.list(BUS)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('shows VFs as what vDPA devices are made of, and no PF', async () => {
    const { mgmtdev } = shown.parse(JSON.parse(await vdpa(await machine(), '-j mgmtdev show')));
    expect(mgmtdev).toEqual({
      [`pci/${VF}`]: { supported_classes: ['net'], max_supported_vqs: 65 },
      'pci/0000:5e:00.3': { supported_classes: ['net'], max_supported_vqs: 65 },
    });
  });

  it('shows a device as it was recorded', async () => {
    const kernel = await withDevice('vhost_vdpa');
    expect(JSON.parse(await vdpa(kernel, '-j dev show'))).toEqual({
      dev: { [NAME]: { type: 'network', mgmtdev: `pci/${VF}`, vendor_id: 5555, max_vqs: 65, max_vq_size: 256 } },
    });
  });

  it.each([
    ['a PF', `pci/${PF}`, 'x', 'No such device'],
    ['a VF that has one', `pci/${VF}`, 'x', 'No space left on device'],
    ['a name that is taken', 'pci/0000:5e:00.3', NAME, 'File exists'],
    ['more queues than there are', 'pci/0000:5e:00.3', 'x max_vqp 33', 'Invalid argument'],
  ])('makes none of %s', async (_, device, name, expected) => {
    const [first = '', ...rest] = name.split(' ');
    const line = ['dev add name', first, 'mgmtdev', device, ...rest].join(' ');
    expect(await vdpa(await withDevice('vhost_vdpa'), line)).toBe(`kernel answers: ${expected}`);
  });

  it('makes none of a VF without its kernel driver', async () => {
    const kernel = await machine();
    await kernel.write(`/sys/bus/pci/drivers/mlx5_core/unbind`, VF);
    expect(await vdpa(kernel, `dev add name x mgmtdev pci/${VF}`)).toBe('kernel answers: No such device');
  });
});

describe('a vDPA device', () => {
  it('is bound to the first driver that is loaded, or to one that is loaded later', async () => {
    const kernel = await machine({ modules: ['mlx5_vdpa', 'vdpa'] });
    await addVdpaDevice(kernel, { name: NAME, managementDevice: `pci/${VF}` });
    expect(await listVdpaDevices(kernel)).toEqual([{ name: NAME, managementDevice: `pci/${VF}` }]);
    await loadModule(kernel, 'virtio_vdpa');
    expect(await listVdpaDevices(kernel)).toMatchObject([{ driver: 'virtio_vdpa' }]);
  });

  it('has a device file with vhost_vdpa', async () => {
    const kernel = await withDevice('vhost_vdpa');
    expect(await kernel.list(`${BUS}/devices/${NAME}`)).toContain('vhost-vdpa-0');
    expect(await kernel.list('/dev')).toContain('vhost-vdpa-0');
  });

  it('has an interface with virtio_vdpa, beside that of its VF and with its address', async () => {
    const kernel = await withDevice('virtio_vdpa');
    expect(await kernel.list('/dev')).not.toContain('vhost-vdpa-0');
    expect(await kernel.list(`${BUS}/devices/${NAME}/virtio0/net`)).toEqual(['eth0']);
    expect(await kernel.list(`/sys/bus/pci/devices/${VF}/net`)).toEqual(['ens2v0']);
    expect(await kernel.read('/sys/class/net/eth0/address')).toBe(await kernel.read('/sys/class/net/ens2v0/address'));
    const { stdout } = await kernel.exec('ip', ['-j', '-d', 'link', 'show']);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ ifname: 'eth0', parentbus: 'virtio', parentdev: 'virtio0' }),
    );
    const putBack = kernel.moveToNamespace('eth0');
    expect(await kernel.list(`${BUS}/devices/${NAME}/virtio0/net`)).toEqual([]);
    putBack();
    await bindVdpaDriver(kernel, NAME, 'vhost_vdpa');
    await expect(kernel.list('/sys/class/net/eth0')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('takes no driver but that of its override, and says nothing', async () => {
    const kernel = await withDevice('vhost_vdpa');
    await kernel.write(`${BUS}/drivers/vhost_vdpa/unbind`, NAME);
    await kernel.write(`${BUS}/devices/${NAME}/driver_override`, 'unheard_of');
    await kernel.write(`${BUS}/drivers_probe`, NAME);
    expect(await listVdpaDevices(kernel)).toEqual([{ name: NAME, managementDevice: `pci/${VF}` }]);
    await expect(kernel.write(`${BUS}/drivers/vhost_vdpa/bind`, NAME)).rejects.toMatchObject({ code: 'ENODEV' });
  });

  it.each<[string, (kernel: SimulatedKernel) => Promise<unknown>]>([
    ['its VF loses its driver', (kernel) => kernel.write('/sys/bus/pci/drivers/mlx5_core/unbind', VF)],
    ['all VFs are removed', (kernel) => kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '0')],
    ['it is deleted', (kernel) => deleteVdpaDevice(kernel, NAME)],
  ])('goes when %s, once nobody has its file open', async (_, remove) => {
    const kernel = await withDevice('vhost_vdpa');
    const close = kernel.users.open('/dev/vhost-vdpa-0', { command: 'qemu-kvm' });
    let isDone = false;
    const removing = remove(kernel).then(() => (isDone = true));
    await kernel.read('/proc/version');
    expect(isDone).toBe(false);
    close();
    await removing;
    expect(await listVdpaDevices(kernel)).toEqual([]);
  });
});

it('what is under way when the process ends goes on in the next one', async () => {
  let saved: string | undefined;
  const stateFile: StateStore = {
    load: () => (saved === undefined ? undefined : parseMachineState(saved)),
    save: (state) => void (saved = JSON.stringify(state)),
  };
  const world = parseWorld({ latency: 'none', modules: MODULES, nics });
  const first = new SimulatedKernel({ world, clock, stateFile });
  await first.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '1');
  await addVdpaDevice(first, { name: NAME, managementDevice: `pci/${VF}` });
  first.users.open('/dev/vhost-vdpa-0', { command: 'qemu-kvm' });
  void deleteVdpaDevice(first, NAME);
  await first.read('/proc/version');
  expect(saved).toContain('"isLeaving":true');
  // The guest ends while nobody simulates the machine.
  saved = saved?.replace(/"openFiles":\[[^\]]*\]/, '"openFiles":[]');
  const second = new SimulatedKernel({ world, clock, stateFile });
  await second.read('/proc/version');
  expect(await listVdpaDevices(second)).toEqual([]);
});

describe('modprobe', () => {
  it('loads what a module needs, and has nothing to do for one that is built in', async () => {
    const kernel = await machine({ modules: [], builtIn: ['vhost_vdpa'] });
    await loadModule(kernel, 'mlx5_vdpa');
    await loadModule(kernel, 'vhost_vdpa');
    expect(kernel.state.modules).toEqual(['mlx5_core', 'vdpa', 'mlx5_vdpa']);
    expect(await kernel.list(`${BUS}/drivers`)).toEqual(['vhost_vdpa']);
  });

  it('says that the kernel does not have a module', async () => {
    const kernel = await machine({ missingModules: ['mlx5_vdpa'], modules: [] });
    await expect(loadModule(kernel, 'mlx5_vdpa')).rejects.toThrow(
      'the kernel does not have the module mlx5_vdpa (there is none in /lib/modules/6.12.95+deb12-amd64)',
    );
  });
});
