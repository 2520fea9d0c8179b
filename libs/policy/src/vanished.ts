import { type DesiredInterface, type SriovNetworkNodeState } from '@sriov/api';
import { type PreparedPolicy } from '@sriov/selection';
import { type FleetNode } from './fleet-node.ts';

/**
 * PCI addresses of the desired PFs that are missing: no longer reported, or reported without the name that they had,
 * because their driver is unbound. A port of a virtual machine has no name while a pod or a program has it. A node that reports no device at all keeps everything anyway.
 */
export function missedPfs(state: SriovNetworkNodeState | undefined): string[] {
  const reported = new Map(
    (state?.status?.interfaces ?? []).map(({ pciAddress, name, netFilter }) => [pciAddress, name || netFilter]),
  );
  if (reported.size === 0) return [];
  return (state?.spec?.interfaces ?? [])
    .filter(({ pciAddress, name }) => !reported.has(pciAddress) || (name && !reported.get(pciAddress)))
    .map(({ pciAddress }) => pciAddress);
}

/**
 * The desired PFs that vanished a short while ago and keep their entry. Nobody can tell which policies select a PF that
 * is missing, so each group stays as long as its policy is about the node.
 */
export function vanishedInterfaces(node: FleetNode, policies: readonly PreparedPolicy[]): DesiredInterface[] {
  const { state, vanished } = node;
  if (vanished === undefined || vanished.size === 0) return [];
  const missed = new Set(missedPfs(state));
  const names = new Set(policies.map(({ name }) => name));
  return (state?.spec?.interfaces ?? [])
    .filter(({ pciAddress }) => vanished.has(pciAddress) && missed.has(pciAddress))
    .map((entry) => ({
      ...entry,
      vfGroups: (entry.vfGroups ?? []).filter(({ policyName }) => names.has(policyName ?? '')),
    }))
    .filter(({ vfGroups }) => vfGroups.length > 0);
}
