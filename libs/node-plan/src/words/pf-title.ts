/** The PF as people know it, and where it is: `ens1 (0000:3b:00.0)`, or the PCI address alone while it has no name. */
export function pfTitle({
  name = '',
  pciAddress,
}: {
  readonly name?: string | undefined;
  readonly pciAddress: string;
}): string {
  return name === '' || name === pciAddress ? pciAddress : `${name} (${pciAddress})`;
}
