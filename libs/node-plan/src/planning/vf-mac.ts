import { type ObservedPf } from '@sriov/observed-host';

/**
 * What the MAC addresses of the VFs of each PF are made from, by PCI address of the PF. It is the address that the PF
 * was made with, because all members of a bond have the same present address. Two PFs can nevertheless show one
 * address. Then nobody knows to which it belongs, and their PCI addresses distinguish them.
 */
export function macSeeds(pfs: readonly ObservedPf[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string[]>();
  for (const pf of pfs) owners.set(ownMac(pf), [...(owners.get(ownMac(pf)) ?? []), pf.pciAddress]);
  const seeds = [...owners].flatMap(([mac, addresses]) => {
    const isUnique = addresses.length === 1 && mac !== '';
    return addresses.map((address) => [address, isUnique ? mac : `${mac}@${address}`] as const);
  });
  return new Map(seeds);
}

function ownMac({ link }: ObservedPf): string {
  return (link?.permanentMac ?? link?.mac ?? '').toLowerCase();
}

/**
 * The MAC address that a VF gets when it has none: locally administered, and the same each time the VF is made, so
 * that leases, switches and guests recognise it after a reboot. FNV-1a of the seed of the PF, see
 * {@link macSeeds}, and the VF's index.
 */
export function stableVfMac(seed: string, vfId: number): string {
  let hash = 0xcbf29ce484222325n;
  for (const char of `${seed.toLowerCase()}#${vfId}`) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n);
  }
  const octets = hash.toString(16).padStart(16, '0').slice(-10).match(/../g) ?? [];
  return ['02', ...octets].join(':');
}
