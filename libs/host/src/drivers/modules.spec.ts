import { describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from '../kernel/kernel.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { isDriverLoaded, loadModule, loadModuleOf } from './modules.ts';

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
    [
      'a parameter of modprobe',
      { '/proc/cmdline': 'ro modprobe.blacklist=igbvf' },
      '!modprobe: ERROR: no',
      'the command line of the kernel ("modprobe.blacklist=igbvf")',
    ],
    [
      'a parameter, before a file',
      { '/proc/cmdline': 'module_blacklist=igbvf', '/etc/modprobe.d/a.conf': 'blacklist igbvf' },
      '',
      'the command line of the kernel ("module_blacklist=igbvf")',
    ],
    [
      'a line of a blacklist',
      { '/etc/modprobe.d/a.conf': 'blacklist\tigbvf' },
      '',
      '/etc/modprobe.d/a.conf ("blacklist\tigbvf")',
    ],
    ...[
      '/etc/modprobe.d',
      '/run/modprobe.d',
      '/usr/local/lib/modprobe.d',
      '/usr/lib/modprobe.d',
      '/lib/modprobe.d',
    ].map((folder): [string, Record<string, string>, string, string] => [
      `a file in ${folder}`,
      { [`${folder}/a.conf`]: 'blacklist igbvf' },
      '',
      `${folder}/a.conf ("blacklist igbvf")`,
    ]),
  ])('names what keeps the module out: %s', async (_, files, output, barrier) => {
    const kernel = new TestKernel({ files, commands: { 'modprobe igbvf': output } });
    await expect(loadModule(kernel, 'igbvf')).rejects.toMatchObject({
      code: 'MODULE_NOT_LOADED',
      message: expect.stringContaining(`the kernel module igbvf is kept out by ${barrier}`),
    });
  });

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['a parameter for another module', { '/proc/cmdline': 'module_blacklist=igbvf2 x.module_blacklist=igbvf' }],
    ['a line for another module', { '/etc/modprobe.d/a.conf': 'blacklist igbvf2\noptions igbvf x=1' }],
    ['a line that is a comment', { '/etc/modprobe.d/a.conf': '# blacklist igbvf' }],
    ['a file that modprobe does not read', { '/etc/modprobe.d/a.conf.bak': 'blacklist igbvf' }],
  ])('passes on what modprobe says where what keeps the module out is %s', async (_, files) => {
    const kernel = new TestKernel({
      files,
      commands: { 'modprobe igbvf': '!modprobe: ERROR: could not insert: Exec format error' },
    });
    await expect(loadModule(kernel, 'igbvf')).rejects.toMatchObject({
      message: 'modprobe igbvf: modprobe: ERROR: could not insert: Exec format error',
    });
  });

  it('says that the kernel does not have the module', async () => {
    const output = '!modprobe: FATAL: Module mlx5_vdpa not found in directory /lib/modules/6.1.0';
    const kernel = new TestKernel({ commands: { 'modprobe mlx5_vdpa': output } });
    await expect(loadModule(kernel, 'mlx5_vdpa')).rejects.toMatchObject({
      code: 'MODULE_NOT_LOADED',
      message:
        'the kernel does not have the module mlx5_vdpa (there is none in /lib/modules/6.1.0): install the package that has it, or boot a kernel that has it',
      cause: { code: 'COMMAND_FAILED' },
    });
  });

  it.each([
    ['vhost_net', 'kernel/drivers/vhost/vhost_net.ko', true],
    ['vfio-pci', 'kernel/drivers/net/tun.ko\nkernel/drivers/vfio/pci/vfio_pci.ko\n', true],
    ['tun', 'kernel/net/ipv4/tunnel4.ko\nkernel/drivers/net/tun.ko.xz', false],
  ])('takes %s for built in only by its whole name, whatever a blacklist says', async (module, builtIn, isBuiltIn) => {
    const kernel = new TestKernel({
      files: {
        '/proc/sys/kernel/osrelease': '6.1.0',
        '/lib/modules/6.1.0/modules.builtin': builtIn,
        '/etc/modprobe.d/a.conf': `blacklist ${module}`,
      },
      commands: { [`modprobe ${module}`]: '' },
    });
    const loading = loadModule(kernel, module);
    if (isBuiltIn) await loading;
    else await expect(loading).rejects.toThrow('is kept out by /etc/modprobe.d/a.conf');
  });

  it('has its cause, and says what to do', async () => {
    const files = { '/proc/cmdline': 'module_blacklist=vfio-pci' };
    const kernel = new TestKernel({ files, commands: { 'modprobe vfio_pci': '!no' } });
    await expect(loadModule(kernel, 'vfio_pci')).rejects.toMatchObject({
      name: 'ModuleError',
      message:
        'the kernel module vfio_pci is kept out by the command line of the kernel ("module_blacklist=vfio-pci"): remove that, and reboot if it is a kernel parameter',
      cause: { code: 'COMMAND_FAILED' },
    });
  });

  it('is done when modprobe has loaded it, whatever files say', async () => {
    const files = { '/etc/modprobe.d/a.conf': 'blacklist igbvf' };
    const kernel = new TestKernel({ files, commands: { 'modprobe igbvf': '' } });
    const exec = kernel.exec.bind(kernel);
    kernel.exec = (command, args, options) => {
      kernel.files.set('/sys/module/igbvf/refcnt', '0');
      return exec(command, args, options);
    };
    await loadModule(kernel, 'igbvf');
    expect(kernel.done).toEqual(['modprobe igbvf']);
  });

  it('needs no module for a driver that is built in', async () => {
    const kernel = new TestKernel({ files: { '/sys/bus/pci/drivers/igbvf/bind': '' } });
    expect([await isDriverLoaded(kernel, 'igbvf'), await isDriverLoaded(kernel, 'ixgbevf')]).toEqual([true, false]);
    await loadModule(kernel, 'igbvf');
    expect(kernel.done).toEqual([]);
  });

  it('is given up when modprobe cannot be run', async () => {
    await expect(loadModule(new TestKernel({}), 'igbvf')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('loading the module of a device', () => {
  const VF = '0000:01:10.0';
  const files = { [`/sys/bus/pci/devices/${VF}/modalias`]: 'pci:v00008086' };

  it('asks modprobe for what the device says of itself, on the host', async () => {
    const kernel = new TestKernel({ files, commands: { 'modprobe pci:v00008086': '' } });
    const onHost: unknown[] = [];
    const exec = kernel.exec.bind(kernel);
    kernel.exec = (command, args, options) => {
      onHost.push(options?.onHost);
      return exec(command, args, options);
    };
    await loadModuleOf(kernel, VF);
    expect([kernel.done, onHost]).toEqual([['modprobe pci:v00008086'], [true]]);
  });

  it('does nothing for a device that says nothing', async () => {
    const kernel = new TestKernel({});
    await loadModuleOf(kernel, VF);
    expect(kernel.done).toEqual([]);
  });

  it('says what may help when there is none', async () => {
    const kernel = new TestKernel({ files, commands: { 'modprobe pci:v00008086': '!not found' } });
    await expect(loadModuleOf(kernel, VF)).rejects.toMatchObject({
      code: 'MODULE_NOT_LOADED',
      message:
        'no kernel module can be loaded for 0000:01:10.0 (pci:v00008086): modprobe pci:v00008086: not found: install the module of its driver, or see whether a file in /etc/modprobe.d, /run/modprobe.d, /usr/local/lib/modprobe.d, /usr/lib/modprobe.d, /lib/modprobe.d has it blacklisted',
      cause: { code: 'COMMAND_FAILED' },
    });
  });

  it('is not called impossible while modprobe hangs', async () => {
    const kernel = new TestKernel({ files });
    const blocked = new KernelBlockedError({
      verb: 'exec',
      path: 'modprobe',
      since: 0,
      waitedMs: 30_000,
      released: new Promise(() => undefined),
    });
    kernel.exec = () => Promise.reject(blocked);
    await expect(loadModuleOf(kernel, VF)).rejects.toBe(blocked);
  });
});
