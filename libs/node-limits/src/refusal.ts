import { REASON } from '@sriov/api';

/** Why something of a spec is not carried out: it cannot be, or this version has not learnt it. */
export interface Refusal {
  readonly reason: (typeof REASON)['unsupported' | 'specInvalid' | 'interfaceUnreadable'];
  /** What is wanted, why it is not done, and the cure where there is one. The PF is not named. */
  readonly message: string;
}

/** Something that this version has not learnt, or that has to be switched on outside of it. */
export function unsupported(message: string): Refusal {
  return { reason: REASON.unsupported, message };
}

/** Something that is beyond what the hardware or its owner allows. */
export function invalid(message: string): Refusal {
  return { reason: REASON.specInvalid, message };
}

/** Something that depends on a fact which could not be read: unknown is not absent. */
export function unreadable(message: string): Refusal {
  return { reason: REASON.interfaceUnreadable, message };
}
