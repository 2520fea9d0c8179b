import { type PatchOperation } from '@sriov/admission';
import { type KubeObject } from '@sriov/api';
import { z } from 'zod';

const object = z.looseObject({ metadata: z.looseObject({}) }).nullish();

/** What we read of an `admission.k8s.io/v1` AdmissionReview. All other fields are ignored. */
const reviewSchema = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1),
    kind: z.object({ kind: z.string() }),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    name: z.string().optional(),
    namespace: z.string().optional(),
    object,
    oldObject: object,
  }),
});

/** A question of the API server. */
export interface Question {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** The object as it should become; on DELETE the object to be deleted. */
  readonly object: KubeObject;
  /** The object as it is; on UPDATE only. */
  readonly oldObject: KubeObject | undefined;
}

/** Our answer. */
export interface Answer {
  readonly allowed: boolean;
  /** For the person who was refused; empty when allowed. */
  readonly message: string;
  readonly warnings: readonly string[];
  readonly patch: readonly PatchOperation[];
}

/** Reads an AdmissionReview. Returns a sentence when the body is not one. */
export function readReview(body: unknown): Question | string {
  const parsed = reviewSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `not an AdmissionReview of admission.k8s.io/v1: ${issue?.path.join('.') || 'body'}: ${issue?.message}`;
  }
  const { request } = parsed.data;
  const raw = request.operation === 'DELETE' ? request.oldObject : request.object;
  if (!raw) return 'not an AdmissionReview of admission.k8s.io/v1: the request has no object';
  return {
    uid: request.uid,
    operation: request.operation,
    object: identify(raw, request),
    oldObject: request.operation === 'UPDATE' && request.oldObject ? identify(request.oldObject, request) : undefined,
  };
}

type Request = z.output<typeof reviewSchema>['request'];

/** An object with a generated name has no name yet, and an object need not repeat the namespace of its path. */
function identify(raw: { readonly metadata: object }, { kind, name = '', namespace }: Request): KubeObject {
  return { ...raw, kind: kind.kind, metadata: { name, ...(namespace && { namespace }), ...raw.metadata } };
}

/** The AdmissionReview that carries the answer to the API server. */
export function writeReview(uid: string, { allowed, message, warnings, patch }: Answer): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(!allowed && { status: { code: 403, reason: 'Forbidden', message } }),
      ...(warnings.length > 0 && { warnings }),
      ...(patch.length > 0 && {
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      }),
    },
  };
}
