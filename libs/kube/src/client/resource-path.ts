import { apiVersionOf, type Resource } from '@sriov/api';

/** Which objects of a kind a list or watch is about. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Which object. */
export interface ObjectRef {
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Path of all objects of the kind, or of those in a namespace. */
export function collectionPath(resource: Resource, namespace: string | undefined, query: Query = {}): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}${queryText(query)}`;
}

/** Path of one object, or of a subresource of it. */
export function objectPath(
  resource: Resource,
  ref: ObjectRef,
  rest: { readonly subresource?: string | undefined; readonly query?: Query } = {},
): string {
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return `${path}${rest.subresource === undefined ? '' : `/${rest.subresource}`}${queryText(rest.query ?? {})}`;
}

function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}
