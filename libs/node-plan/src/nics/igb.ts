import { type NicDriver } from './nic-driver.ts';

/** Intel 82575, 82576, I350 (1 Gbit/s). */
export const IGB: NicDriver = { pfDriver: 'igb', vfDriver: 'igbvf', resets: true };
