import { type ObservedPf } from '@sriov/observed-host';

/**
 * What the MAC addresses, or GUIDs, of the VFs of each PF are made from, by PCI address of the PF. It is the address that the PF
 * was made with, because all members of a bond have the same present address. Two PFs can nevertheless show one
 * address. Then nobody knows to which it belongs, and their PCI addresses distinguish them.
 */
export function vfSeeds(pfs: readonly ObservedPf[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string[]>();
  for (const pf of pfs) owners.set(ownMac(pf), [...(owners.get(ownMac(pf)) ?? []), pf.pciAddress]);
  const seeds = [...owners].flatMap(([mac, addresses]) => {
    const isUnique = addresses.length === 1 && mac !== '';
    return addresses.map((address) => [address, isUnique ? mac : `${mac}@${address}`] as const);
  });
  return new Map(seeds);
}

/**
 * Of an InfiniBand port it is the GUID, the last eight octets: those before it have the number of a queue pair, which
 * is another after each restart of the driver.
 */
export function ownMac({ link }: ObservedPf): string {
  const address = (link?.permanentMac ?? link?.mac ?? '').toLowerCase();
  return address.split(':').slice(-8).join(':');
}

/**
 * The MAC address that a VF gets when it has none: locally administered, and the same each time the VF is made, so
 * that leases, switches and guests recognise it after a reboot. FNV-1a of the seed of the PF, see
 * {@link vfSeeds}, and the VF's index.
 */
export function stableVfMac(seed: string, vfId: number): string {
  return ['02', ...stableOctets(`${seed.toLowerCase()}#${vfId}`, 5)].join(':');
}

/** So many octets, at most eight, that depend on nothing but the text. */
export function stableOctets(text: string, count: number): string[] {
  let hash = 0xcbf29ce484222325n;
  for (const char of text) hash = BigInt.asUintN(64, (hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n);
  return (
    hash
      .toString(16)
      .padStart(16, '0')
      .slice(-2 * count)
      .match(/../g) ?? []
  );
}
