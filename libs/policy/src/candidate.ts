import { type ObservedInterface } from '@sriov/api';
import { type Fleet } from './fleet.ts';
import { type ReadablePolicy } from './prepare.ts';

/** A device that can have VFs, or that is one: a port of a virtual machine, which a netFilter names. */
export function isCandidate(
  { nics, supportedNicsOnly }: Pick<Fleet, 'nics' | 'supportedNicsOnly'>,
  { selector }: ReadablePolicy,
  nic: ObservedInterface,
): boolean {
  if (supportedNicsOnly && !nics.knows({ vendor: nic.vendor, pfDevice: nic.deviceID })) return false;
  return (nic.totalvfs ?? 0) > 0 || nic.vendor === '15b3' || Boolean(selector.netFilter);
}
