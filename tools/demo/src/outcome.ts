import {
  type DesiredInterface,
  type NetworkAttachmentDefinition,
  type ObservedInterface,
  type SriovNetworkNodeState,
  SYNC_STATUS,
  type VfGroup,
  type VirtualFunction,
} from '@sriov/api';
import { type Lap } from './stopwatch.ts';

/** What came of the example policies and networks. */
export interface Outcome {
  readonly state: SriovNetworkNodeState;
  /** One for each example network, in its place; `undefined` where there is none. */
  readonly attachments: readonly (NetworkAttachmentDefinition | undefined)[];
  readonly laps: readonly Lap[];
}

/** Everything that is not as the example policies want it; empty when all is well. */
export function findFaults({ state, attachments }: Outcome): string[] {
  const { syncStatus, lastSyncError, interfaces: observed = [] } = state.status ?? {};
  const desired = state.spec?.interfaces ?? [];
  const faults: string[] = [];
  if (syncStatus !== SYNC_STATUS.succeeded)
    faults.push(`sync status ${syncStatus ?? '(none)'}: ${lastSyncError ?? ''}`);
  if (desired.length === 0) faults.push('no NIC of this world is selected by an example policy (vendor 8086 or 15b3)');
  for (const entry of desired) {
    const pf = observed.find(({ pciAddress }) => pciAddress === entry.pciAddress);
    faults.push(...(pf ? faultsOfPf(entry, pf) : [`${entry.name ?? entry.pciAddress} is not there`]));
  }
  if (attachments.includes(undefined)) faults.push('an example network has no NetworkAttachmentDefinition');
  return faults;
}

function faultsOfPf(desired: DesiredInterface, pf: ObservedInterface): string[] {
  const { numVfs = 0, vfGroups = [], name = desired.pciAddress } = desired;
  const vfs = pf.Vfs ?? [];
  const count = vfs.length === numVfs ? [] : [`${name} has ${vfs.length} VFs, not ${numVfs}`];
  const mtu = (pf.mtu ?? 0) >= (desired.mtu ?? 0) ? [] : [`${name} has MTU ${pf.mtu}, not ${desired.mtu}`];
  return [...count, ...mtu, ...vfs.flatMap((vf) => faultsOfVf(name, vf, vfGroups))];
}

function faultsOfVf(pf: string, vf: VirtualFunction, groups: readonly VfGroup[]): string[] {
  const group = groupOf(vf, groups);
  if (group === undefined) return [];
  const isRight = group.deviceType === 'vfio-pci' ? vf.driver === 'vfio-pci' : vf.name !== undefined;
  return isRight ? [] : [`VF ${vf.vfID} of ${pf} has driver ${vf.driver ?? '(none)'}, not ${group.deviceType}`];
}

/** The group that a VF belongs to. */
export function groupOf({ vfID }: VirtualFunction, groups: readonly VfGroup[]): VfGroup | undefined {
  return groups.find(({ vfRange = '' }) => {
    const [first = NaN, last = NaN] = vfRange.split('-').map(Number);
    return vfID >= first && vfID <= last;
  });
}
