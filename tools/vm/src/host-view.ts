import { z } from 'zod';
import { type Guest } from './machine/guest.ts';
import { PFS } from './pfs.ts';

/** A VF as sysfs and `ip` of the guest show it. */
export interface SeenVf {
  readonly id: number;
  readonly pciAddress: string;
  readonly driver: string | undefined;
  readonly name: string | undefined;
  /** Address of its interface. */
  readonly mac: string | undefined;
  /** Address that the PF prescribes. */
  readonly adminMac: string;
  readonly mtu: number | undefined;
  readonly ifindex: number | undefined;
}

/** A PF as sysfs and `ip` of the guest show it. */
export interface SeenPf {
  readonly name: string;
  readonly mtu: number;
  readonly isUp: boolean;
  readonly carrierChanges: number;
  readonly autoprobe: string;
  readonly vfs: readonly SeenVf[];
}

const ipLinkSchema = z.object({
  ifname: z.string(),
  ifindex: z.number(),
  address: z.string().optional(),
  mtu: z.number(),
  flags: z.array(z.string()),
  parentdev: z.string().optional(),
  vfinfo_list: z.array(z.object({ vf: z.number(), address: z.string() })).optional(),
});
type IpLink = z.output<typeof ipLinkSchema>;

/** Prints one line for each link of devices: what sysfs says without the operator's own code. */
const SYSFS = `cd /sys/bus/pci/devices
for pf in ${Object.values(PFS).join(' ')}; do
  [ -d $pf ] || continue
  echo "pf $pf $(cat $pf/sriov_drivers_autoprobe) $(cat $pf/net/*/carrier_changes 2>/dev/null || true)"
  for vf in $pf/virtfn*; do
    [ -d "$vf" ] || continue
    echo "vf $pf \${vf##*virtfn} $(basename $(readlink $vf)) $(basename "$(readlink $vf/driver || true)")"
  done
done`;

/** Looks at the PFs of the guest without any of the operator's code. */
export async function lookAtHost(guest: Guest): Promise<Map<string, SeenPf>> {
  const links = z.array(ipLinkSchema).parse(JSON.parse(await guest.sh('ip -j -d link show')));
  const lines = (await guest.sh(SYSFS)).split('\n').map((line) => line.split(' '));
  const linkOf = (device: string): Partial<IpLink> => links.find(({ parentdev }) => parentdev === device) ?? {};
  const pfs = lines
    .filter(([kind]) => kind === 'pf')
    .map(([, address = '', autoprobe = '', changes = '']) => {
      const { ifname = '', mtu = 0, flags = [], vfinfo_list: settings = [] } = linkOf(address);
      const vfs = lines
        .filter(([kind, owner]) => kind === 'vf' && owner === address)
        .map(([, , id = '', vf = '', driver = '']) =>
          seeVf({ id: Number(id), pciAddress: vf, driver }, linkOf(vf), settings),
        )
        .sort((a, b) => a.id - b.id);
      const pf = { name: ifname, mtu, isUp: flags.includes('UP'), carrierChanges: Number(changes), autoprobe, vfs };
      return [address, pf] as const;
    });
  return new Map(pfs);
}

function seeVf(
  vf: { readonly id: number; readonly pciAddress: string; readonly driver: string },
  { ifname: name, address: mac, mtu, ifindex }: Partial<IpLink>,
  settings: NonNullable<IpLink['vfinfo_list']>,
): SeenVf {
  const adminMac = settings.find((each) => each.vf === vf.id)?.address ?? '';
  return { ...vf, driver: vf.driver || undefined, name, mac, adminMac, mtu, ifindex };
}
