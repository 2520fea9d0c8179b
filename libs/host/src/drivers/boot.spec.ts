import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { readBoot, rebootHost } from './boot.ts';

const FILES = {
  '/proc/sys/kernel/random/boot_id': '7c2b0d4e-1a51-4f7e-9d0a-000000000001',
  '/proc/cmdline': 'BOOT_IMAGE=/vmlinuz root=/dev/sda1  quiet',
};

describe('how a host was booted', () => {
  it.each<[string, string, Record<string, string>, object]>([
    [
      'an Intel machine with its IOMMU',
      'vendor_id\t: GenuineIntel',
      { '/sys/class/iommu/dmar0': '->x' },
      { processor: 'intel', hasIommu: true },
    ],
    [
      'a machine of Hygon, which is one of AMD',
      'processor\t: 0\nvendor_id\t: HygonGenuine',
      {},
      { processor: 'amd', hasIommu: false },
    ],
    ['a machine of Zhaoxin, which is like one of Intel', 'vendor_id\t:   Shanghai  ', {}, { processor: 'intel' }],
    ['an ARM machine', 'processor\t: 0\nCPU implementer\t: 0x48', {}, { processor: 'other' }],
    ['a mainframe', 'vendor_id       : IBM/S390', {}, { processor: 'other' }],
  ])('is seen on %s', async (_, cpuinfo, others, expected) => {
    const boot = await readBoot(new TestKernel({ files: { ...FILES, '/proc/cpuinfo': cpuinfo, ...others } }));
    expect(boot).toMatchObject({
      bootId: '7c2b0d4e-1a51-4f7e-9d0a-000000000001',
      arguments: ['BOOT_IMAGE=/vmlinuz', 'root=/dev/sda1', 'quiet'],
      ...expected,
    });
  });
});

describe('a reboot', () => {
  const LINE =
    'systemd-run --collect --unit=sriov-network-config-daemon-reboot --description=reboot of the node by sriov-network-operator /bin/sh -c systemctl stop kubelet.service; systemctl reboot';

  it('is left to systemd of the host', async () => {
    const kernel = new TestKernel({ commands: { [LINE]: '' } });
    await rebootHost(kernel);
    expect(kernel.done).toEqual([LINE]);
  });

  it('is refused in the words of systemd', async () => {
    const kernel = new TestKernel({
      commands: { [LINE]: '!Failed to start transient service unit: Unit was already loaded' },
    });
    await expect(rebootHost(kernel)).rejects.toThrow('Unit was already loaded');
  });
});
