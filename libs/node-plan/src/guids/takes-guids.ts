import { type ObservedPf } from '@sriov/observed-host';
import { nicDriverOf } from '../nic-drivers.ts';

/** Whether VFs of the PF have GUIDs that the PF prescribes. */
export function takesGuids({ linkType, driver }: ObservedPf): boolean {
  return linkType === 'IB' && nicDriverOf(driver)?.takesGuids === true;
}
