import { z } from 'zod';
import { FIELD_BOUNDS } from './field-bounds.ts';

/** What we read and write of Kubernetes object metadata. Times are RFC 3339 strings, as on the wire. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Owner of an object, for garbage collection. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Any Kubernetes object, as JSON. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/**
 * How the API server knows a kind. `T` is the object's type on the wire.
 * Built-in kinds are described in `libs/kube`, ours in {@link CustomResource}.
 */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: carries `T` for inference. */
  readonly objectType?: T;
}

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: shown only with `-o wide`. */
  readonly priority?: 1;
}

/** A CEL rule that the API server enforces on each write, whether or not the webhook runs. */
export interface ValidationRule {
  readonly rule: string;
  /** One sentence for the person whose object was refused. */
  readonly message: string;
}

/** One of our kinds: the source of its CRD, its types and its documentation. */
export interface CustomResource<T extends KubeObject = KubeObject> extends Resource<T> {
  readonly singular: string;
  /** For `kubectl get`. No kind of Kubernetes, Multus or OpenShift has the same. */
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodObject;
  readonly status: z.ZodObject;
  readonly printerColumns: readonly PrinterColumn[];
  /**
   * Rules on the spec, which is `self`. They are on the spec and not on the object, so that an object that was stored
   * before the rules can still be labelled, reported on and deleted: the API server does not check a spec that does not
   * change.
   */
  readonly validations: readonly ValidationRule[];
  /** A rule on `self.metadata.name`. */
  readonly nameValidation?: ValidationRule;
}

/** `group/version`, or `version` alone in the core group. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/**
 * The reference to an object as the controller of others: the garbage collector removes those when it is deleted. The
 * API server refuses a reference to an object that was never stored, because that has no uid.
 */
export function controllerReference(resource: Resource, { metadata }: KubeObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** `namespace/name`, or `name` alone for a cluster-scoped object: the key of caches and queues. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** A string-to-string map such as labels. */
export const stringMap = z.record(z.string(), z.string());

/** Labels to select nodes by. */
export const labelMap = z
  .record(z.string().max(FIELD_BOUNDS.labelKey), z.string().max(FIELD_BOUNDS.name))
  .refine((labels) => Object.keys(labels).length <= FIELD_BOUNDS.entries, `at most ${FIELD_BOUNDS.entries} labels`)
  .meta({ maxProperties: FIELD_BOUNDS.entries });
