import { type NicDriver } from './nic-driver.ts';

/** Broadcom NetXtreme-C/E (10 to 400 Gbit/s). */
export const BNXT_EN: NicDriver = { pfDriver: 'bnxt_en', vfDriver: 'bnxt_en' };
