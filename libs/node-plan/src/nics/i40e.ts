import { type NicDriver } from './nic-driver.ts';

/** Intel X710, XL710, XXV710 (10 to 40 Gbit/s). */
export const I40E: NicDriver = { pfDriver: 'i40e', vfDriver: 'iavf' };
