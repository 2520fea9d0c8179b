import { type ObservedInterface } from '@sriov/api';
import { factsOfStatus, reachableVfs } from '@sriov/node-limits';
import { selects } from './nic-selector.ts';
import { type ReadablePolicy } from './prepare.ts';
import { type SupportedNics } from './supported-nics.ts';

/** Which NIC models are known, and whether others are refused. */
export interface NicRules {
  readonly nics: SupportedNics;
  /** Refuse PFs whose ids the list lacks, as upstream does. */
  readonly supportedNicsOnly: boolean;
}

/** The candidate rule: the policy selects the device, and the device can have VFs for it. */
export function isCandidate(rules: NicRules, policy: ReadablePolicy, nic: ObservedInterface): boolean {
  return selects(policy.selector, nic) && findUnfitness(rules, policy, nic) === undefined;
}

/**
 * Why a device that the policy selects can have no VFs for it: a sentence that follows the name of the device. A port
 * of a virtual machine is a VF itself, and a netFilter selects such ports.
 */
export function findUnfitness(
  { nics, supportedNicsOnly }: NicRules,
  { selector }: ReadablePolicy,
  nic: ObservedInterface,
): string | undefined {
  const ids = { vendor: nic.vendor, pfDevice: nic.deviceID };
  const isListed = nics.knows(ids) || (Boolean(selector.netFilter) && nics.knowsVf(ids.vendor, nic.deviceID));
  if (supportedNicsOnly && !isListed) {
    return `its model ${nic.vendor}:${nic.deviceID} is not in the list of supported NICs: add it to the ConfigMap supported-nic-ids`;
  }
  if (canHaveVfs(nic) || selector.netFilter) return undefined;
  return 'it can have no VFs (totalvfs is 0 or absent): switch SR-IOV on in the BIOS and the firmware of the NIC, or select another PF';
}

/** True when the device can get VFs, if necessary after a change of its firmware. */
export function canHaveVfs(nic: ObservedInterface): boolean {
  return reachableVfs(factsOfStatus(nic)) > 0;
}

/** True when the policy names this very device or its model. A vendor alone does not: it has devices of all kinds. */
export function isNamed({ selector }: ReadablePolicy): boolean {
  const { deviceID, rootDevices = [], pfs } = selector;
  return Boolean(deviceID) || rootDevices.length > 0 || pfs.length > 0;
}
