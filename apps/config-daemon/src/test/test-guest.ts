import { type NodeStateSpec } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type Clock } from '@sriov/runtime';
import { type PlatformPorts } from '../platform/guest-platform.ts';

/** The NIC of the node, and two ports that policies are about: paravirtual, and a VF that a hypervisor has given. */
export const GUEST = { node: '0000:00:03.0', virtio: '0000:00:04.0', vf: '0000:00:05.0' } as const;

/** Networks of the two ports. */
export const NETWORKS = { virtio: 'da5bb487', vf: '6ad2b4f2' } as const;

const MACS = { node: 'fa:16:3e:00:00:03', virtio: 'fa:16:3e:00:00:04', vf: 'fa:16:3e:00:00:05' } as const;

const FOLDER = 'openstack/2018-08-27';

/** Nova's files about the guest, by path. The PCI addresses in it are wrong, as they can be. */
export function novaFiles(macs: Readonly<Record<string, string>> = NETWORK_OF): Record<string, string> {
  const links = Object.keys(macs).map((mac, index) => ({ id: `tap${index}`, type: 'ovs', ethernet_mac_address: mac }));
  const networks = Object.values(macs).map((network_id, index) => ({
    id: `network${index}`,
    link: `tap${index}`,
    type: 'ipv4_dhcp',
    network_id,
  }));
  const devices = Object.keys(macs).map((mac) => ({ type: 'nic', bus: 'pci', address: '0000:00:02.0', mac }));
  return {
    [`${FOLDER}/network_data.json`]: JSON.stringify({ links, networks, services: [] }),
    [`${FOLDER}/meta_data.json`]: JSON.stringify({ uuid: 'd8e02d56', devices }),
  };
}

const NETWORK_OF: Readonly<Record<string, string>> = {
  [MACS.node]: '0a0b0c0d',
  [MACS.virtio]: NETWORKS.virtio,
  [MACS.vf]: NETWORKS.vf,
};

/** What an OpenStack guest is like that has a config drive. */
const OPENSTACK = {
  dmi: { sys_vendor: 'OpenStack Foundation', product_name: 'OpenStack Nova' },
  configDrive: { files: novaFiles() },
};

/** A simulated guest without an IOMMU, one of OpenStack unless the world says otherwise. */
export function guestKernel(clock: Clock, world: Record<string, unknown> = OPENSTACK): SimulatedKernel {
  const nics = [
    { model: 'virtio', address: GUEST.node, name: 'ens3', mac: MACS.node, up: true },
    { model: 'virtio', address: GUEST.virtio, name: 'ens4', mac: MACS.virtio, up: true },
    { model: 'iavf', address: GUEST.vf, name: 'ens5', mac: MACS.vf, up: true },
  ];
  return new SimulatedKernel({
    world: parseWorld({ latency: 'none', iommu: false, defaultRoute: 'ens3', nics, ...world }),
    clock,
  });
}

/** What {@link GuestPlatform} works with on the guest, whose node has no provider id unless one is given. */
export function platformPorts(
  { kernel, clock }: { readonly kernel: SimulatedKernel; readonly clock: PlatformPorts['clock'] },
  change: Partial<PlatformPorts> = {},
): PlatformPorts {
  return { kernel, metadata: kernel.metadata, readProviderID: () => Promise.resolve(''), clock, ...change };
}

/** A spec for both ports, each for vfio-pci or for the kernel. */
export function guestSpec(deviceType: 'vfio-pci' | 'netdevice'): NodeStateSpec {
  const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType, vfRange: '0-0' }];
  return { interfaces: [GUEST.virtio, GUEST.vf].map((pciAddress) => ({ pciAddress, numVfs: 1, vfGroups })) };
}
