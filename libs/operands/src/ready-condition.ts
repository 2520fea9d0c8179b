import { CONDITION, type OperatorConfigSpec, REASON, type Reason } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { findUnmetSettings } from './unmet-settings.ts';

/** What the condition Ready of the SriovOperatorConfig is decided from. */
export interface ReadyFacts {
  readonly spec: Partial<OperatorConfigSpec>;
  /** Those of all operands that are wanted, and of the webhook. */
  readonly conditions: readonly NewCondition[];
  /** Why the values of the chart cannot be written into the object, if they keep being refused. */
  readonly failure: { readonly reason: Reason; readonly message: string } | undefined;
  /** Whether somebody else has made the object, so that the values of the chart for it do not count. */
  readonly isForeign: boolean;
}

/**
 * Decides the condition Ready of the SriovOperatorConfig. It is False while the object asks for something that this
 * version does not carry out, or something that it asks for does not run; Unknown while pods are being replaced. What
 * upstream's usual object asks for in vain is named, but does not make it False.
 */
export function readyCondition({ spec, conditions, failure, isForeign }: ReadyFacts): NewCondition {
  const type = CONDITION.ready;
  const { unsupported, unused } = findUnmetSettings(spec);
  const remarks = [...unused.map((setting) => `not carried out: ${setting}`), ...(isForeign ? [FOREIGN] : [])];
  const say = (...sentences: readonly string[]): string => [...sentences, ...remarks].join('; ');
  if (failure) {
    return { type, status: 'False', reason: failure.reason, message: say(`${REFUSED}: ${failure.message}`) };
  }
  if (unsupported.length > 0) {
    return { type, status: 'False', reason: REASON.unsupported, message: say(...unsupported) };
  }
  for (const status of ['False', 'Unknown'] as const) {
    const found = conditions.filter((condition) => condition.status === status);
    const [first] = found;
    if (first) return { type, status, reason: first.reason, message: say(...found.map(sentenceOf)) };
  }
  return {
    type,
    status: 'True',
    reason: REASON.operatorConfigApplied,
    message: say('the settings are in force, and all that they ask for runs'),
  };
}

const FOREIGN =
  "the chart's values sriovOperatorConfig do not count, because somebody else has made this object: change it directly, or delete it to have it made from them";
const REFUSED = "the chart's values sriovOperatorConfig cannot be written into this object";

const sentenceOf = ({ type, message }: NewCondition): string => `${type}: ${message}`;
