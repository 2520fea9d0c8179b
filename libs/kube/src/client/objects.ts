import { type KubeObject } from '@sriov/api';
import { z } from 'zod';
import { type Page, type WatchEvent } from './requests.ts';

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().nullish() }),
  // Some servers write an empty list as null.
  items: z.array(z.unknown()).nullish(),
});

/**
 * Reads an object of the kind that was asked for. Returns nothing when the value is no Kubernetes object. It need not
 * have a name: reviews of access have none.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the kind it asked for
export function toObject<T extends KubeObject>(value: unknown): T | undefined {
  return hasMetadata(value) ? (value as unknown as T) : undefined;
}

/** Reads a page of a list. Returns nothing when the value is no Kubernetes list. */
export function toPage<T extends KubeObject>(value: unknown): Page<T> | undefined {
  const list = listSchema.safeParse(value).data;
  const items = list?.items ?? [];
  if (list === undefined || !items.every((item) => isKubeObject<T>(item))) return undefined;
  const { resourceVersion, continue: continueToken } = list.metadata;
  return { items, resourceVersion, ...(continueToken && { continueToken }) };
}

const groupsSchema = z.object({ groups: z.array(z.object({ name: z.string() })) });

/** Reads the names of a list of API groups. Returns nothing when the value is no such list. */
export function toGroupNames(value: unknown): string[] | undefined {
  return groupsSchema.safeParse(value).data?.groups.map(({ name }) => name);
}

/** Reads an event of a watch. Returns nothing when the value is no event that we know. */
export function toEvent<T extends KubeObject>(value: unknown): WatchEvent<T> | undefined {
  if (!isRecord(value)) return undefined;
  const { type, object } = value;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return isKubeObject<T>(object) ? { type, object } : undefined;
    case 'BOOKMARK':
      return hasMetadata(object) ? { type, object } : undefined;
    case 'ERROR':
      return { type, object };
    default:
      return undefined;
  }
}

/**
 * Whether a value is an object as the API server keeps them. Here and in {@link toObject} the rest of an object is taken
 * on trust: the server has checked it against the schema of the kind that was asked for, which is `T`. A check by zod
 * would copy each object, and this runs for every event of a fleet.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the kind it asked for
function isKubeObject<T extends KubeObject>(value: unknown): value is T {
  return hasMetadata(value) && 'name' in value.metadata && typeof value.metadata.name === 'string';
}

function hasMetadata(value: unknown): value is { readonly metadata: { readonly resourceVersion?: string } } {
  return isRecord(value) && isRecord(value['metadata']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
