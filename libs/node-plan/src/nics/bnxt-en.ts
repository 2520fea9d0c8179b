import { type NicDriver } from './nic-driver.ts';

/**
 * Broadcom NetXtreme-C/E (10 to 400 Gbit/s). Its bnxt_sriov_configure returns 0, which the kernel takes for success, while
 * the interface is down (drivers/net/ethernet/broadcom/bnxt/bnxt_sriov.c, "Reject SRIOV config request since if is down!").
 */
export const BNXT_EN: NicDriver = { pfDriver: 'bnxt_en', vfDriver: 'bnxt_en', needsLinkUp: true };
