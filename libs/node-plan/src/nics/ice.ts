import { type NicDriver } from './nic-driver.ts';

/** Intel E810, E822, E825, E830 (10 to 200 Gbit/s). */
export const ICE: NicDriver = { pfDriver: 'ice', vfDriver: 'iavf' };
