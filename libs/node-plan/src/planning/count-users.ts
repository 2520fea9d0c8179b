import { type DeviceUse, type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { holderOf, hostUses } from './in-use.ts';

/**
 * Who counts as a user of a device. `seen`: whoever a look shows. `anybody`: every VF that is there counts as in use, and
 * so does its PF. `host`: the node has been drained, so that only the host's own network still counts.
 */
export type CountedUsers = 'seen' | 'anybody' | 'host';

/** The host with the users that count. */
export function countUsers(host: ObservedHost, counted: CountedUsers): ObservedHost {
  if (counted === 'seen') return host;
  const count = counted === 'host' ? withHostUses : withAnybody;
  return { ...host, interfaces: host.interfaces.map(count) };
}

/** PCI addresses of the VFs, and of ports of virtual machines, whose users no longer count. */
export function findOverruled(host: ObservedHost, counted: CountedUsers): ReadonlySet<string> {
  if (counted !== 'host') return new Set();
  const devices = host.interfaces.flatMap((pf): (ObservedPf | ObservedVf)[] => [pf, ...(pf.sriov?.vfs ?? [])]);
  const held = devices.filter((device) => (device.uses ?? []).length > hostUses(device).length);
  return new Set(held.map(({ pciAddress }) => pciAddress));
}

function withHostUses(pf: ObservedPf): ObservedPf {
  return onDevices(pf, (device) => withUses(device, hostUses(device)));
}

const ANYBODY: DeviceUse = { kind: 'assumed', by: 'DRAIN_POLICY=always' };

/** A PF without VFs can be changed without a pod that feels it. */
function withAnybody(pf: ObservedPf): ObservedPf {
  if ((pf.sriov?.vfs ?? []).length === 0) return pf;
  return onDevices(pf, (device) => (holderOf(device) === undefined ? withUses(device, [ANYBODY]) : device));
}

function onDevices(pf: ObservedPf, change: <T extends ObservedPf | ObservedVf>(device: T) => T): ObservedPf {
  const changed = change(pf);
  return pf.sriov ? { ...changed, sriov: { ...pf.sriov, vfs: pf.sriov.vfs.map(change) } } : changed;
}

function withUses<T extends ObservedPf | ObservedVf>({ uses: _, ...device }: T, uses: readonly DeviceUse[]): T {
  return { ...device, ...(uses.length > 0 && { uses }) } as T;
}
