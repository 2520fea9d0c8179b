import { apiVersionOf, type KubeObject, type Resource } from '@sriov/api';
import { type ApiRequest } from '../connection/connection.ts';

type Body = Pick<ApiRequest, 'body' | 'headers'>;

/** How the body of a write is to be read: a whole object, or a kind of patch. */
const CONTENT_TYPE = {
  object: 'application/json',
  apply: 'application/apply-patch+yaml',
  mergePatch: 'application/merge-patch+json',
} as const;

const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** The answer that is asked for: whole objects, or their metadata only. */
export function acceptObjects(metadataOnly: boolean | undefined): { accept: string } {
  return { accept: metadataOnly === true ? PARTIAL : 'application/json' };
}

/** As {@link acceptObjects}, for a list. */
export function acceptList(metadataOnly: boolean | undefined): { accept: string } {
  return { accept: metadataOnly === true ? PARTIAL_LIST : 'application/json' };
}

/** The body of a write; with `metadataOnly` its answer holds metadata only. */
export function writeBody(kind: keyof typeof CONTENT_TYPE, body: object, metadataOnly?: boolean): Body {
  const headers = { 'content-type': CONTENT_TYPE[kind], ...acceptObjects(metadataOnly) };
  return { body: JSON.stringify(body), headers };
}

/** The object with its API version and kind, which callers leave out. */
export function withType<T extends KubeObject>(resource: Resource<T>, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}
