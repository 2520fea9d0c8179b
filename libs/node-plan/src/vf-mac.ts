/**
 * The MAC address that a VF gets when it has none: locally administered, and the same each time the VF is made, so
 * that leases, switches and guests recognise it after a reboot. FNV-1a of the PF's address and the VF's index.
 */
export function stableVfMac(pfMac: string, vfId: number): string {
  let hash = 0xcbf29ce484222325n;
  for (const char of `${pfMac.toLowerCase()}#${vfId}`) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n);
  }
  const octets = hash.toString(16).padStart(16, '0').slice(-10).match(/../g) ?? [];
  return ['02', ...octets].join(':');
}
