/**
 * The PCI address of VF `index` of a PF: its routing id is the PF's plus `offset` plus `index` strides
 * (PCI Express SR-IOV, section 2.1.2).
 */
export function vfAddress(
  pf: string,
  index: number,
  spacing: { readonly offset: number; readonly stride: number },
): string {
  const [domain = '', bus = '', devfn = ''] = pf.split(':');
  const [device = '', fn = ''] = devfn.split('.');
  const pfId = (parseInt(bus, 16) << 8) | (parseInt(device, 16) << 3) | parseInt(fn, 16);
  const id = pfId + spacing.offset + index * spacing.stride;
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `${domain}:${hex(id >> 8)}:${hex((id >> 3) & 0x1f)}.${id & 7}`;
}
