import { findFirmwareNeed } from '@sriov/node-limits';
import { admitPf, firstEntries } from '../planning/admit-pf.ts';
import { factsOfHost } from '../planning/facts-of-host.ts';
import { type HostFacts } from '../planning/host-facts.ts';
import { cardAddress } from './firmware-facts.ts';
import { type WantedPort, type WantedPorts } from './wanted-firmware.ts';

/** NICs whose firmware the operator reads and writes. */
const VENDOR = '15b3';

/**
 * The ports of NICs with such firmware that policies want something of, and that nothing else stands in the way of. PFs
 * that someone else manages have no say.
 */
export function findWantedPorts({ spec, observed, blocked }: HostFacts): WantedPorts {
  const entries = firstEntries(spec.interfaces);
  const ports = observed.interfaces.flatMap((pf): WantedPort[] => {
    const desired = entries.get(pf.pciAddress);
    const isOurs = pf.vendor === VENDOR && pf.port === undefined && !blocked.has(pf.pciAddress);
    if (desired === undefined || desired.externallyManaged === true || !isOurs) return [];
    if ('problem' in admitPf(desired, pf)) return [];
    return [{ desired, observed: pf, need: findFirmwareNeed(desired, factsOfHost(pf)) }];
  });
  return { ports, entries: new Set([...entries.keys()].map(cardAddress)) };
}
