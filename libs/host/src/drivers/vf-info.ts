import { NO_GUID, omitUndefined, readGuid } from '@sriov/api';
import { type ObservedVf, type VfGuids } from '@sriov/observed-host';
import { z } from 'zod';
import { run, runJson } from '../kernel/commands.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { PCI_DEVICES, readAttribute } from '../kernel/sysfs.ts';

/** What a PF prescribes for one of its VFs. */
export type VfInfo = Pick<ObservedVf, 'adminMac' | 'vlan' | 'guids' | 'linkState'>;

const vlanId = z.int().min(1).max(4095).optional().catch(undefined);

/**
 * What `ip -j -d link show` says of the VFs of an interface. The GUIDs stand there from Linux 5.5 and iproute2 5.5 on,
 * under names with a space (print_vfinfo in ip/ipaddress.c). A VLAN is in a list, whose element is empty without one,
 * and beside the others where the kernel tells no list, as before Linux 4.9.
 */
export const vfRows = z
  .array(
    z.object({
      vf: z.number(),
      address: z.string().default(''),
      vlan: vlanId,
      vlan_list: z
        .array(z.object({ vlan: vlanId }))
        .optional()
        .catch(undefined),
      'node guid': z.string().optional(),
      'port guid': z.string().optional(),
      link_state: z.enum(['auto', 'enable', 'disable']).optional().catch(undefined),
    }),
  )
  .default([]);

type VfRow = z.output<typeof vfRows>[number];

/** The rows by VF id. */
export function readVfRows(rows: readonly VfRow[]): Map<number, VfInfo> {
  return new Map(
    rows.map((row) => {
      const guids = readGuids(row['node guid'], row['port guid']);
      const linkState = guids && row.link_state;
      const vlan = row.vlan ?? row.vlan_list?.[0]?.vlan;
      return [row.vf, omitUndefined({ adminMac: prescribedMac(row), vlan, guids, linkState })];
    }),
  );
}

/**
 * Zeros stand for none. InfiniBand knows no such address: there the kernel tells that of the PF for each VF, with zeros
 * behind it (ipoib_get_vf_config in drivers/infiniband/ulp/ipoib/ipoib_main.c).
 */
function prescribedMac({ address }: VfRow): string | undefined {
  return ETHERNET_ADDRESS.test(address) && !/^(00:)+00$/.test(address) ? address : undefined;
}

const ETHERNET_ADDRESS = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

function readGuids(node = '', port = ''): VfGuids | undefined {
  const guids = { node: readGuid(node), port: readGuid(port) };
  return guids.node === undefined || guids.port === undefined ? undefined : { node: guids.node, port: guids.port };
}

const linksWithVfs = z.array(z.object({ vfinfo_list: vfRows }));

/** What a PF prescribes for its VFs now, by VF id. One command for all VFs. */
export async function readVfInfos(kernel: Kernel, pfName: string): Promise<ReadonlyMap<number, VfInfo>> {
  const rows = await runJson(kernel, ['ip', '-j', '-d', 'link', 'show', 'dev', pfName], linksWithVfs);
  return readVfRows(rows.flatMap(({ vfinfo_list }) => vfinfo_list));
}

/** A VF as its PF knows it. */
export interface VfOfPf {
  readonly pfName: string;
  readonly id: number;
}

/** Prescribes the MAC address of a VF. It takes effect when a driver is next bound to the VF. */
export async function setVfMac(kernel: Kernel, vf: VfOfPf, mac: string): Promise<void> {
  await setVf(kernel, vf, ['mac', mac]);
}

/** Prescribes node GUID and port GUID of a VF. They take effect when a driver is next bound to the VF. */
export async function setVfGuid(kernel: Kernel, vf: VfOfPf, guid: string): Promise<void> {
  await setVf(kernel, vf, ['node_guid', guid, 'port_guid', guid]);
}

/** Prescribes whether the link of a VF is up: `auto` follows that of the PF. It takes effect at once. */
export async function setVfLinkState(kernel: Kernel, vf: VfOfPf, state: 'auto'): Promise<void> {
  await setVf(kernel, vf, ['state', state]);
}

async function setVf(kernel: Kernel, { pfName, id }: VfOfPf, words: readonly string[]): Promise<void> {
  await run(kernel, ['ip', 'link', 'set', 'dev', pfName, 'vf', String(id), ...words]);
}

/** Folder of an mlx5 PF with one folder per VF: drivers of NVIDIA's own and of some vendors' kernels have it. */
const VF_FOLDERS = 'sriov';

/**
 * The GUIDs of a VF of an InfiniBand port. Zeros from `ip` may mean that the GUIDs were set through the files of sysfs
 * (port_store and node_store in drivers/net/ethernet/mellanox/mlx5/core/sriov_sysfs.c leave out the mark by which the
 * kernel tells them to `ip`), so the files are asked as well, where they are.
 */
export async function findVfGuids(
  kernel: Kernel,
  pf: { readonly pciAddress: string; readonly names: readonly string[] },
  vf: { readonly id: number; readonly told: VfGuids | undefined },
): Promise<VfGuids | undefined> {
  const { told } = vf;
  if (!pf.names.includes(VF_FOLDERS) || (told !== undefined && told.node !== NO_GUID)) return told;
  const read = (name: string): Promise<string | undefined> =>
    readAttribute(kernel, `${PCI_DEVICES}/${pf.pciAddress}/${VF_FOLDERS}/${vf.id}/${name}`);
  const [node, port] = await Promise.all([read('node'), read('port')]);
  return readGuids(node, port) ?? told;
}
