import { type NicDriver } from './nic-driver.ts';

/** Intel 82599, X540, X550 (10 Gbit/s). */
export const IXGBE: NicDriver = { pfDriver: 'ixgbe', vfDriver: 'ixgbevf', resets: true };
