import { describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from '../kernel/kernel.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { bindDefaultDriver, bindDriver, unbindDriver } from './driver-binding.ts';

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
