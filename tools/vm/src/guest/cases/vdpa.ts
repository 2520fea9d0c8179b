import assert from 'node:assert/strict';
import { addVdpaDevice, bindVdpaDriver, CommandError, deleteVdpaDevice, listVdpaDevices } from '@sriov/host';
import { z } from 'zod';
import { type GuestCase, kernel } from './guest-case.ts';

const VDPA = 'vdpa:0000:01:00.2';
const MAC = '02:11:22:33:44:55';

/** What is read of `ip -j link`. */
const linksSchema = z.array(z.object({ address: z.string().optional() }));

const deviceNodes = async (): Promise<string[]> =>
  (await kernel.list('/dev')).filter((name) => name.startsWith('vhost-vdpa'));

/** vDPA devices, on vdpa_sim. */
export const vdpaCases: readonly GuestCase[] = [
  [
    'a vDPA device is made from its management device, which does not take the number of queues',
    async () => {
      await addVdpaDevice(kernel, { name: VDPA, managementDevice: 'vdpasim_net', mac: MAC, maxQueuePairs: 32 });
      const [device, ...others] = await listVdpaDevices(kernel);
      assert.deepEqual(others, []);
      assert.equal(device?.name, VDPA);
      assert.equal(device.managementDevice, 'vdpasim_net');
    },
  ],
  [
    'a name that is taken is refused with a reason',
    () =>
      assert.rejects(
        addVdpaDevice(kernel, { name: VDPA, managementDevice: 'vdpasim_net' }),
        (error) => error instanceof CommandError && /exists/i.test(error.message),
      ),
  ],
  [
    'bound to vhost_vdpa it has a device node, whatever it was bound to',
    async () => {
      await bindVdpaDriver(kernel, VDPA, 'virtio_vdpa');
      assert.deepEqual(await deviceNodes(), []);
      await bindVdpaDriver(kernel, VDPA, 'vhost_vdpa');
      assert.deepEqual(
        (await listVdpaDevices(kernel)).map(({ driver }) => driver),
        ['vhost_vdpa'],
      );
      assert.equal((await deviceNodes()).length, 1);
    },
  ],
  [
    'bound to virtio_vdpa it has a network interface with its MAC address',
    async () => {
      await bindVdpaDriver(kernel, VDPA, 'virtio_vdpa');
      const { stdout } = await kernel.exec('ip', ['-j', 'link', 'show']);
      const links = linksSchema.parse(JSON.parse(stdout));
      assert.ok(
        links.some(({ address }) => address === MAC),
        stdout,
      );
    },
  ],
  [
    'it is deleted once, and a second time without harm',
    async () => {
      await deleteVdpaDevice(kernel, VDPA);
      assert.deepEqual(await listVdpaDevices(kernel), []);
      await deleteVdpaDevice(kernel, VDPA);
    },
  ],
];
