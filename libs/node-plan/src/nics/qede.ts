import { type NicDriver } from './nic-driver.ts';

/** Marvell (QLogic) FastLinQ 4xxxx. */
export const QEDE: NicDriver = { pfDriver: 'qede', vfDriver: 'qede' };
