import {
  apiVersionOf,
  CUSTOM_RESOURCES,
  type CustomResource,
  describeIssues,
  GROUP,
  type KubeObject,
  SRIOV_NETWORK_NODE_STATE,
  stringMap,
} from '@sriov/api';
import { z } from 'zod';
import { nearNames } from '@sriov/words';
import { type Fault, type InputDocument, type Place } from './documents.ts';
import { toStoredForm } from './stored-form.ts';

/** An object of the input as the API server would store it, and its place. */
export interface InputObject {
  readonly place: Place;
  readonly object: KubeObject & { readonly kind: string };
  readonly unknownFields: readonly string[];
}

/** What the documents hold. */
export interface ReadObjects {
  /** Objects of kinds that we know, in order. */
  readonly objects: readonly InputObject[];
  /**
   * Kinds that we do not read, with the number of their objects. The version is part of the kind where we read only
   * another version.
   */
  readonly ignored: ReadonlyMap<string, number>;
  /** Objects of our group that cannot be judged, in order. */
  readonly unknown: readonly UnknownObject[];
  readonly faults: readonly Fault[];
}

/** An object of our group whose kind or version does not exist. */
export interface UnknownObject {
  readonly place: Place;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** What the API server would answer, and what to write instead. */
  readonly message: string;
}

/** How objects are read. */
export interface ReadOptions {
  /** Namespace of objects that name none. */
  readonly namespace: string;
  /** Read what the operator consists of as well: workloads and webhooks. */
  readonly withDeployed?: boolean;
}

const metadataSchema = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().nullish(),
  labels: stringMap.nullish(),
  annotations: stringMap.nullish(),
});
const kindSchema = z.looseObject({ apiVersion: z.string().min(1), kind: z.string().min(1) });
const objectSchema = z.looseObject({ metadata: metadataSchema });

/** A kind that we read. */
interface InputKind {
  readonly namespaced: boolean;
  /** The least form that an object of the kind needs to be used. What users write is judged later. */
  readonly form: z.ZodType;
  /** One of our kinds, whose CRD has a schema. */
  readonly resource?: CustomResource;
}

const ANY_FORM = z.looseObject({});
const NODE_STATE_FORM = z.looseObject({
  spec: SRIOV_NETWORK_NODE_STATE.spec.optional(),
  status: SRIOV_NETWORK_NODE_STATE.status.optional(),
});

/** By `apiVersion kind`. */
const KINDS: ReadonlyMap<string, InputKind> = new Map<string, InputKind>([
  ['v1 Node', { namespaced: false, form: ANY_FORM }],
  ['v1 ConfigMap', { namespaced: true, form: z.looseObject({ data: stringMap.nullish() }) }],
  ...CUSTOM_RESOURCES.map((resource): [string, InputKind] => [
    `${apiVersionOf(resource)} ${resource.kind}`,
    { namespaced: true, form: resource === SRIOV_NETWORK_NODE_STATE ? NODE_STATE_FORM : ANY_FORM, resource },
  ]),
]);

/** What an operator consists of, which matters to a move alone. */
const DEPLOYED_KINDS: ReadonlyMap<string, InputKind> = new Map<string, InputKind>([
  ...KINDS,
  ['apps/v1 Deployment', { namespaced: true, form: ANY_FORM }],
  ['apps/v1 DaemonSet', { namespaced: true, form: ANY_FORM }],
  ['admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration', { namespaced: false, form: ANY_FORM }],
  ['admissionregistration.k8s.io/v1 MutatingWebhookConfiguration', { namespaced: false, form: ANY_FORM }],
]);

function kindsOf({ withDeployed = false }: ReadOptions): ReadonlyMap<string, InputKind> {
  return withDeployed ? DEPLOYED_KINDS : KINDS;
}

function isKnownKind(kind: string, options: ReadOptions): boolean {
  return [...kindsOf(options).keys()].some((key) => key.endsWith(` ${kind}`));
}

/** Why the API server does not know this kind or version of our group. */
function findUnknown(apiVersion: string, kind: string): string | undefined {
  const resource = CUSTOM_RESOURCES.find((each) => each.kind === kind);
  if (resource !== undefined) {
    return `there is no ${kind} of apiVersion ${apiVersion}: write ${apiVersionOf(resource)}`;
  }
  if (apiVersion !== GROUP && !apiVersion.startsWith(`${GROUP}/`)) return undefined;
  const kinds = CUSTOM_RESOURCES.map((each) => each.kind);
  const [near] = nearNames(kind, kinds);
  return `there is no kind ${kind} in ${GROUP}: ${near === undefined ? `there are ${kinds.join(', ')}` : `write ${near}`}`;
}

/** Takes the objects out of the documents, Lists included. */
export function readObjects(documents: readonly InputDocument[], options: ReadOptions): ReadObjects {
  const objects: InputObject[] = [];
  const ignored = new Map<string, number>();
  const unknown: UnknownObject[] = [];
  const faults: Fault[] = [];
  for (const { place, value } of documents.flatMap(flatten)) {
    const read = readObject(value, options);
    if (typeof read === 'string') faults.push({ place, message: read });
    else if ('unknown' in read) unknown.push({ place, ...read.unknown });
    else if ('ignored' in read) ignored.set(read.ignored, (ignored.get(read.ignored) ?? 0) + 1);
    else objects.push({ place, ...read });
  }
  return { objects, ignored, unknown, faults };
}

/** The items of a List, or the document itself. The API server's own lists give no kind to their items. */
function flatten({ place, value, itemLines }: InputDocument): InputDocument[] {
  const list = value as { kind?: unknown; apiVersion?: unknown; items?: unknown } | null;
  const kind = typeof list?.kind === 'string' ? list.kind : '';
  if (list === null || !kind.endsWith('List') || !('items' in list)) return [{ place, value }];
  // Go writes an empty list as null.
  const items = list.items ?? [];
  if (!Array.isArray(items)) return [{ place, value }];
  const inherited = kind === 'List' ? {} : { apiVersion: list.apiVersion, kind: kind.slice(0, -'List'.length) };
  return items.map((item: unknown, index) => ({
    place: { ...place, line: itemLines?.[index] ?? place.line, item: index + 1 },
    value: isRecord(item) ? { ...inherited, ...item } : item,
  }));
}

type ReadObject =
  | Pick<InputObject, 'object' | 'unknownFields'>
  | { readonly ignored: string }
  | { readonly unknown: Omit<UnknownObject, 'place'> }
  | string;

/** Reads one object. A sentence when it is not an object. */
function readObject(value: unknown, options: ReadOptions): ReadObject {
  if (!isRecord(value)) return `is no Kubernetes object, but ${describeValue(value)}`;
  const type = kindSchema.safeParse(value, { reportInput: true });
  if (!type.success) return describeIssues(type.error.issues, { schema: kindSchema });
  const { apiVersion, kind } = type.data;
  const known = kindsOf(options).get(`${apiVersion} ${kind}`);
  if (known) return readKnown(known, type.data, options);
  if (kind.endsWith('List') && 'items' in value) return `${kind}: items is no list`;
  // Other faults in it do not concern us. A kustomization, for example, has no metadata.
  const message = findUnknown(apiVersion, kind);
  if (message !== undefined) return { unknown: { kind, ...identityOf(value, options), message } };
  return { ignored: isKnownKind(kind, options) ? `${kind} of ${apiVersion}` : kind };
}

function identityOf({ metadata }: Record<string, unknown>, { namespace }: ReadOptions): Identity {
  const read = metadataSchema.safeParse(metadata);
  return { name: read.data?.name ?? '', namespace: read.data?.namespace ?? namespace };
}

type Identity = Pick<UnknownObject, 'namespace' | 'name'>;

function readKnown(known: InputKind, value: z.output<typeof kindSchema>, options: ReadOptions): ReadObject {
  const head = objectSchema.safeParse(value, { reportInput: true });
  if (!head.success) return describeIssues(head.error.issues, { schema: objectSchema });
  const { kind } = value;
  const metadata = completeMetadata(head.data.metadata, known.namespaced ? options.namespace : undefined);
  const object = { ...value, metadata };
  const read = known.resource ? toStoredForm(known.resource, object) : { object, unknownFields: [] };
  const checked = known.form.safeParse(read.object, { reportInput: true });
  if (!checked.success) {
    return `${kind} ${metadata.name}: ${describeIssues(checked.error.issues, { schema: known.form })}`;
  }
  return { ...read, object: { ...read.object, kind } };
}

type Metadata = z.output<typeof metadataSchema>;

/** `null` counts as absent, as it does for the API server. */
function completeMetadata(metadata: Metadata, namespace: string | undefined): KubeObject['metadata'] {
  const given = Object.entries(metadata).filter(([, value]) => value !== null && value !== '');
  return {
    ...(namespace !== undefined && { namespace }),
    ...Object.fromEntries(given),
    name: metadata.name,
  };
}

function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return `the ${typeof value} ${excerpt(value)}`;
}

const MOST_CHARACTERS = 40;

function excerpt(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
