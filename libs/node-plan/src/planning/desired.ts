import {
  type DesiredInterface,
  parseVfRange,
  rangeContains,
  type VdpaDriver,
  vdpaDriverOf,
  type VfGroup,
  type VfRange,
} from '@sriov/api';

/** A VF group whose range has been read. */
export interface DesiredGroup {
  readonly range: VfRange;
  /** `undefined` leaves the VF to its kernel driver. */
  readonly userSpaceDriver: string | undefined;
  readonly mtu: number | undefined;
  /** Driver of the vDPA device that each VF should have; `undefined` where none is wanted. */
  readonly vdpaDriver: VdpaDriver | undefined;
}

/** Reads the groups of a PF. Returns a sentence where one cannot be read or carried out. */
export function readGroups(desired: DesiredInterface): DesiredGroup[] | string {
  const groups: DesiredGroup[] = [];
  for (const group of desired.vfGroups ?? []) {
    const read = readGroup(group, desired.numVfs ?? 0);
    if (typeof read === 'string') return read;
    groups.push(read);
  }
  return groups;
}

function readGroup(group: VfGroup, numVfs: number): DesiredGroup | string {
  const { vfRange = '', deviceType = 'netdevice', mtu = 0, vdpaType } = group;
  const range = parseVfRange(vfRange);
  if (!range.ok) return `${describeGroup(group)}: ${range.message}`;
  if (range.value.last >= numVfs) {
    return `${describeGroup(group)}: the range ${vfRange} goes beyond the last VF, ${numVfs - 1}`;
  }
  if (!DEVICE_TYPES.includes(deviceType)) return `${describeGroup(group)}: unknown deviceType ${deviceType}`;
  if (mtu < 0) return `${describeGroup(group)}: MTU ${mtu} is wanted`;
  const userSpaceDriver = deviceType === 'netdevice' ? undefined : deviceType;
  return { range: range.value, userSpaceDriver, mtu: mtu || undefined, vdpaDriver: vdpaDriverOf(vdpaType) };
}

function describeGroup({ resourceName = '', policyName = '' }: VfGroup): string {
  return `group ${resourceName} of policy ${policyName}`;
}

const DEVICE_TYPES = ['netdevice', 'vfio-pci'];

/** The group of a VF: the first that contains it. A VF outside all groups is left alone. */
export function groupOf(groups: readonly DesiredGroup[], vfId: number): DesiredGroup | undefined {
  return groups.find(({ range }) => rangeContains(range, vfId));
}
