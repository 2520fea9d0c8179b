import { type LinkType, omitUndefined, vdpaNameOf } from '@sriov/api';
import { type DeviceUse, type ObservedSriov, type ObservedVdpa, type ObservedVf } from '@sriov/observed-host';
import { listVfAddresses, readAutoprobe, readVfLinks } from '../drivers/sriov.ts';
import { findVfGuids, type VfInfo } from '../drivers/vf-info.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { countOf, PCI_DEVICES, readAttribute, readIfThere } from '../kernel/sysfs.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { findDeviceInterfaces, usesOfDevice } from '../uses/device-uses.ts';
import { type HostTables } from './host-tables.ts';
import { observeLink } from './observe-link.ts';
import { readBinding, readIds } from './pci-facts.ts';

/** A PF on the way to its VFs. */
export interface PfOfVfs {
  readonly pciAddress: string;
  /** Its vendor, which its VFs have as well (pci_iov_add_virtfn of drivers/pci/iov.c). */
  readonly vendor: string;
  /** What its folder has. */
  readonly names: readonly string[];
  readonly linkType: LinkType;
  /** What its interface tells of its VFs; absent where it has none. */
  readonly told: ReadonlyMap<number, VfInfo> | undefined;
  /** Names of the interfaces that represent its VFs, by VF id. */
  readonly representors: ReadonlyMap<number, string>;
}

/** Looks at the SR-IOV side of a PF; nothing where it has none. @throws {KernelError} when a VF cannot be looked at */
export async function observeSriov(
  kernel: Kernel,
  pf: PfOfVfs,
  tables: HostTables,
): Promise<ObservedSriov | undefined> {
  const totalPath = `${PCI_DEVICES}/${pf.pciAddress}/sriov_totalvfs`;
  const total = await readIfThere(kernel, totalPath);
  if (total === undefined) return undefined;
  const totalVfs = countOf(total, totalPath);
  const [addresses, ofVfs] = await Promise.all([
    readVfLinks(kernel, pf.pciAddress, pf.names),
    readVfDeviceId(kernel, pf.pciAddress),
  ]);
  const vfs = await Promise.all(
    [...addresses].map(([id, pciAddress]) =>
      observeVf(kernel, { id, pciAddress, pf, ...ofVfs }, tables).catch((error: unknown) =>
        unlessGone(kernel, { id, pciAddress, error }, pf.pciAddress),
      ),
    ),
  );
  return {
    totalVfs,
    ...ofVfs,
    autoprobe: await readAutoprobe(kernel, pf.pciAddress),
    vfs: vfs.flatMap((vf) => vf ?? []),
  };
}

/** Four lower-case hex digits; the kernel leaves out zeros before them (sriov_vf_device_show in drivers/pci/iov.c). */
async function readVfDeviceId(kernel: Kernel, pf: string): Promise<Pick<ObservedSriov, 'vfDeviceId'>> {
  const path = `${PCI_DEVICES}/${pf}/sriov_vf_device`;
  const text = await readAttribute(kernel, path);
  if (text === undefined) return {};
  if (!/^[0-9a-f]{1,4}$/i.test(text)) {
    throw new NotUnderstoodError(path, `it has no hex digits, four at most, but ${JSON.stringify(text)}`);
  }
  return { vfDeviceId: text.toLowerCase().padStart(4, '0') };
}

/** VFs can be taken away at any moment, and their PF is there all the same. One that stays is not left out. */
async function unlessGone(
  kernel: Kernel,
  vf: { readonly id: number; readonly pciAddress: string; readonly error: unknown },
  pf: string,
): Promise<undefined> {
  const isGone =
    isErrno(vf.error, 'ENOENT', 'ENODEV') && (await listVfAddresses(kernel, pf)).get(vf.id) !== vf.pciAddress;
  if (!isGone) throw vf.error;
}

/** Where a VF is, and the device id that all VFs of its PF have, where the PF tells it. */
interface PlaceOfVf extends Pick<ObservedSriov, 'vfDeviceId'> {
  readonly id: number;
  readonly pciAddress: string;
  readonly pf: PfOfVfs;
}

async function observeVf(
  kernel: Kernel,
  { id, pciAddress, pf, vfDeviceId: deviceId }: PlaceOfVf,
  tables: HostTables,
): Promise<ObservedVf> {
  const { adminMac, vlan, guids: told, linkState } = pf.told?.get(id) ?? {};
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const names = await tables.folders.of(pciAddress);
  const [ids, { driver, iommuGroup }, guids] = await Promise.all([
    deviceId === undefined ? readIds(kernel, folder) : { vendor: pf.vendor, deviceId },
    readBinding(kernel, { pciAddress, names }),
    pf.linkType === 'IB' ? findVfGuids(kernel, pf, { id, told }) : undefined,
  ]);
  const interfaces = await findDeviceInterfaces(kernel, { pciAddress, folder, names }, tables);
  const files = { folder, names, driver, iommuGroup };
  const representor = pf.representors.get(id);
  const vdpa = tables.vdpa.get(pciAddress)?.devices ?? [];
  const uses = [
    ...(await usesOfDevice(kernel, { pciAddress, interfaces, files }, tables)),
    ...vdpa.flatMap(({ name }) => (name === vdpaNameOf(pciAddress) ? [] : [{ kind: 'vdpa', name } as const])),
    ...usesOfRepresentor(representor, tables),
  ];
  const link = interfaces.links.find((each) => interfaces.ofVdpa?.includes(each) !== true);
  return omitUndefined({
    id,
    pciAddress,
    ...ids,
    driver,
    ...rdmaOf(names),
    iommuGroup,
    adminMac,
    vlan,
    guids,
    linkState,
    representor,
    vdpa: observedVdpa(vdpa),
    vdpaUnknown: driver === undefined ? undefined : tables.vdpaUnknown,
    representorAltNames: altNamesOf(representor, tables),
    link: link && observeLink(link),
    uses: uses.length > 0 ? uses : undefined,
  });
}

function observedVdpa(devices: readonly ObservedVdpa[]): ObservedVf['vdpa'] {
  return devices.length > 0 ? devices.map(({ name, driver }) => omitUndefined({ name, driver })) : undefined;
}

/** The folder stays while the RDMA device is in another network namespace: only the device in it is hidden then. */
function rdmaOf(names: readonly string[]): Pick<ObservedVf, 'hasRdma'> {
  return names.includes('infiniband') ? { hasRdma: true } : {};
}

function altNamesOf(name: string | undefined, { network }: HostTables): readonly string[] | undefined {
  const { altNames = [] } = (name === undefined ? undefined : network.named(name)) ?? {};
  return altNames.length > 0 ? altNames : undefined;
}

/** Whoever plugs a VF into a software bridge plugs in its representor: the OVS CNI does, for a pod that has the VF. */
function usesOfRepresentor(name: string | undefined, { network }: HostTables): DeviceUse[] {
  const master = name === undefined ? undefined : network.named(name)?.master;
  return name === undefined || master === undefined ? [] : [{ kind: 'representor', name, master }];
}
