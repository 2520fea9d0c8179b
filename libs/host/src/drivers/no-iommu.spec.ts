import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { allowNoIommu } from './no-iommu.ts';

const PARAMETER = '/sys/module/vfio/parameters/enable_unsafe_noiommu_mode';

describe('vfio without an IOMMU', () => {
  it('is allowed by the parameter of a loaded vfio', async () => {
    const kernel = new TestKernel({ files: { [PARAMETER]: 'N' } });
    kernel.onWrite = (path, value) => void kernel.files.set(path, value);
    await allowNoIommu(kernel);
    expect(kernel.done).toEqual([`${PARAMETER} = Y`]);
  });

  it('is left alone where it is allowed', async () => {
    const kernel = new TestKernel({ files: { [PARAMETER]: 'Y' } });
    await allowNoIommu(kernel);
    expect(kernel.done).toEqual([]);
  });

  it('is not possible where the kernel is built without it, and the error says what else can be done', async () => {
    const kernel = new TestKernel({ files: { '/sys/module/vfio/initstate': 'live' } });
    await expect(allowNoIommu(kernel)).rejects.toThrow(/CONFIG_VFIO_NOIOMMU.*give the virtual machine an IOMMU/);
  });

  it('is an error where the kernel takes the write and does nothing', async () => {
    const kernel = new TestKernel({ files: { [PARAMETER]: 'N' } });
    await expect(allowNoIommu(kernel)).rejects.toMatchObject({ code: 'NO_EFFECT' });
  });
});
