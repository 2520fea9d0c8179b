import { type GuestPort, type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';

/**
 * The host with its ports of a virtual machine, by PCI address: each is a VF without a PF, and so has one VF, which is
 * the device itself. A device that can have VFs of its own is a PF, whatever the platform says of it.
 */
export function withPorts(host: ObservedHost, ports: ReadonlyMap<string, GuestPort>): ObservedHost {
  if (ports.size === 0) return host;
  return {
    ...host,
    interfaces: host.interfaces.map((pf) => {
      const port = ports.get(pf.pciAddress);
      return port === undefined || pf.sriov !== undefined ? pf : asPort(pf, port);
    }),
  };
}

function asPort(pf: ObservedPf, port: GuestPort): ObservedPf {
  return { ...pf, port, sriov: { totalVfs: 1, autoprobe: true, vfs: [vfOfPort(pf)] } };
}

/** A device without a PF as the VF that it is. */
export function vfOfPort(device: ObservedPf): ObservedVf {
  const { pciAddress, vendor, deviceId, driver, link, iommuGroup, uses } = device;
  return {
    id: 0,
    pciAddress,
    vendor,
    deviceId,
    ...(driver !== undefined && { driver }),
    ...(link !== undefined && { link }),
    ...(iommuGroup !== undefined && { iommuGroup }),
    ...(uses !== undefined && { uses }),
  };
}
