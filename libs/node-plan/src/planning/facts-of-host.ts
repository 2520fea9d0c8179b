import { ESWITCH_UNKNOWN, lacksESwitch, type PfFacts } from '@sriov/node-limits';
import { type ObservedPf } from '@sriov/observed-host';

/** The facts that limit a PF, as the daemon sees them on its host. */
export function factsOfHost(pf: ObservedPf): PfFacts {
  const { vendor, driver, sriov, eSwitchMode, eSwitchUnknown, eSwitchHidden, linkType, link, port } = pf;
  return {
    vendor,
    hasDriver: driver !== undefined,
    totalVfs: sriov?.totalVfs,
    numVfs: sriov?.vfs.length ?? 0,
    eSwitchMode: eSwitchUnknown === undefined ? (eSwitchMode ?? 'legacy') : ESWITCH_UNKNOWN,
    eSwitchUnknown: eSwitchUnknown ?? eSwitchHidden,
    driver,
    hasESwitch: hasESwitch(pf),
    linkType,
    mtu: link?.mtu,
    maxMtu: link?.maxMtu,
    isPort: port !== undefined,
  };
}

/** As long as there are no VFs, this driver denied in older kernels that there is an eSwitch (mlx5_eswitch_check). */
const HIDES_ESWITCH = 'mlx5_core';

function hasESwitch({ driver, eSwitchMode, eSwitchUnknown, eSwitchHidden }: ObservedPf): boolean | undefined {
  if (lacksESwitch(driver)) return false;
  if (eSwitchMode !== undefined) return true;
  return (eSwitchUnknown ?? eSwitchHidden) !== undefined || driver === HIDES_ESWITCH ? undefined : false;
}
