import {
  type DesiredInterface,
  type NetworkAttachmentDefinition,
  type NodeStateStatus,
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
  const { spec = {}, status = {} } = state;
  return [
    ...faultsOfSync(status),
    ...faultsOfInterfaces(spec.interfaces ?? [], status.interfaces ?? []),
    ...(attachments.includes(undefined) ? ['an example network has no NetworkAttachmentDefinition'] : []),
  ];
}

function faultsOfSync({ syncStatus = '(none)', lastSyncError = '' }: NodeStateStatus): string[] {
  return syncStatus === SYNC_STATUS.succeeded ? [] : [`sync status ${syncStatus}: ${lastSyncError}`];
}

function faultsOfInterfaces(desired: readonly DesiredInterface[], observed: readonly ObservedInterface[]): string[] {
  if (desired.length === 0) return ['no NIC of this world is selected by an example policy (vendor 8086 or 15b3)'];
  return desired.flatMap((entry) => {
    const pf = observed.find(({ pciAddress }) => pciAddress === entry.pciAddress);
    return pf ? faultsOfPf(entry, pf) : [`${entry.name ?? entry.pciAddress} is not there`];
  });
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
