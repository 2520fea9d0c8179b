import {
  ANNOTATION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  type KubeObject,
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
  /** Server-side apply. */
  | { readonly kind: 'apply'; readonly object: SriovOperatorConfig };

/**
 * Plans the SriovOperatorConfig that the chart asks for. helm cannot create it: it would need its CRD beforehand. Like
 * helm, we write it when it is not there and when the values have changed, and not over changes by people otherwise.
 */
export function planOperatorConfig({ wish, present, hashOf }: OperatorConfigFacts): OperatorConfigPlan {
  if (wish === undefined || wish.metadata.deletionTimestamp !== undefined) return { kind: 'holds' };
  const text = ownValue(wish.data, OPERATOR_CONFIG_KEY) ?? '';
  const owner = ownerOf(wish);
  const settled = present && findSettled(present, owner, hashOf(text));
  if (settled) return { kind: settled };
  const spec = readWish(text);
  if (!spec.ok) return { kind: 'unreadable', message: `${WHERE}: ${spec.message}` };
  const metadata = {
    name: DEFAULT_OPERATOR_CONFIG_NAME,
    ...(wish.metadata.namespace !== undefined && { namespace: wish.metadata.namespace }),
    annotations: { [ANNOTATION.operandHash]: hashOf(text) },
    ownerReferences: [owner],
  };
  return { kind: 'apply', object: { metadata, spec: spec.value } };
}

/** Why an object that is there is not written; nothing if it is. */
function findSettled(
  { metadata }: SriovOperatorConfig,
  owner: OwnerReference,
  hash: string,
): 'going' | 'foreign' | 'holds' | undefined {
  const { deletionTimestamp, ownerReferences = [], annotations = {} } = metadata;
  if (deletionTimestamp !== undefined) return 'going';
  if (!ownerReferences.some(({ uid }) => uid === owner.uid)) return 'foreign';
  return annotations[ANNOTATION.operandHash] === hash ? 'holds' : undefined;
}

const WHERE = `ConfigMap ${OPERATOR_CONFIG_CONFIG_MAP}, key ${OPERATOR_CONFIG_KEY}`;

function readWish(text: string): Parsed<OperatorConfigSpec> {
  const value = parseJson(text);
  if (value === undefined) return { ok: false, message: 'is not JSON; the chart writes it' };
  return readSpec<OperatorConfigSpec>(operatorConfigSpecSchema, value);
}

/** Not as a controller: the object does not hold up the end of the ConfigMap. */
function ownerOf({ metadata }: KubeObject): OwnerReference {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: metadata.name, uid: metadata.uid ?? '' };
}
