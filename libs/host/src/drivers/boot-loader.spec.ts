import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { addKernelArguments, type GrubFolder, readBootLoader } from './boot-loader.ts';

/** As Debian 12 writes the first entries (grub-mkconfig of grub2-common 2.06-13+deb12u1). */
const GRUB_CFG = [
  "menuentry 'Debian GNU/Linux' --class debian {",
  '\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=UUID=1234 ro  quiet intel_iommu=on',
  '}',
  "menuentry 'Debian GNU/Linux (recovery mode)' {",
  '\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=UUID=1234 ro single',
  '}',
].join('\n');
const MKCONFIG = 'for x in ${sysconfdir}/default/grub.d/*.cfg ; do';
const GRUB = { '/usr/sbin/update-grub': 'x', '/usr/sbin/grub-mkconfig': MKCONFIG, '/boot/grub/grub.cfg': GRUB_CFG };
/** As grubby-8.40 of RHEL 9 prints it (documentation of Red Hat, "Configuring kernel command-line parameters"). */
const INFO = [
  'index=0',
  'kernel="/boot/vmlinuz-5.14.0-362.el9.x86_64"',
  'args="ro crashkernel=1G rhgb quiet"',
  'root="/dev/sda1"',
].join('\n');

class Grub implements GrubFolder {
  readonly written: string[] = [];
  readonly #refusal: string | undefined;

  constructor(refusal?: string) {
    this.#refusal = refusal;
  }

  findRefusal(): Promise<string | undefined> {
    return Promise.resolve(this.#refusal);
  }

  write(name: string, content: string): Promise<void> {
    this.written.push(name, content);
    return Promise.resolve();
  }
}

describe('the boot loader of a host', () => {
  it.each<[string, ConstructorParameters<typeof TestKernel>[0], object]>([
    [
      'is GRUB where its configuration reads files of others',
      { files: GRUB },
      { tool: 'grub', arguments: ['root=UUID=1234', 'ro', 'quiet', 'intel_iommu=on'] },
    ],
    [
      'is told by grubby where that is there',
      { files: { ...GRUB, '/usr/sbin/grubby': 'x' }, commands: { 'grubby --info=DEFAULT': INFO } },
      { tool: 'grubby', arguments: ['ro', 'crashkernel=1G', 'rhgb', 'quiet'] },
    ],
    [
      'is told by rpm-ostree on a host of OSTree',
      {
        files: { '/run/ostree-booted': '', '/usr/bin/rpm-ostree': 'x' },
        commands: { 'rpm-ostree kargs': 'rw ostree=/x ignition.platform.id=metal\n' },
      },
      { tool: 'rpm-ostree', arguments: ['rw', 'ostree=/x', 'ignition.platform.id=metal'] },
    ],
  ])('%s', async (_, host, expected) => {
    expect(await readBootLoader(new TestKernel(host), new Grub())).toEqual(expected);
  });

  it.each<[string, ConstructorParameters<typeof TestKernel>[0], string | undefined, string]>([
    [
      'reads no files of others',
      { files: { ...GRUB, '/usr/sbin/grub-mkconfig': 'set -e' } },
      undefined,
      'does not read /etc/default/grub.d',
    ],
    ['is on a read-only file system', { files: GRUB }, 'EROFS', '/etc/default/grub.d cannot be written (EROFS)'],
    [
      'has no configuration',
      { files: { '/usr/sbin/grub-mkconfig': MKCONFIG } },
      undefined,
      'the host boots by something else',
    ],
    [
      'is systemd-boot',
      { files: { '/boot/efi/loader/entries/x.conf': 'linux /x' } },
      undefined,
      '(systemd-boot), which the operator does not write',
    ],
    ['is not found', { files: {} }, undefined, 'no boot loader was found that the operator can tell'],
    ['is that of OSTree without its tool', { files: { '/run/ostree-booted': '' } }, undefined, 'has no rpm-ostree'],
    [
      'does not answer',
      { files: { '/usr/sbin/grubby': 'x' }, commands: { 'grubby --info=DEFAULT': '!grubby: no default' } },
      undefined,
      'cannot be read: grubby --info=DEFAULT: grubby: no default',
    ],
  ])('says why it is not told: it %s', async (_, host, refusal, words) => {
    const loader = await readBootLoader(new TestKernel(host), new Grub(refusal));
    expect('fault' in loader && loader.fault).toContain(words);
  });
});

describe('kernel arguments', () => {
  const words = ['intel_iommu=on', 'iommu=pt'];

  it('come by a file for GRUB, behind what other files set', async () => {
    const kernel = new TestKernel({ files: GRUB, commands: { 'update-grub': '' } });
    kernel.onExec = () => kernel.files.set('/boot/grub/grub.cfg', GRUB_CFG.replace('quiet', 'quiet iommu=pt'));
    const grub = new Grub();
    await addKernelArguments(kernel, { tool: 'grub', words }, grub);
    expect(grub.written).toEqual([
      '99-sriov-network-operator.cfg',
      '# This file is managed by sriov-network-operator do not edit.\nGRUB_CMDLINE_LINUX_DEFAULT="${GRUB_CMDLINE_LINUX_DEFAULT:+$GRUB_CMDLINE_LINUX_DEFAULT }intel_iommu=on iommu=pt"\n',
    ]);
    expect(kernel.done).toEqual(['update-grub']);
  });

  it('come by grub2-mkconfig where there is no update-grub', async () => {
    const files = {
      '/usr/sbin/grub2-mkconfig': MKCONFIG,
      '/boot/grub2/grub.cfg': GRUB_CFG.replace('quiet', 'iommu=pt'),
    };
    const kernel = new TestKernel({ files, commands: { 'grub2-mkconfig -o /boot/grub2/grub.cfg': '' } });
    await addKernelArguments(kernel, { tool: 'grub', words }, new Grub());
    expect(kernel.done).toEqual(['grub2-mkconfig -o /boot/grub2/grub.cfg']);
  });

  it.each([
    [
      'grubby',
      { '/usr/sbin/grubby': 'x' },
      'grubby --update-kernel=ALL --args=intel_iommu=on iommu=pt',
      'grubby --info=DEFAULT',
      'args="ro intel_iommu=on iommu=pt"',
    ],
    [
      'rpm-ostree',
      { '/run/ostree-booted': '', '/usr/bin/rpm-ostree': 'x' },
      'rpm-ostree kargs --append-if-missing=intel_iommu=on --append-if-missing=iommu=pt',
      'rpm-ostree kargs',
      'rw intel_iommu=on iommu=pt',
    ],
  ] as const)('come by %s, which is asked again', async (tool, files, line, question, answer) => {
    const kernel = new TestKernel({ files, commands: { [line]: '', [question]: answer } });
    await addKernelArguments(kernel, { tool, words }, new Grub());
    expect(kernel.done).toEqual([line, question]);
    expect(kernel.deadlines.get(line)).toBe(180_000);
  });

  it('are missed where the boot loader has taken them and does not have them', async () => {
    const kernel = new TestKernel({ files: GRUB, commands: { 'update-grub': '' } });
    await expect(addKernelArguments(kernel, { tool: 'grub', words }, new Grub())).rejects.toMatchObject({
      message: '"update-grub" succeeded, and the next boot is without iommu=pt',
    });
  });

  it('fail with the words of the tool', async () => {
    const kernel = new TestKernel({ files: GRUB, commands: { 'update-grub': '!/usr/sbin/grub-probe: error' } });
    await expect(addKernelArguments(kernel, { tool: 'grub', words }, new Grub())).rejects.toThrow('grub-probe: error');
  });
});
