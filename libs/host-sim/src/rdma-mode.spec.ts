import { describe, expect, it } from '@jest/globals';
import { readRdmaConfig, readRdmaMode, setRdmaMode } from '@sriov/host';
import { FakeClock } from '@sriov/testing';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseWorld } from './world.ts';

function machineWith(model: 'mlx5' | 'igb'): SimulatedKernel {
  const nics = [{ model, address: '0000:10:00.0', name: 'ens1', mac: 'b8:59:9f:00:00:10' }];
  return new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: new FakeClock() });
}

describe('the RDMA mode of a simulated machine', () => {
  it('is shared until somebody switches it, which only works while there is no other network namespace', async () => {
    const kernel = machineWith('mlx5');
    const remove = kernel.addNamespace();
    await expect(setRdmaMode(kernel, 'exclusive')).rejects.toThrow(/EBUSY/);
    await setRdmaMode(kernel, 'shared');
    remove();
    const comeBack = kernel.moveToNamespace('ens1');
    await expect(setRdmaMode(kernel, 'exclusive')).rejects.toThrow(/EBUSY/);
    comeBack();
    expect(await readRdmaMode(kernel)).toBe('shared');
    await setRdmaMode(kernel, 'exclusive');
    expect(await readRdmaMode(kernel)).toBe('exclusive');
    expect(await kernel.exec('rdma', ['system', 'show'])).toMatchObject({
      stdout: 'netns exclusive copy-on-fork on\n',
    });
  });

  it('is none without the RDMA core', async () => {
    const kernel = machineWith('igb');
    expect(await readRdmaMode(kernel)).toBeUndefined();
    await expect(setRdmaMode(kernel, 'exclusive')).rejects.toThrow('Failed to open NETLINK_RDMA socket');
  });

  it('has a file for modprobe that is there until it is removed', async () => {
    const kernel = machineWith('igb');
    const name = 'sriov_network_operator_modules_config.conf';
    await kernel.modprobeFolder.write(name, 'options ib_core netns_mode=0\n');
    expect(await readRdmaConfig(kernel, 'own')).toEqual({ file: 'options ib_core netns_mode=0', others: [] });
    await kernel.modprobeFolder.remove(name);
    expect(await readRdmaConfig(kernel, 'own')).toEqual({ others: [] });
  });
});
