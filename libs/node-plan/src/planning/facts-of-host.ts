import { ESWITCH_UNKNOWN, type PfFacts } from '@sriov/node-limits';
import { type ObservedPf } from '@sriov/observed-host';

/** The facts that limit a PF, as the daemon sees them on its host. */
export function factsOfHost(pf: ObservedPf): PfFacts {
  const { vendor, driver, sriov, eSwitchMode, eSwitchUnknown, linkType, link, port } = pf;
  return {
    vendor,
    hasDriver: driver !== undefined,
    totalVfs: sriov?.totalVfs,
    numVfs: sriov?.vfs.length ?? 0,
    eSwitchMode: eSwitchUnknown === undefined ? (eSwitchMode ?? 'legacy') : ESWITCH_UNKNOWN,
    eSwitchUnknown,
    linkType,
    mtu: link?.mtu,
    maxMtu: link?.maxMtu,
    isPort: port !== undefined,
  };
}
