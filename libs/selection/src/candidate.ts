import { type ObservedInterface } from '@sriov/api';
import { type ReadablePolicy } from './prepare.ts';
import { type SupportedNics } from './supported-nics.ts';

/** Which NIC models are known, and whether others are refused. */
export interface NicRules {
  readonly nics: SupportedNics;
  /** Refuse PFs whose ids the list lacks, as upstream does. */
  readonly supportedNicsOnly: boolean;
}

/** A device that can have VFs, or that is one: a port of a virtual machine, which a netFilter names. */
export function isCandidate(rules: NicRules, policy: ReadablePolicy, nic: ObservedInterface): boolean {
  return findUnfitness(rules, policy, nic) === undefined;
}

/** Why a device that the policy selects can have no VFs: a sentence that follows its name. */
export function findUnfitness(
  { nics, supportedNicsOnly }: NicRules,
  { selector }: ReadablePolicy,
  nic: ObservedInterface,
): string | undefined {
  const ids = { vendor: nic.vendor, pfDevice: nic.deviceID };
  // What a netFilter selects is a VF.
  const isListed = nics.knows(ids) || (Boolean(selector.netFilter) && nics.knowsVf(ids.vendor, nic.deviceID));
  if (supportedNicsOnly && !isListed) {
    return `its model ${nic.vendor}:${nic.deviceID} is not in the list of supported NICs: add it to the ConfigMap supported-nic-ids`;
  }
  if ((nic.totalvfs ?? 0) > 0 || nic.vendor === '15b3' || selector.netFilter) return undefined;
  return 'it can have no VFs (totalvfs is 0 or absent): switch SR-IOV on in the BIOS and the firmware of the NIC, or select another PF';
}

/** True when the policy means this very device or its model; a vendor alone has devices of all kinds. */
export function isNamed({ selector }: ReadablePolicy): boolean {
  const { deviceID, rootDevices = [], pfs } = selector;
  return Boolean(deviceID) || rootDevices.length > 0 || pfs.length > 0;
}
