import { describe, expect, it } from '@jest/globals';
import { NO_GUID } from '@sriov/api';
import { bindDriver, observeHost, run, setAutoprobe } from '@sriov/host';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseWorld } from './world.ts';

const PF = '0000:5e:00.0';
const FOLDER = `/sys/bus/pci/devices/${PF}`;
const VF = '0000:5e:00.2';
const PORT_GUID = 'b8:59:9f:03:00:f9:8f:86';
const GUID = '02:00:00:00:00:00:01:0a';
const OTHER = '02:00:00:00:00:00:01:0b';
const clock = { now: () => 0, sleep: () => new Promise<void>(() => undefined) };

/** A machine with a port in InfiniBand mode that has two VFs without drivers. */
async function boot(rest: object = {}): Promise<SimulatedKernel> {
  const mac = `00:00:10:29:fe:80:00:00:00:00:00:00:${PORT_GUID}`;
  const nic = { model: 'mlx5', linkType: 'IB', address: PF, name: 'ib0', mac, up: true, ...rest };
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: [nic] }), clock });
  await setAutoprobe(kernel, PF, false);
  await kernel.write(`${FOLDER}/sriov_numvfs`, '2');
  return kernel;
}

const setVf = (kernel: SimulatedKernel, ...words: string[]): Promise<string> =>
  run(kernel, ['ip', 'link', 'set', 'dev', 'ib0', 'vf', '0', ...words]);

async function guidsOf(kernel: SimulatedKernel): Promise<unknown> {
  const { interfaces } = await observeHost(kernel);
  return interfaces[0]?.sriov?.vfs.map(({ guids }) => guids);
}

const none = { node: NO_GUID, port: NO_GUID };

describe('a simulated port of InfiniBand', () => {
  it('is seen as one, with the GUIDs of its VFs and without MAC addresses for them', async () => {
    const { interfaces, problems } = await observeHost(await boot());
    expect(problems).toEqual([]);
    expect(interfaces).toMatchObject([
      {
        linkType: 'IB',
        link: { name: 'ib0', mtu: 2044, maxMtu: 4092 },
        sriov: { vfs: [{ guids: none, linkState: 'disable' }, {}] },
      },
    ]);
    expect(interfaces[0]?.sriov?.vfs[0]).not.toHaveProperty('adminMac');
    expect(interfaces[0]).not.toHaveProperty('eSwitchMode');
    expect(interfaces[0]).not.toHaveProperty('eSwitchUnknown');
  });

  it('has files in sysfs that say so', async () => {
    const kernel = await boot();
    const read = async (path: string): Promise<string> => (await kernel.read(path)).trim();
    expect(await read(`${FOLDER}/class`)).toBe('0x020700');
    expect(await read('/sys/class/net/ib0/type')).toBe('32');
    expect(await read('/sys/class/net/ib0/addr_len')).toBe('20');
    expect(await read(`${FOLDER}/infiniband/mlx5_0/node_guid`)).toBe('b859:9f03:00f9:8f86');
    expect(await read(`${FOLDER}/infiniband/mlx5_0/ports/1/link_layer`)).toBe('InfiniBand');
    await expect(kernel.list(`${FOLDER}/sriov`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('prescribes GUIDs, which the driver of a VF takes over when it is bound, and only then', async () => {
    const kernel = await boot();
    await bindDriver(kernel, VF, 'mlx5_core');
    await setVf(kernel, 'node_guid', GUID);
    await setVf(kernel, 'port_guid', OTHER);
    expect(await guidsOf(kernel)).toEqual([{ node: GUID, port: OTHER }, none]);
    expect(kernel.state.devices[VF]?.nodeGuid).toBe(NO_GUID);
    await kernel.write('/sys/bus/pci/drivers/mlx5_core/unbind', VF);
    await bindDriver(kernel, VF, 'mlx5_core');
    expect(kernel.state.devices[VF]?.nodeGuid).toBe(GUID);
    expect((await kernel.read('/sys/class/net/ib0v0/address')).trim()).toMatch(new RegExp(`${OTHER}$`));
  });

  it('remembers the GUIDs of VFs that were removed, for those that are made next', async () => {
    const kernel = await boot();
    await setVf(kernel, 'node_guid', GUID, 'port_guid', GUID, 'state', 'auto');
    for (const numVfs of ['0', '1', '0', '2']) await kernel.write(`${FOLDER}/sriov_numvfs`, numVfs);
    expect(await guidsOf(kernel)).toEqual([{ node: GUID, port: GUID }, none]);
  });

  it('shows GUIDs in files where the driver has them, and does not tell ip what was written there', async () => {
    const kernel = await boot({ hasVfFolders: true });
    await kernel.write(`${FOLDER}/sriov/0/node`, GUID);
    await kernel.write(`${FOLDER}/sriov/0/port`, GUID);
    await kernel.write(`${FOLDER}/sriov/0/policy`, 'Follow');
    expect(await guidsOf(kernel)).toEqual([{ node: GUID, port: GUID }, none]);
    expect(await run(kernel, ['ip', '-j', '-d', 'link', 'show'])).not.toContain(GUID);
    expect(await kernel.read(`${FOLDER}/sriov/0/policy`)).toBe('Follow\n');
    expect(await kernel.read(`${FOLDER}/sriov/1/policy`)).toBe('Down\n');
    await expect(kernel.write(`${FOLDER}/sriov/0/node`, '02:00')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(kernel.write(`${FOLDER}/sriov/0/policy`, 'up')).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it.each([
    ['a GUID that is none', ['node_guid', '02:00'], 'Invalid GUID format'],
    ['a MAC address', ['mac', '02:00:00:00:00:01'], 'Operation not supported'],
    ['another property of Ethernet', ['vlan', '5'], 'Operation not supported'],
  ])('refuses %s', async (_, words, message) => {
    await expect(setVf(await boot(), ...words)).rejects.toThrow(message);
  });

  it.each([
    ['no address of an Ethernet interface', { mac: 'b8:59:9f:00:00:10' }, 'nics.0.mac: must have 20 octets'],
    ['no other model', { model: 'igb' }, 'nics.0.linkType: must be ETH'],
  ])('takes %s', async (_, rest, message) => {
    await expect(boot(rest)).rejects.toThrow(message);
  });
});

it('a simulated port of Ethernet refuses GUIDs', async () => {
  const nic = { model: 'mlx5', address: PF, name: 'ib0', mac: 'b8:59:9f:00:00:10', up: true };
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: [nic] }), clock });
  await kernel.write(`${FOLDER}/sriov_numvfs`, '1');
  await expect(setVf(kernel, 'node_guid', GUID)).rejects.toThrow('Operation not supported');
});
