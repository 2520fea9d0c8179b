import assert from 'node:assert/strict';
import { listDevlinkPorts, readESwitchMode, representorsOf, setESwitchMode } from '@sriov/host';
import { type GuestCase, kernel } from './guest-case.ts';

const NIC = 'netdevsim/netdevsim1';
const NUM_VFS = '/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs';

const portNameOf = async (link: string): Promise<string> =>
  (await kernel.read(`/sys/class/net/${link}/phys_port_name`)).trim();
const switchOf = async (link: string): Promise<string> => kernel.read(`/sys/class/net/${link}/phys_switch_id`);

/** eSwitch modes and representors, on netdevsim. */
export const devlinkCases: readonly GuestCase[] = [
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
];
