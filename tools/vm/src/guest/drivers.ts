// Runs in the guest: tries the drivers for devlink and vDPA on the kernel's own simulators of such devices, netdevsim
// and vdpa_sim, and prints a line of JSON for each case. What they simulate is no PCI device, so this is as far as it
// goes without a NIC.
import assert from 'node:assert/strict';
import { messageOf } from '@sriov/errors';
import {
  addVdpaDevice,
  bindVdpaDriver,
  CommandError,
  deleteVdpaDevice,
  HostKernel,
  listDevlinkPorts,
  listVdpaDevices,
  readESwitchMode,
  representorsOf,
  setESwitchMode,
} from '@sriov/host';
import { z } from 'zod';

const kernel = new HostKernel({ hostRoot: '/' });
const NIC = 'netdevsim/netdevsim1';
const NUM_VFS = '/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs';
const VDPA = 'vdpa:0000:01:00.2';
const MAC = '02:11:22:33:44:55';

/** What is read of `ip -j link`. */
const linksSchema = z.array(z.object({ address: z.string().optional() }));

const portNameOf = async (link: string): Promise<string> =>
  (await kernel.read(`/sys/class/net/${link}/phys_port_name`)).trim();
const switchOf = async (link: string): Promise<string> => kernel.read(`/sys/class/net/${link}/phys_switch_id`);
const deviceNodes = async (): Promise<string[]> =>
  (await kernel.list('/dev')).filter((name) => name.startsWith('vhost-vdpa'));

const CASES: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'a NIC is in legacy mode, and its VFs have no representors',
    async () => {
      await kernel.write('/sys/bus/netdevsim/new_device', '1 1 4');
      await kernel.write(NUM_VFS, '2');
      assert.equal(await readESwitchMode(kernel, NIC), 'legacy');
      const ports = await listDevlinkPorts(kernel);
      assert.deepEqual(
        ports.map(({ device, flavour }) => [device, flavour]),
        [[NIC, 'physical']],
      );
      assert.deepEqual(representorsOf(ports, NIC), new Map());
    },
  ],
  [
    'in switchdev mode each VF has a representor, which says whose it is',
    async () => {
      await setESwitchMode(kernel, NIC, 'switchdev');
      assert.equal(await readESwitchMode(kernel, NIC), 'switchdev');
      const ports = await listDevlinkPorts(kernel);
      const representors = representorsOf(ports, NIC);
      assert.deepEqual([...representors.keys()], [0, 1]);
      const uplink = ports.find(({ flavour }) => flavour === 'physical')?.linkName ?? '';
      assert.match(await portNameOf(uplink), /^p\d+$/);
      for (const [id, link] of representors) {
        assert.equal(await portNameOf(link), `pf0vf${id}`);
        assert.equal(await switchOf(link), await switchOf(uplink));
      }
    },
  ],
  ['the mode that is there already is taken', () => setESwitchMode(kernel, NIC, 'switchdev')],
  [
    'back in legacy mode the representors are gone',
    async () => {
      await setESwitchMode(kernel, NIC, 'legacy');
      assert.equal(await readESwitchMode(kernel, NIC), 'legacy');
      assert.deepEqual(representorsOf(await listDevlinkPorts(kernel), NIC), new Map());
    },
  ],
  [
    'a device that devlink does not know has no mode, and takes none',
    async () => {
      assert.equal(await readESwitchMode(kernel, 'pci/0000:01:00.0'), undefined);
      const set = setESwitchMode(kernel, 'pci/0000:01:00.0', 'switchdev');
      await assert.rejects(set, { code: 'ENODEV' });
    },
  ],
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

for (const [name, run] of CASES) {
  const start = Date.now();
  const failure = await run().then(() => undefined, messageOf);
  process.stdout.write(`${JSON.stringify({ name, ms: Date.now() - start, failure })}\n`);
}
process.exit();
