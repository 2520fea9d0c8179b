import { NO_GUID } from '@sriov/api';
import { type PfState, type VfSettings } from '../state.ts';
import { type Machine } from './machine.ts';

/** MTU of an IPoIB interface in datagram mode on a link of 2048 bytes (drivers/infiniband/ulp/ipoib/ipoib.h). */
export const INFINIBAND_MTU = 2044;

/** Address of the interface of a VF: a queue pair of its own, the default subnet, and the port GUID. */
export function interfaceAddress(index: number, portGuid = NO_GUID): string {
  const queuePair = `00:00:10:${(0x40 + (index % 0xbf)).toString(16)}`;
  return `${queuePair}:fe:80:00:00:00:00:00:00:${portGuid}`;
}

/** GUID of the port itself: the last octets of the address of its interface. */
export function portGuidOf(mac: string): string {
  return mac.split(':').slice(-8).join(':');
}

/**
 * The settings of a VF that was just made. The firmware keeps the link of a VF down until it is told another policy: a
 * new VF is printed with "link-state disable". The driver remembers what it was told for the VF before it, and restores
 * it (sriov_restore_guids in drivers/net/ethernet/mellanox/mlx5/core/sriov.c).
 */
export function infinibandSettings(fresh: VfSettings, { keptVfSettings = [] }: PfState, index: number): VfSettings {
  return { ...fresh, spoofchk: false, linkState: 'disable', ...keptVfSettings[index] };
}

/** Remembers the settings of the VFs that are about to go. */
export function keepSettings(state: PfState): void {
  const { vfSettings, keptVfSettings = [] } = state;
  state.keptVfSettings = [...vfSettings, ...keptVfSettings.slice(vfSettings.length)];
}

/** The driver of a VF of an InfiniBand port asks for its GUIDs when it is bound, and only then. */
export function takeGuids(machine: Machine, address: string): void {
  const place = machine.vfOf(address);
  if (place === undefined || machine.infinibandPort(address) === undefined) return;
  machine.device(address).nodeGuid = place.pf.state.vfSettings[place.vf.index]?.nodeGuid ?? NO_GUID;
}
