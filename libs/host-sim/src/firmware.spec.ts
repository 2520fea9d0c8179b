import { describe, expect, it } from '@jest/globals';
import { observeHost, readFirmware, readLockdown, rebootHost, setNumVfs, writeFirmware } from '@sriov/host';
import { FakeClock } from '@sriov/testing';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseWorld } from './world.ts';

const P0 = '0000:5e:00.0';
const P1 = '0000:5e:00.1';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

const start = (firmware: object = {}, rest: object = {}): SimulatedKernel => {
  const port = { model: 'mlx5', totalVfs: 4, firmware };
  const nics = [
    { ...port, address: P0, name: 'ens1', mac: 'b8:59:9f:00:00:10' },
    { ...port, address: P1, name: 'ens2', mac: 'b8:59:9f:00:00:11' },
    { model: 'igb', address: '0000:01:00.0', name: 'ens3', mac: '52:54:00:aa:00:10' },
  ];
  return new SimulatedKernel({ world: parseWorld({ latency: 'none', nics, ...rest }), clock: new FakeClock() });
};

const totals = async (kernel: SimulatedKernel): Promise<(number | undefined)[]> =>
  (await observeHost(kernel)).interfaces.flatMap(({ vendor, sriov }) => (vendor === '15b3' ? [sriov?.totalVfs] : []));

describe('the firmware of a simulated card', () => {
  it('has what it was told after a boot, for all its ports, and keeps it', async () => {
    const kernel = start();
    await writeFirmware(kernel, P1, { numOfVfs: 12 });
    expect((await readFirmware(kernel, P0)).numOfVfs).toEqual({ current: 4, next: 12 });
    expect(await totals(kernel)).toEqual([4, 4]);
    const before = await kernel.read(BOOT_ID);
    kernel.reboot();
    expect((await readFirmware(kernel, P0)).numOfVfs).toEqual({ current: 12, next: 12 });
    kernel.reboot();
    expect(await totals(kernel)).toEqual([12, 12]);
    expect(await kernel.read(BOOT_ID)).not.toBe(before);
  });

  it('gives no PF the capability while SR-IOV is switched off', async () => {
    const kernel = start({ sriovEnabled: false });
    expect(await totals(kernel)).toEqual([undefined, undefined]);
    await writeFirmware(kernel, P0, { sriovEnabled: true });
    kernel.reboot();
    expect(await totals(kernel)).toEqual([4, 4]);
  });

  it('changes the type of a port at a boot, there and back', async () => {
    const kernel = start();
    const types = async (): Promise<string[]> => (await observeHost(kernel)).interfaces.map(({ linkType }) => linkType);
    await writeFirmware(kernel, P0, { linkTypes: { 2: 'IB' } });
    kernel.reboot();
    expect(await types()).toEqual(['ETH', 'ETH', 'IB']);
    await writeFirmware(kernel, P0, { linkTypes: { 2: 'ETH' } });
    kernel.reboot();
    expect(await types()).toEqual(['ETH', 'ETH', 'ETH']);
  });

  it.each<['keeps' | 'forgets', number, number]>([
    ['keeps', 4, 12],
    ['forgets', 4, 4],
  ])(
    'that %s its settings at a boot has %d after it, and %d after a reboot with a start of its own',
    async (atBoot, booted, started) => {
      const kernel = start({ atBoot });
      await writeFirmware(kernel, P0, { numOfVfs: 12 });
      kernel.reboot();
      expect(await totals(kernel)).toEqual([booted, booted]);
      await setNumVfs(kernel, P1, 2);
      await rebootHost(kernel, [{ pciAddress: P0, ports: [P0, P1] }]);
      kernel.reboot();
      expect(await totals(kernel)).toEqual([started, started]);
    },
  );

  it('is not started anew while there are VFs, nor reached while the kernel is locked down', async () => {
    const kernel = start({ atBoot: 'keeps' });
    await writeFirmware(kernel, P0, { numOfVfs: 12 });
    await setNumVfs(kernel, P1, 2);
    await rebootHost(kernel, [{ pciAddress: P0, ports: [P0] }]);
    kernel.reboot();
    expect(await totals(kernel)).toEqual([4, 4]);
    const locked = start({}, { lockdown: 'integrity' });
    expect(await readLockdown(locked)).toBe('integrity');
    await expect(readFirmware(locked, P0)).rejects.toThrow(/Permission denied, -E- Failed to open the device/);
  });

  it('tells that a DPU has the NIC, and refuses what it does not know, as other vendors refuse all', async () => {
    const kernel = start({ isDpu: true, isVpi: false });
    expect(await readFirmware(kernel, P0)).toMatchObject({ isDpu: true, linkTypes: {} });
    await expect(writeFirmware(kernel, P0, { linkTypes: { 1: 'IB' } })).rejects.toThrow(
      "The Device doesn't support LINK_TYPE_P1 parameter",
    );
    await expect(readFirmware(kernel, '0000:01:00.0')).rejects.toThrow('Failed to open the device');
    await expect(readFirmware(kernel, '0000:99:00.0')).rejects.toThrow('Failed to open the device');
  });
});
