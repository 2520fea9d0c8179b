import { type NodeStateStatus, type ObservedInterface, vdpaTypeOf, type VirtualFunction } from '@sriov/api';
import { type GuestPort, type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { factsOfHost } from '../planning/facts-of-host.ts';
import { hasKnownUser } from '../planning/in-use.ts';
import { ownVdpaOf } from '../planning/plan-vdpa.ts';

/** `status.interfaces` of the node state: what was seen, and nothing that is only remembered. */
export function statusInterfaces(
  observed: ObservedHost,
  isExternallyManaged: (pciAddress: string) => boolean,
): NonNullable<NodeStateStatus['interfaces']> {
  return observed.interfaces.map((pf) => statusOfPf(pf, isExternallyManaged(pf.pciAddress)));
}

function statusOfPf(pf: ObservedPf, externallyManaged: boolean): ObservedInterface {
  const { link, sriov, port } = pf;
  return {
    pciAddress: pf.pciAddress,
    vendor: pf.vendor,
    deviceID: pf.deviceId,
    driver: pf.driver,
    linkType: pf.linkType,
    externallyManaged,
    // The address by which the platform knows it stays known while a pod or a program has the port.
    ...(port && {
      netFilter: port.network,
      mac: port.mac,
      // Policies that name it would lose it otherwise once it is bound to vfio-pci, or in a pod.
      altNames: port.name === undefined ? [] : [port.name],
    }),
    ...(link && {
      name: link.name,
      mac: link.mac,
      mtu: link.mtu,
      altNames: [...link.altNames],
      linkAdminState: link.up ? 'up' : 'down',
      linkSpeed: link.speed === undefined ? '' : `${link.speed} Mb/s`,
    }),
    ...(sriov && {
      totalvfs: sriov.totalVfs,
      numVfs: sriov.vfs.length,
      // A port has no eSwitch.
      ...(!port && { eSwitchMode: factsOfHost(pf).eSwitchMode }),
      Vfs: sriov.vfs.map((vf) => statusOfVf(vf, port)),
    }),
  };
}

function statusOfVf(vf: ObservedVf, port: GuestPort | undefined): VirtualFunction {
  return {
    vfID: vf.id,
    pciAddress: vf.pciAddress,
    vendor: vf.vendor,
    deviceID: vf.deviceId,
    driver: vf.driver,
    // The address that the PF prescribes stays known while a pod or a guest has the VF.
    mac: vf.link?.mac ?? vf.adminMac ?? port?.mac,
    ...(vf.vlan !== undefined && { Vlan: vf.vlan }),
    // That nobody has it, a look cannot tell: who has a VF without an interface is searched before it changes only.
    ...(hasKnownUser(vf) && { assigned: 'true' }),
    ...(vf.representor !== undefined && { representorName: vf.representor }),
    ...vdpaTypeOfVf(vf),
    ...(vf.guids && { guid: vf.guids.node }),
    ...(vf.link && { name: vf.link.name, mtu: vf.link.mtu }),
  };
}

/** As upstream, of the device with our name only. */
function vdpaTypeOfVf(vf: ObservedVf): Pick<VirtualFunction, 'vdpaType'> {
  const vdpaType = vdpaTypeOf(ownVdpaOf(vf)?.driver);
  return vdpaType === undefined ? {} : { vdpaType };
}
