import { describe, expect, it } from '@jest/globals';
import { observeDevices, readDeviceNodes } from '@sriov/host';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseWorld } from './world.ts';

const PF = '0000:5e:00.0';
const IGB = '0000:01:00.0';
const clock = { now: () => 0, sleep: () => Promise.resolve() };

/** A machine with a ConnectX card that has two VFs, and an Intel port. */
async function boot(): Promise<SimulatedKernel> {
  const nics = [
    { model: 'mlx5', address: PF, name: 'ens2', mac: 'b8:59:9f:00:00:10', up: true, totalVfs: 16, numaNode: 1 },
    { model: 'igb', address: IGB, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
  ];
  const world = parseWorld({ latency: 'none', modules: ['mlx5_core', 'vfio-pci'], nics, defaultRoute: 'ens1' });
  const kernel = new SimulatedKernel({ world, clock });
  await kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, '2');
  return kernel;
}

const vf = { kind: 'net', vendor: '15b3', deviceId: '101e', numaNode: 1, numVfs: 0, linkType: 'ether', hostUses: [] };
const parent = { pciAddress: PF, name: 'ens2', isUp: true };

describe('the devices of a simulated machine', () => {
  it('are those of its models', async () => {
    const first = { ...vf, id: '0000:5e:00.2', pciAddress: '0000:5e:00.2', driver: 'mlx5_core', isRdma: true };
    const kernel = await boot();
    expect(await observeDevices(kernel)).toEqual({
      problems: [],
      devices: [
        {
          id: IGB,
          pciAddress: IGB,
          kind: 'net',
          vendor: '8086',
          deviceId: '10c9',
          driver: 'igb',
          numVfs: 0,
          linkType: 'ether',
          isRdma: false,
          hostUses: [{ kind: 'default-route' }],
        },
        {
          id: PF,
          pciAddress: PF,
          kind: 'net',
          vendor: '15b3',
          deviceId: '101d',
          driver: 'mlx5_core',
          numaNode: 1,
          numVfs: 2,
          linkType: 'ether',
          isRdma: true,
          hostUses: [],
        },
        { ...first, parent: { ...parent, index: 0 } },
        { ...first, id: '0000:5e:00.3', pciAddress: '0000:5e:00.3', parent: { ...parent, index: 1 } },
      ],
    });
  });

  it('stay as they are while their interfaces are in pods', async () => {
    const kernel = await boot();
    const before = await observeDevices(kernel);
    kernel.moveToNamespace('ens2v0');
    expect(await observeDevices(kernel)).toEqual(before);
  });

  it('have the uplink for the interface of their PF in switchdev mode', async () => {
    const kernel = await boot();
    for (const vf of kernel.state.devices[PF]?.pf?.vfs ?? []) {
      await kernel.write('/sys/bus/pci/drivers/mlx5_core/unbind', String(vf));
    }
    const { exitCode } = await kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${PF}`, 'mode', 'switchdev']);
    expect(exitCode).toBe(0);
    const { devices } = await observeDevices(kernel);
    expect(devices.at(-1)?.parent).toEqual({ ...parent, index: 1 });
  });
});

describe('the files in /dev of a simulated device', () => {
  it('are those of its RDMA device, and those that all share', async () => {
    expect(await readDeviceNodes(await boot(), { id: '0000:5e:00.3', pciAddress: '0000:5e:00.3' })).toEqual({
      driver: 'mlx5_core',
      rdma: [
        {
          name: 'mlx5_2',
          ucm: [],
          issm: ['/dev/infiniband/issm2'],
          umad: ['/dev/infiniband/umad2'],
          uverbs: ['/dev/infiniband/uverbs2'],
        },
      ],
      rdmaCm: true,
      vhostNet: true,
      tun: true,
    });
  });

  it('are in /dev', async () => {
    const kernel = await boot();
    const numbers = [0, 1, 2];
    const names = ['issm', 'umad', 'uverbs'].flatMap((kind) => numbers.map((number) => `${kind}${number}`));
    expect(await kernel.list('/dev/infiniband')).toEqual([...names, 'rdma_cm'].sort());
  });

  it('are those of its group with vfio-pci', async () => {
    const kernel = await boot();
    const address = '0000:5e:00.2';
    await kernel.write('/sys/bus/pci/drivers/mlx5_core/unbind', address);
    await kernel.write(`/sys/bus/pci/devices/${address}/driver_override`, 'vfio-pci');
    await kernel.write('/sys/bus/pci/drivers_probe', address);
    const { vfio, rdma } = await readDeviceNodes(kernel, { id: address, pciAddress: address });
    expect([vfio, rdma]).toEqual([{ group: expect.stringMatching(/^\d+$/), isNoIommu: false }, []]);
  });
});
