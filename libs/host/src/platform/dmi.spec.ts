import { expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { readDmi } from './dmi.ts';

it('the firmware says who made the machine, as far as it says anything', async () => {
  const files = { '/sys/class/dmi/id/sys_vendor': 'Amazon EC2', '/sys/class/dmi/id/product_name': 'm5.large' };
  expect(await readDmi(new TestKernel({ files }))).toEqual({ sysVendor: 'Amazon EC2', productName: 'm5.large' });
  expect(await readDmi(new TestKernel({}))).toEqual({});
});
