import { type ObservedHost } from '@sriov/observed-host';
import { type RebootReason } from '../planning/steps.ts';
import { cardAddress } from './firmware-facts.ts';

/** A NIC whose firmware is to be started anew on the way to a reboot: a port to tell it by, and all that it has. */
export interface CardReset {
  readonly pciAddress: string;
  readonly ports: readonly string[];
}

/** The NICs that a reboot is to bring other settings of their firmware, in the order of the reasons. */
export function firmwareResets(
  reasons: readonly RebootReason[],
  { interfaces }: Pick<ObservedHost, 'interfaces'>,
): CardReset[] {
  return reasons.flatMap(({ kind, pciAddress = '' }) => {
    if (kind !== 'firmware') return [];
    const ports = interfaces.filter((pf) => cardAddress(pf.pciAddress) === cardAddress(pciAddress));
    return [{ pciAddress, ports: ports.map((pf) => pf.pciAddress) }];
  });
}
