import { describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from '../kernel/kernel.ts';
import { TestKernel } from '../test/test-kernel.ts';
import {
  bindDefaultDriver,
  bindDriver,
  clearDriverOverride,
  readDriverOverride,
  unbindDriver,
} from './driver-binding.ts';

const VF = '0000:01:10.0';
const DRIVER = `/sys/bus/pci/devices/${VF}/driver`;
const OVERRIDE = `/sys/bus/pci/devices/${VF}/driver_override`;
const PROBE = '/sys/bus/pci/drivers_probe';

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

  it.each([
    ['none', '(null)', undefined],
    ['the one that is named', 'igbvf', 'igbvf'],
    ['unknown where the file cannot be read', '[EIO]', undefined],
    ['none where there is no such file', '[ENOENT]', undefined],
  ])('that is the only one for a device is %s', async (_, text, expected) => {
    const kernel = new TestKernel({ files: { [OVERRIDE]: text } });
    expect(await readDriverOverride(kernel, VF)).toBe(expected);
  });

  it('is the only one no longer', async () => {
    const kernel = vf(undefined);
    await clearDriverOverride(kernel, VF);
    expect(kernel.done).toEqual([`${OVERRIDE} = \\n`]);
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

  it('is given ten seconds for each step', async () => {
    const unbind = '/sys/bus/pci/drivers/igbvf/unbind';
    const kernel = vf('igbvf');
    await bindDriver(kernel, VF, 'igbvf');
    kernel.files.set(unbind, '');
    kernel.onWrite = () => void kernel.files.delete(DRIVER);
    await unbindDriver(kernel, VF);
    expect([...kernel.deadlines]).toEqual([OVERRIDE, PROBE, unbind].map((path) => [path, 10_000]));
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['igbvf', 'its module is there', { '/sys/bus/pci/drivers/igbvf/bind': '' }, 'see dmesg'],
    [
      'vfio-pci',
      'its module is there',
      { '/sys/bus/pci/drivers/vfio-pci/bind': '' },
      'see dmesg; most often the IOMMU is off, or the group of the device has no isolation',
    ],
    ['vfio-pci', 'its module is not there', {}, 'the kernel module vfio-pci is not loaded'],
  ])('%s that was not bound although %s: the cause is told', async (driver, _, files, cause) => {
    const kernel = vf(undefined);
    for (const [path, text] of Object.entries(files)) kernel.files.set(path, text);
    await expect(bindDriver(kernel, VF, driver)).rejects.toMatchObject({
      message: `write ${PROBE}: ENODEV (${VF} has no driver after binding ${driver}: ${cause})`,
    });
  });

  it.each([
    ['ENODEV', 'there is no such device any more, or it has another driver'],
    ['ENOENT', 'there is no such device or driver any more'],
    ['EBUSY', 'another driver has it'],
    ['EPERM', 'the daemon may not do that: it has to run privileged'],
    ['EACCES', 'the daemon may not do that: it has to run privileged, with /sys writable'],
    ['EROFS', 'the daemon has /sys read-only: it has to run privileged'],
  ])('that the kernel refuses with %s is refused with its meaning', async (errno, meaning) => {
    const kernel = new TestKernel({ files: { [OVERRIDE]: `[${errno}]` } });
    await expect(bindDriver(kernel, VF, 'igbvf')).rejects.toMatchObject({
      path: OVERRIDE,
      code: errno,
      message: `write ${OVERRIDE}: ${errno} (${meaning})`,
      cause: { code: errno },
    });
  });

  it('that the kernel refuses with an errno for which we have no words is refused with that', async () => {
    const kernel = new TestKernel({ files: { [OVERRIDE]: '[EIO]' } });
    await expect(bindDriver(kernel, VF, 'igbvf')).rejects.toMatchObject({ message: `write ${OVERRIDE}: EIO` });
  });
});

describe('the default driver of a device', () => {
  const MODALIAS = `/sys/bus/pci/devices/${VF}/modalias`;
  const ALIAS = 'pci:v00008086d000010CAsv*';
  const MODPROBE = `modprobe ${ALIAS}`;

  /** A VF that takes its driver at the probe of this number, or never. */
  function vf(takesAt: number): TestKernel {
    const kernel = new TestKernel({
      files: { [OVERRIDE]: '(null)', [PROBE]: '', [MODALIAS]: ALIAS },
      commands: { [MODPROBE]: '' },
    });
    let probes = 0;
    kernel.onWrite = (path) => {
      if (path === PROBE && (probes += 1) === takesAt) kernel.files.set(DRIVER, '->../../bus/pci/drivers/igbvf');
    };
    return kernel;
  }

  it('is bound once its module is loaded', async () => {
    const kernel = vf(2);
    await bindDefaultDriver(kernel, VF);
    expect(kernel.done).toEqual([`${OVERRIDE} = \\n`, `${PROBE} = ${VF}`, MODPROBE, `${PROBE} = ${VF}`]);
  });

  it('that takes the device not even then is an error', async () => {
    await expect(bindDefaultDriver(vf(3), VF)).rejects.toMatchObject({
      code: 'ENODEV',
      message: `write ${PROBE}: ENODEV (${VF} has no driver after binding its default driver: see dmesg)`,
    });
  });

  it('is not looked for when the kernel refuses to look', async () => {
    const kernel = vf(1);
    kernel.files.set(PROBE, '[EACCES]');
    await expect(bindDefaultDriver(kernel, VF)).rejects.toMatchObject({ code: 'EACCES' });
    expect(kernel.done).not.toContain(MODPROBE);
  });

  it('needs no module when the device has a driver that the kernel says it has not', async () => {
    const kernel = vf(1);
    kernel.files.set(PROBE, '[ENODEV]');
    kernel.files.set(DRIVER, '->../../bus/pci/drivers/igbvf');
    await expect(bindDefaultDriver(kernel, VF)).rejects.toMatchObject({ code: 'ENODEV' });
    expect(kernel.done).not.toContain(MODPROBE);
  });
});
