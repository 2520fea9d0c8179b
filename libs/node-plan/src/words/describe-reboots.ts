import { type HostPlan } from '../planning/steps.ts';

/** What waits for a reboot of the node, as lines for people, one for each reason; empty when nothing does. */
export function describeReboots({ needsReboot = [] }: Pick<HostPlan, 'needsReboot'>): string[] {
  return needsReboot.map(
    ({ pciAddress, why }) => `needs a reboot: ${pciAddress === undefined ? why : `${pciAddress}: ${why}`}`,
  );
}
