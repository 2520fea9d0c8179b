import { expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { listInterfaces } from './device-interfaces.ts';

const FOLDER = '/sys/bus/pci/devices/0000:00:04.0';

it.each<[string, Record<string, string>, string[]]>([
  ['of a NIC', { [`${FOLDER}/net/ens4/mtu`]: '1500' }, ['ens4']],
  ['of a virtio device', { [`${FOLDER}/virtio1/net/ens4/mtu`]: '1500' }, ['ens4']],
  ['of a device without any', { [`${FOLDER}/vendor`]: '0x1af4' }, []],
  ['of no device', {}, []],
])('interfaces %s are listed', async (_, files, expected) => {
  expect(await listInterfaces(new TestKernel({ files }), '0000:00:04.0')).toEqual(expected);
});
