import {
  ANNOTATION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  type KubeObject,
  omitUndefined,
  OPERATOR_CONFIG_CONFIG_MAP,
  OPERATOR_CONFIG_KEY,
  type OperatorConfigSpec,
  operatorConfigSpecSchema,
  type OwnerReference,
  ownValue,
  type Parsed,
  readSpec,
  type SriovOperatorConfig,
} from '@sriov/api';
import { parseJson } from './json.ts';

/** From what it is planned whether the SriovOperatorConfig is written. */
export interface OperatorConfigFacts {
  /** The ConfigMap in which the chart asks for it, if it does. */
  readonly wish: (KubeObject & { readonly data?: Readonly<Record<string, string>> }) | undefined;
  /** As it is now, also on its way out. */
  readonly present: SriovOperatorConfig | undefined;
  /** Short hash of a text. */
  readonly hashOf: (text: string) => string;
}

/** What is to be done for the SriovOperatorConfig. */
export type OperatorConfigPlan =
  /** The chart asks for none, or it is as it was last asked for. What people have changed since then stays. */
  | { readonly kind: 'holds' }
  /** Somebody else has made it: the values of the chart do not count. */
  | { readonly kind: 'foreign' }
  /** It is on its way out, and its end is waited for. */
  | { readonly kind: 'going' }
  /** What the chart asks for cannot be read. */
  | { readonly kind: 'unreadable'; readonly message: string }
  /** These are to be its only owners. Earlier versions let it go with the ConfigMap of the chart. */
  | { readonly kind: 'disown'; readonly ownerReferences: readonly OwnerReference[] }
  /** Server-side apply. */
  | { readonly kind: 'apply'; readonly object: SriovOperatorConfig };

/**
 * Plans the SriovOperatorConfig that the chart asks for. helm cannot create it: it would need its CRD beforehand. Like
 * helm, we write it when it is not there and when the values have changed, and not over changes by people otherwise.
 * Nothing owns it: a ConfigMap that is deleted by mistake, or by an upgrade, must not take node states and DaemonSets
 * with it.
 */
export function planOperatorConfig({ wish, present, hashOf }: OperatorConfigFacts): OperatorConfigPlan {
  const ending = present && planEnding(present);
  if (ending) return ending;
  if (wish === undefined || wish.metadata.deletionTimestamp !== undefined) return { kind: 'holds' };
  if (present !== undefined && !isMadeForChart(present)) return { kind: 'foreign' };
  const text = ownValue(wish.data, OPERATOR_CONFIG_KEY) ?? '';
  const hash = hashOf(text);
  return hashIn(present) === hash ? { kind: 'holds' } : planApply(wish, text, hash);
}

/** What there is to do about an object that goes, or that would go with the ConfigMap; nothing otherwise. */
function planEnding({ metadata }: SriovOperatorConfig): OperatorConfigPlan | undefined {
  const { deletionTimestamp, ownerReferences = [] } = metadata;
  if (deletionTimestamp !== undefined) return { kind: 'going' };
  const others = ownerReferences.filter((owner) => !isWish(owner));
  return others.length < ownerReferences.length ? { kind: 'disown', ownerReferences: others } : undefined;
}

function planApply({ metadata }: KubeObject, text: string, hash: string): OperatorConfigPlan {
  const spec = readWish(text);
  if (!spec.ok) return { kind: 'unreadable', message: `${WHERE}: ${spec.message}` };
  const { namespace } = metadata;
  const annotations = { [ANNOTATION.operandHash]: hash };
  const name = DEFAULT_OPERATOR_CONFIG_NAME;
  return {
    kind: 'apply',
    object: { metadata: { name, ...omitUndefined({ namespace }), annotations }, spec: spec.value },
  };
}

/** Whether the operand controller has made the object, from the values of the chart. */
export function isMadeForChart({ metadata }: SriovOperatorConfig): boolean {
  return hashIn({ metadata }) !== undefined;
}

function hashIn(config: KubeObject | undefined): string | undefined {
  return config?.metadata.annotations?.[ANNOTATION.operandHash];
}

const isWish = ({ kind, name }: OwnerReference): boolean => kind === 'ConfigMap' && name === OPERATOR_CONFIG_CONFIG_MAP;

const WHERE = `ConfigMap ${OPERATOR_CONFIG_CONFIG_MAP}, key ${OPERATOR_CONFIG_KEY}`;

function readWish(text: string): Parsed<OperatorConfigSpec> {
  const value = parseJson(text);
  if (value === undefined) return { ok: false, message: 'is not JSON; the chart writes it' };
  return readSpec<OperatorConfigSpec>(operatorConfigSpecSchema, value);
}
