import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { loadModule } from './modules.ts';

describe('loading a kernel module', () => {
  it('runs modprobe unless the module is loaded', async () => {
    const kernel = new TestKernel({ commands: { 'modprobe vfio-pci': '' } });
    await loadModule(kernel, 'vfio-pci');
    expect(kernel.done).toEqual(['modprobe vfio-pci']);
    const loaded = new TestKernel({ files: { '/sys/module/vfio_pci/parameters/x': '' } });
    await loadModule(loaded, 'vfio-pci');
    expect(loaded.done).toEqual([]);
  });

  it.each<[string, Record<string, string>, string, string]>([
    [
      'a file that lets modprobe do nothing',
      { '/etc/modprobe.d/cis.conf': '# hardening\ninstall igbvf /bin/true' },
      '',
      '/etc/modprobe.d/cis.conf ("install igbvf /bin/true")',
    ],
    [
      'a file that makes modprobe fail',
      { '/usr/lib/modprobe.d/a.conf': 'install vfio-pci /bin/true\n install igbvf /bin/false' },
      '!modprobe: ERROR: Error running install command',
      '/usr/lib/modprobe.d/a.conf ("install igbvf /bin/false")',
    ],
    [
      'a parameter of the kernel',
      { '/proc/cmdline': 'ro module_blacklist=floppy,igbvf quiet' },
      "!modprobe: ERROR: could not insert 'igbvf': Operation not permitted",
      'the command line of the kernel ("module_blacklist=floppy,igbvf")',
    ],
  ])('names what keeps the module out: %s', async (_, files, output, barrier) => {
    const kernel = new TestKernel({ files, commands: { 'modprobe igbvf': output } });
    await expect(loadModule(kernel, 'igbvf')).rejects.toMatchObject({
      code: 'MODULE_NOT_LOADED',
      message: expect.stringContaining(`the kernel module igbvf is kept out by ${barrier}`),
    });
  });
});
