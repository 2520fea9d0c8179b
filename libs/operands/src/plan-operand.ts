import { ANNOTATION, keyOf, LABEL, type OwnerReference, type Resource } from '@sriov/api';
import { findDifferences } from './differences.ts';
import { canonicalJson, type JsonObject } from './json.ts';
import { DAEMON_SET, type OperandObject } from './kinds.ts';
import { type Operand, OPERAND_DAEMON_SETS, type OperandName, type WantedObject } from './operand.ts';

/** An object that is there. */
export interface PresentObject {
  readonly resource: Resource<OperandObject>;
  readonly object: OperandObject;
}

/** From what the writes for an operand are planned. */
export interface OperandFacts {
  readonly name: OperandName;
  readonly operand: Operand;
  /** All objects of the kinds that the operand has, or had: ours and those of others. */
  readonly present: readonly PresentObject[];
  readonly owner: OwnerReference;
  /** Short hash of a text. */
  readonly hashOf: (text: string) => string;
  /**
   * The differences that the API server left when this hash was last applied: its own form of a value, such as `100m`
   * for `0.1`. They are no reason to write again.
   */
  readonly accepted: (key: string) => AcceptedForm | undefined;
}

/** How the API server keeps what was applied. */
export interface AcceptedForm {
  readonly hash: string;
  /** Paths, joined; see `findDifferences`. */
  readonly differences: string;
}

/** A write that an operand needs. */
export type OperandWrite =
  /** Server-side apply. `differences` says what somebody else has changed, if that is why. */
  | ({
      readonly kind: 'apply';
      readonly hash: string;
      readonly differences: readonly string[];
      /** Of the template of a DaemonSet; see `objectToApply`. */
      readonly generation: string | undefined;
    } & WantedObject)
  /** Takes the place of an object that another operator made: its pods stay, and ours takes them over. */
  | ({ readonly kind: 'replace' } & PresentObject)
  | ({ readonly kind: 'delete' } & PresentObject);

/** What has to be written, and what stands in the way. */
export interface OperandPlan {
  readonly writes: readonly OperandWrite[];
  /** Objects of others that have the names of ours, as sentences with the cure. They stay as they are. */
  readonly foreign: readonly string[];
  /** Objects that are on their way out; what is wanted in their place has to wait for that. */
  readonly isWaiting: boolean;
}

/** Name of an object among those of an operand. */
export function operandKeyOf({ resource, object }: PresentObject): string {
  return `${resource.kind}/${keyOf(object)}`;
}

/**
 * Plans the writes of one operand. An object that is wanted is applied when it is missing, when it was applied from
 * something else, or when somebody has changed what is ours. An object that is not wanted is deleted only if its label
 * says that it belongs to this operand.
 */
export function planOperand(facts: OperandFacts): OperandPlan {
  const { name, operand, present } = facts;
  if (operand.kind === 'impossible') return { writes: [], foreign: [], isWaiting: false };
  const rival = operand.kind === 'on' ? findRival(facts) : undefined;
  if (rival !== undefined) {
    const isWaiting = isGoing(rival.object);
    return { writes: [], foreign: isWaiting ? [] : [rivalMessage(rival)], isWaiting };
  }
  const wanted = operand.kind === 'on' ? operand.objects : [];
  const findings = wanted.map((each) => compare(facts, each));
  const keys = new Set(wanted.map(operandKeyOf));
  const surplus = present.filter((each) => belongsTo(name, each.object) && !keys.has(operandKeyOf(each)));
  return {
    writes: [
      ...findings.flatMap((finding) => (finding.kind === 'write' ? [finding.write] : [])),
      ...surplus.filter(({ object }) => !isGoing(object)).map((each) => ({ kind: 'delete' as const, ...each })),
    ],
    foreign: findings.flatMap((finding) => (finding.kind === 'foreign' ? [finding.message] : [])),
    isWaiting: findings.some(({ kind }) => kind === 'going') || surplus.some(({ object }) => isGoing(object)),
  };
}

/**
 * A device plugin of somebody else in the place of the original one. Ours is not deployed beside it: two of them on a node
 * overwrite each other's lists of devices.
 */
function findRival({ name, present }: Pick<OperandFacts, 'name' | 'present'>): PresentObject | undefined {
  if (name !== 'device-plugin') return undefined;
  const original = 'sriov-network-device-plugin';
  return present.find(
    ({ resource, object }) =>
      resource === DAEMON_SET && object.metadata.name === OPERAND_DAEMON_SETS[original] && !belongsTo(original, object),
  );
}

/** What to do about a device plugin of somebody else, with which ours would share nodes: a sentence. */
export function rivalMessage(rival: PresentObject): string {
  return `two device plugins on a node would overwrite each other's lists of devices, and somebody else has made the DaemonSet ${rival.object.metadata.name}: to have it replaced, run ${deleteCommand(rival)}; to keep that plugin, give the chart its image in images.sriovDevicePlugin`;
}

function deleteCommand({ resource, object }: PresentObject): string {
  const { name, namespace } = object.metadata;
  return `kubectl delete ${resource.kind.toLowerCase()} ${name} --namespace ${namespace ?? ''}`;
}

type Finding =
  | { readonly kind: 'holds' | 'going' }
  | { readonly kind: 'foreign'; readonly message: string }
  | { readonly kind: 'write'; readonly write: OperandWrite };

function compare(facts: OperandFacts, wanted: WantedObject): Finding {
  const key = operandKeyOf(wanted);
  const present = facts.present.find((each) => operandKeyOf(each) === key);
  const hash = facts.hashOf(canonicalJson(asJson(wanted.object)));
  const apply = (differences: readonly string[]): Finding => ({
    kind: 'write',
    write: {
      ...{ kind: 'apply', resource: wanted.resource, object: withHash(wanted.object, hash), hash, differences },
      generation: generationOf(wanted, present, hash),
    },
  });
  if (present === undefined) return apply([]);
  if (isGoing(present.object)) return { kind: 'going' };
  if (!belongsTo(facts.name, present.object)) return compareForeign(facts, present);
  if (present.object.metadata.annotations?.[ANNOTATION.operandHash] !== hash) return apply([]);
  const differences = findDifferences(asJson(wanted.object), asJson(present.object));
  if (differences.length === 0) return { kind: 'holds' };
  const accepted = facts.accepted(key);
  return accepted?.hash === hash && accepted.differences === differences.join()
    ? { kind: 'holds' }
    : apply(differences);
}

function compareForeign({ owner }: OperandFacts, present: PresentObject): Finding {
  const message = foreignMessage(present, owner);
  return message === undefined
    ? { kind: 'write', write: { kind: 'replace', ...present } }
    : { kind: 'foreign', message };
}

/**
 * What to do about an object of somebody else that has the name of ours: a sentence. Nothing for one that ours takes the
 * place of: it belongs to the same SriovOperatorConfig, so it comes from upstream's operator.
 */
export function foreignMessage(present: PresentObject, owner: Pick<OwnerReference, 'uid'>): string | undefined {
  const { resource, object } = present;
  if ((object.metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.uid)) return undefined;
  const orphan = resource === DAEMON_SET ? ' --cascade=orphan' : '';
  return `somebody else has made the ${resource.kind} ${object.metadata.name}: to have it replaced, run ${deleteCommand(present)}${orphan}`;
}

/** What is left of the differences after an apply: see {@link AcceptedForm}. */
export function acceptedForm(
  { object, hash }: { readonly object: OperandObject; readonly hash: string },
  answer: OperandObject,
): AcceptedForm {
  return { hash, differences: findDifferences(asJson(object), asJson(answer)).join() };
}

function withHash(object: OperandObject, hash: string): OperandObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [ANNOTATION.operandHash]: hash } },
  };
}

/** Generation of the template of a DaemonSet. The API server counts it in this annotation. */
const GENERATION = 'deprecated.daemonset.template.generation';
/** More than a DaemonSet of somebody else will ever have been changed. */
const FIRST_GENERATION = 1_000_000;
const HASH_DIGITS = 8;

/**
 * The DaemonSet controller takes a pod for up to date when its label has the generation of the template, whatever is in it.
 * Generations begin with 1, so pods that another DaemonSet has left would never be renewed. Ours begin elsewhere: the same
 * content has the same number. From there the API server counts on, and we leave it what it has.
 */
function generationOf(
  { resource }: WantedObject,
  present: PresentObject | undefined,
  hash: string,
): string | undefined {
  if (resource !== DAEMON_SET) return undefined;
  if (present !== undefined) return present.object.metadata.annotations?.[GENERATION];
  return String(FIRST_GENERATION + Number.parseInt(hash.slice(0, HASH_DIGITS), 16));
}

/** The object as it is sent: with the generation, which is no part of what is compared. */
export function objectToApply({ object, generation }: Extract<OperandWrite, { kind: 'apply' }>): OperandObject {
  if (generation === undefined) return object;
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [GENERATION]: generation } } };
}

function belongsTo(name: OperandName, { metadata }: OperandObject): boolean {
  return metadata.labels?.[LABEL.operand] === name;
}

const isGoing = ({ metadata }: OperandObject): boolean => metadata.deletionTimestamp !== undefined;

/** An object is JSON; only its type has no index signature. */
const asJson = (object: OperandObject): JsonObject => object as unknown as JsonObject;

/** The DaemonSet that belongs to the operand, among all; each operand has one. */
export function daemonSetOf(name: OperandName, daemonSets: readonly OperandObject[]): OperandObject | undefined {
  return daemonSets.find((object) => belongsTo(name, object));
}
