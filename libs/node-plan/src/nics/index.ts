import { BNXT_EN } from './bnxt-en.ts';
import { I40E } from './i40e.ts';
import { ICE } from './ice.ts';
import { IGB } from './igb.ts';
import { IXGBE } from './ixgbe.ts';
import { MLX5_CORE } from './mlx5-core.ts';
import { type NicDriver } from './nic-driver.ts';
import { QEDE } from './qede.ts';

/** The drivers that the planner knows. A PF of another driver gets VFs as well, only less quickly. */
const NIC_DRIVERS: readonly NicDriver[] = [BNXT_EN, I40E, ICE, IGB, IXGBE, MLX5_CORE, QEDE];

const byPfDriver = new Map(NIC_DRIVERS.map((driver) => [driver.pfDriver, driver]));

/** The rules of the PF's driver; nothing when we have none for it. */
export function nicDriverOf(pfDriver: string | undefined): NicDriver | undefined {
  return pfDriver === undefined ? undefined : byPfDriver.get(pfDriver);
}
