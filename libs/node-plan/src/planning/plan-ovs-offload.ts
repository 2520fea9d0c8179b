import { type DesiredInterface } from '@sriov/api';
import { type OvsOffload } from '@sriov/observed-host';
import { type RefusedOffload, wantsOffload } from './plan-offload.ts';
import { type NodeStep } from './steps.ts';

/** What bears on the hardware offload of Open vSwitch. */
export interface OvsOffloadInputs {
  /** Entries of the spec that are in force, or will be. */
  readonly taken: readonly DesiredInterface[];
  /** Absent where nobody looked, and where the node has no Open vSwitch that runs. */
  readonly observed: OvsOffload | undefined;
  readonly refused?: RefusedOffload | undefined;
}

/** What is done about it, and what it lacks then: a sentence each. */
export interface OvsOffloadResult {
  readonly because: readonly string[];
  readonly steps: readonly NodeStep[];
  readonly remarks: readonly string[];
}

const NOTHING: OvsOffloadResult = { because: [], steps: [], remarks: [] };

const KEY = 'other_config:hw-offload';
const TITLE = `Open vSwitch: ${KEY}`;
const SET = `ovs-vsctl set Open_vSwitch . ${KEY}=true`;

/**
 * Has Open vSwitch hand traffic rules to NICs where a PF is wanted in switchdev mode, if nobody has said whether it
 * should. What somebody has set stays. ovs-vswitchd is not restarted for it: that would interrupt all its bridges.
 */
export function planOvsOffload({ taken, observed, refused = {} }: OvsOffloadInputs): OvsOffloadResult {
  if (observed === undefined || !taken.some(wantsOffload)) return NOTHING;
  if (observed.kind === 'unseen')
    return remark(
      `${TITLE} cannot be read, so it is not known whether it hands traffic rules to NICs: ${observed.cause}`,
    );
  const { value, awaitsRestart } = observed;
  if (value === undefined) return planSetting(refused['set-ovs-offload']);
  if (!isTrue(value))
    return remark(
      `${TITLE} is ${value}, which somebody has set, so the traffic of representors takes CPU time of the host: run ${SET}, and restart ovs-vswitchd`,
    );
  return awaitsRestart === true ? remark(AWAITS_RESTART) : NOTHING;
}

/** `ovs-vswitchd.conf.db(5)`: "Changing this value requires restarting the daemon". */
const AWAITS_RESTART = `${TITLE} was set to true while ovs-vswitchd ran, which has to be restarted for it, as its manual says: restart it on the node when its bridges may be interrupted for a moment`;

function planSetting(refusal: string | undefined): OvsOffloadResult {
  if (refusal !== undefined)
    return remark(
      `${TITLE} is not set, and could not be (${refusal}): remove the cause, and run ${SET}, or restart the config daemon`,
    );
  const because = [`a PF is wanted in switchdev mode, and ${KEY} of Open vSwitch is not set`];
  return { ...NOTHING, because, steps: [{ kind: 'set-ovs-offload' }] };
}

/** As Open vSwitch reads it (`smap_get_bool` of lib/smap.c). */
function isTrue(value: string): boolean {
  return value.toLowerCase() === 'true';
}

function remark(sentence: string): OvsOffloadResult {
  return { ...NOTHING, remarks: [sentence] };
}
