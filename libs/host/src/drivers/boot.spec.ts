import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  const RESETS = [{ pciAddress: '0000:5e:00.0', ports: ['0000:5e:00.0', '0000:5e:00.1'] }];
  /** The script for the shell of the host, with what is given in the place of its sysfs. */
  const scriptFor = async (resets: Parameters<typeof rebootHost>[1], folder: string): Promise<string> => {
    const kernel = new TestKernel({});
    let script = '';
    kernel.exec = (_, args) => {
      script = args.at(-1) ?? '';
      return Promise.resolve({ stdout: '', stderr: '', exitCode: 0 });
    };
    await rebootHost(kernel, resets);
    return script.replaceAll('/sys/bus/pci/devices', folder);
  };
  /** Runs it where the commands of the host only note how they were called. */
  const run = async (resets: Parameters<typeof rebootHost>[1], commands: Record<string, string>): Promise<string[]> => {
    const folder = mkdtempSync(join(tmpdir(), 'reboot-'));
    try {
      for (const [name, more] of Object.entries({ systemctl: '', sleep: '', ...commands })) {
        writeFileSync(
          join(folder, name),
          `#!/bin/sh\n[ ${name} = sleep ] || echo ${name} "$@" >> ${folder}/done\n${more}\n`,
        );
        chmodSync(join(folder, name), 0o755);
      }
      const script = await scriptFor(resets, join(folder, 'pci'));
      execFileSync('/bin/sh', ['-c', script], { env: { PATH: folder }, stdio: 'ignore' });
      return readFileSync(join(folder, 'done'), 'utf8').trim().split('\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const RESET = 'mstfwreset -d 0000:5e:00.0 --skip_driver -l 3 -y reset';

  it.each<[string, Record<string, string>, string[]]>([
    ['starts firmware anew on the way', { mstfwreset: '' }, [RESET]],
    ['comes where that fails', { mstfwreset: 'exit 1' }, [RESET]],
    ['comes where that does not end', { mstfwreset: 'exec /bin/sleep 5' }, [RESET]],
    ['comes where the host has no tool for it', {}, []],
  ])('%s', async (_, commands, done) => {
    expect(await run(RESETS, commands)).toEqual(['systemctl stop kubelet.service', ...done, 'systemctl reboot']);
  });

  it('removes the VFs of all ports first, without which firmware is not started anew', async () => {
    const script = await scriptFor(RESETS, '/p');
    expect(script).toContain('{ echo 0 > /p/0000:5e:00.0/sriov_numvfs; echo 0 > /p/0000:5e:00.1/sriov_numvfs; mstfw');
  });

  it('lets no other text into the line of a shell', async () => {
    const pciAddress = '0000:5e:00.0; rm -rf /';
    expect(await scriptFor([{ pciAddress, ports: [] }], '')).toBe('systemctl stop kubelet.service; systemctl reboot');
  });

  it('is refused in the words of systemd', async () => {
    const kernel = new TestKernel({
      commands: { [LINE]: '!Failed to start transient service unit: Unit was already loaded' },
    });
    await expect(rebootHost(kernel)).rejects.toThrow('Unit was already loaded');
  });
});
