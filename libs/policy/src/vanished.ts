import { type DesiredInterface } from '@sriov/api';
import { type NodeFacts } from './plan-node.ts';
import { type PreparedPolicy } from './prepare.ts';

/**
 * The desired PFs that vanished a short while ago and keep their entry. Which policies select a PF that is not there
 * cannot be told, so each group stays as long as its policy is about the node.
 */
export function vanishedInterfaces(node: NodeFacts, policies: readonly PreparedPolicy[]): DesiredInterface[] {
  const { state, vanished } = node;
  if (vanished === undefined || vanished.size === 0) return [];
  const present = new Set((state?.status?.interfaces ?? []).map(({ pciAddress }) => pciAddress));
  const names = new Set(policies.map(({ name }) => name));
  return (state?.spec?.interfaces ?? [])
    .filter(({ pciAddress }) => vanished.has(pciAddress) && !present.has(pciAddress))
    .map((entry) => ({
      ...entry,
      vfGroups: (entry.vfGroups ?? []).filter(({ policyName }) => names.has(policyName ?? '')),
    }))
    .filter(({ vfGroups }) => vfGroups.length > 0);
}

/** The resources that the VFs of a desired PF become. */
export function resourcesOf({ vfGroups = [] }: DesiredInterface): string[] {
  return vfGroups.map(({ resourceName = '' }) => resourceName);
}
