import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bindDefaultDriver, bindDriver, unbindDriver } from './driver-binding.ts';
import { KernelBlockedError } from './kernel.ts';
import { setLinkUp, setMtu, setVfMac } from './links.ts';
import { loadModule } from './modules.ts';
import { setAutoprobe, setNumVfs } from './sriov.ts';
import { StateFolder } from './state-folder.ts';
import { TestKernel } from './test/test-kernel.ts';

const PF = '0000:01:00.0';
const VF = '0000:01:10.0';
const NUM_VFS = `/sys/bus/pci/devices/${PF}/sriov_numvfs`;
const DRIVER = `/sys/bus/pci/devices/${VF}/driver`;
const OVERRIDE = `/sys/bus/pci/devices/${VF}/driver_override`;
const PROBE = '/sys/bus/pci/drivers_probe';

describe('the number of VFs', () => {
  const pf = (present: number, numVfs = '0', made?: number): TestKernel => {
    const kernel = new TestKernel({
      files: {
        [NUM_VFS]: numVfs,
        [`/sys/bus/pci/devices/${PF}/sriov_totalvfs`]: '7',
        ...Object.fromEntries(
          Array.from({ length: present }, (_, id) => [
            `/sys/bus/pci/devices/${PF}/virtfn${id}`,
            `->../0000:01:10.${id}`,
          ]),
        ),
      },
    });
    kernel.onWrite = (path, value) => {
      if (path !== NUM_VFS) return;
      for (const name of [...kernel.files.keys()]) if (name.includes('/virtfn')) kernel.files.delete(name);
      for (let id = 0; id < Math.min(Number(value), made ?? Infinity); id += 1) {
        kernel.files.set(`/sys/bus/pci/devices/${PF}/virtfn${id}`, `->../0000:01:10.${id}`);
      }
    };
    return kernel;
  };

  it.each([
    ['from none', 0, 4, [`${NUM_VFS} = 4`]],
    ['to none', 4, 0, [`${NUM_VFS} = 0`]],
    ['to another number, through none', 4, 6, [`${NUM_VFS} = 0`, `${NUM_VFS} = 6`]],
    ['that is there already', 4, 4, []],
  ])('is set %s', async (_, present, wanted, done) => {
    const kernel = pf(present);
    await setNumVfs(kernel, PF, wanted);
    expect(kernel.done).toEqual(done);
  });

  it.each([
    ['ERANGE', 'the device cannot have so many VFs (8 wanted, 7 possible)'],
    ['EBUSY', 'the device has another number of VFs already (8 wanted, 7 possible)'],
    ['ENOENT', 'the driver of the PF cannot make VFs, or there is none (8 wanted, 7 possible)'],
    [
      'ENOMEM',
      'no PCI bus numbers or address space are left: try the kernel parameter pci=realloc (8 wanted, 7 possible)',
    ],
  ])('that is refused with %s is explained', async (errno, meaning) => {
    await expect(setNumVfs(pf(0, `[${errno}]`), PF, 8)).rejects.toMatchObject({
      code: errno,
      message: `write ${NUM_VFS}: ${errno} (${meaning})`,
      cause: { code: errno },
    });
  });

  it.each([0, 3])('that the kernel took for 4 and that became %d is named', async (made) => {
    await expect(setNumVfs(pf(0, '0', made), PF, 4)).rejects.toMatchObject({
      code: 'NO_EFFECT',
      message: expect.stringContaining(`4 VFs were asked for, the kernel reported no error, and the PF has ${made}`),
    });
  });

  it('that is refused with what we have no words for is refused with that', async () => {
    await expect(setNumVfs(pf(0, '[EIO]'), PF, 8)).rejects.toMatchObject({ message: `write ${NUM_VFS}: EIO` });
  });

  it('and the probing of new VFs is switched with one digit', async () => {
    const path = `/sys/bus/pci/devices/${PF}/sriov_drivers_autoprobe`;
    const kernel = new TestKernel({ files: { [path]: '1' } });
    kernel.onWrite = (_, value) => kernel.files.set(path, value);
    await setAutoprobe(kernel, PF, false);
    await setAutoprobe(kernel, PF, true);
    expect(kernel.done).toEqual([`${path} = 0`, `${path} = 1`]);
    kernel.onWrite = () => undefined;
    await expect(setAutoprobe(kernel, PF, false)).rejects.toMatchObject({ code: 'NO_EFFECT' });
  });
});

describe('a driver', () => {
  /** A VF that takes the driver `bound` when it is probed. */
  function vf(bound: string | undefined): TestKernel {
    const kernel = new TestKernel({ files: { [OVERRIDE]: '(null)', [PROBE]: '' } });
    kernel.onWrite = (path) => {
      if (path === PROBE && bound !== undefined) kernel.files.set(DRIVER, `->../../bus/pci/drivers/${bound}`);
    };
    return kernel;
  }

  it('of the kernel is bound by name, and the name is taken away again', async () => {
    const kernel = vf('igbvf');
    await bindDriver(kernel, VF, 'igbvf');
    expect(kernel.done).toEqual([`${OVERRIDE} = igbvf`, `${PROBE} = ${VF}`, `${OVERRIDE} = \\n`]);
  });

  it('vfio-pci keeps its name on the device', async () => {
    const kernel = vf('vfio-pci');
    await bindDriver(kernel, VF, 'vfio-pci');
    expect(kernel.done).toEqual([`${OVERRIDE} = vfio-pci`, `${PROBE} = ${VF}`]);
  });

  it('is chosen by the kernel when no name is given', async () => {
    const kernel = vf('some_vf');
    await bindDefaultDriver(kernel, VF);
    expect(kernel.done).toEqual([`${OVERRIDE} = \\n`, `${PROBE} = ${VF}`]);
  });

  it.each([
    ['none', undefined, `${VF} has no driver after binding igbvf: the kernel module igbvf is not loaded`],
    ['another one', 'vfio-pci', `${VF} has driver vfio-pci after binding igbvf: see dmesg`],
  ])('that was not bound is an error, though the kernel says nothing: it bound %s', async (_, bound, detail) => {
    const kernel = vf(bound);
    await expect(bindDriver(kernel, VF, 'igbvf')).rejects.toMatchObject({
      code: 'ENODEV',
      message: `write ${PROBE}: ENODEV (${detail})`,
    });
    expect(kernel.done.at(-1)).toBe(`${OVERRIDE} = \\n`);
  });

  it('keeps its name on the device while the bind is still in the kernel, which holds the lock of both', async () => {
    const kernel = vf(undefined);
    kernel.onWrite = (path) => {
      if (path !== PROBE) return;
      throw new KernelBlockedError({
        verb: 'write',
        path,
        since: 0,
        waitedMs: 10_000,
        released: new Promise(() => undefined),
      });
    };
    await expect(bindDriver(kernel, VF, 'igbvf')).rejects.toMatchObject({ code: 'EBLOCKED' });
    expect(kernel.done).toEqual([`${OVERRIDE} = igbvf`, `${PROBE} = ${VF}`]);
  });

  it('is unbound where one is bound', async () => {
    const unbind = '/sys/bus/pci/drivers/igbvf/unbind';
    const kernel = new TestKernel({ files: { [DRIVER]: '->../../bus/pci/drivers/igbvf', [unbind]: '' } });
    await expect(unbindDriver(kernel, VF)).rejects.toMatchObject({
      code: 'NO_EFFECT',
      message: expect.stringContaining(`${VF} has driver igbvf after driver igbvf was unbound`),
    });
    kernel.onWrite = () => void kernel.files.delete(DRIVER);
    await unbindDriver(kernel, VF);
    expect(kernel.done).toEqual([`${unbind} = ${VF}`, `${unbind} = ${VF}`]);
    const without = new TestKernel({});
    await unbindDriver(without, VF);
    expect(without.done).toEqual([]);
  });
});

describe('commands', () => {
  const commands = {
    'ip link set dev ens1 mtu 9000': '',
    'ip link set dev ens1 up': '',
    'ip link set dev ens1 vf 3 mac 02:00:00:00:00:01': '',
    'modprobe vfio-pci': '',
  };

  it('set links', async () => {
    const kernel = new TestKernel({ commands });
    await setMtu(kernel, 'ens1', 9000);
    await setLinkUp(kernel, 'ens1');
    await setVfMac(kernel, { pfName: 'ens1', id: 3 }, '02:00:00:00:00:01');
    expect(kernel.done).toEqual(Object.keys(commands).slice(0, 3));
  });

  it('that had no effect are failures, though they say nothing', async () => {
    const files = { '/sys/class/net/ens1/mtu': '1500', '/sys/class/net/ens1/flags': '0x1002' };
    const kernel = new TestKernel({ commands, files });
    await expect(setMtu(kernel, 'ens1', 9000)).rejects.toMatchObject({
      message: 'MTU 9000 was asked for, ip reported no error, and ens1 has 1500: its driver allows no other',
    });
    await expect(setLinkUp(kernel, 'ens1')).rejects.toMatchObject({ code: 'NO_EFFECT' });
    kernel.files.set('/sys/class/net/ens1/flags', '0x1003');
    await setLinkUp(kernel, 'ens1');
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
  ])('name what keeps a module out: %s', async (_, files, output, barrier) => {
    const kernel = new TestKernel({ files, commands: { 'modprobe igbvf': output } });
    await expect(loadModule(kernel, 'igbvf')).rejects.toMatchObject({
      code: 'MODULE_NOT_LOADED',
      message: expect.stringContaining(`the kernel module igbvf is kept out by ${barrier}`),
    });
  });

  it('that fail say why, in the last line of what they said', async () => {
    const kernel = new TestKernel({
      commands: { 'ip link set dev ens1 up': '!Warning: x\nRTNETLINK answers: Operation not permitted' },
    });
    await expect(setLinkUp(kernel, 'ens1')).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'ip link set dev ens1 up: RTNETLINK answers: Operation not permitted',
      exitCode: 1,
    });
  });

  it('load a module unless it is there', async () => {
    const kernel = new TestKernel({ commands });
    await loadModule(kernel, 'vfio-pci');
    expect(kernel.done).toEqual(['modprobe vfio-pci']);
    const loaded = new TestKernel({ files: { '/sys/module/vfio_pci/parameters/x': '' } });
    await loadModule(loaded, 'vfio-pci');
    expect(loaded.done).toEqual([]);
  });
});

describe('the state folder', () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'state-'));
  });
  afterEach(() => rmSync(path, { recursive: true }));

  it('makes itself, and its files are whole and private', async () => {
    const folder = new StateFolder(join(path, 'deep/er'));
    expect([await folder.read('pci/a'), await folder.list('pci')]).toEqual([undefined, []]);
    await folder.write('pci/b', 'two');
    await folder.write('pci/a', 'one');
    await folder.write('pci/a', 'three');
    expect([await folder.read('pci/a'), await folder.list('pci')]).toEqual(['three', ['a', 'b']]);
    expect(readdirSync(join(path, 'deep/er/pci'))).toEqual(['a', 'b']);
    await folder.remove('pci/a');
    await folder.remove('pci/a');
    expect(await folder.list('pci')).toEqual(['b']);
  });

  it('does not see what a crash left unfinished, and writes over it', async () => {
    const folder = new StateFolder(path);
    writeFileSync(join(path, 'a.unfinished'), 'hal');
    expect(await folder.list('')).toEqual([]);
    await folder.write('a', 'whole');
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('whole');
    expect(readdirSync(path)).toEqual(['a']);
  });

  it('that cannot be written says so, and keeps what it had', async () => {
    writeFileSync(join(path, 'pci'), 'not a folder');
    await expect(new StateFolder(path).write('pci/a', 'x')).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
    });
    expect(readFileSync(join(path, 'pci'), 'utf8')).toBe('not a folder');
  });
});
