import { type Access, adminAnswer } from '@sriov/control-plane';
import { z } from 'zod';

const groupsSchema = z.object({
  groups: z.array(z.object({ preferredVersion: z.object({ groupVersion: z.string() }) })),
});
const resourcesSchema = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), verbs: z.array(z.string()) })),
});
const listSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string().optional(),
        labels: z.record(z.string(), z.string()).default({}),
        annotations: z.record(z.string(), z.string()).default({}),
        finalizers: z.array(z.string()).default([]),
      }),
    }),
  ),
});

/** An object of any kind, as far as its metadata says. */
export type Found = z.output<typeof listSchema>['items'][number]['metadata'] & {
  readonly kind: string;
  readonly path: string;
};

/** What Kubernetes itself makes for each namespace and each CRD, and what only tells of the past. */
const OF_KUBERNETES = [/^APIService /, /^Event /, /^ServiceAccount .*\/default$/, /^ConfigMap .*\/kube-root-ca\.crt$/];
const NAMESPACES_OF_KUBERNETES = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];

/** Every object that the API server has, of every kind that it serves, but for what is Kubernetes' own by its name. */
export async function listAll(access: Access): Promise<Found[]> {
  const ask = (path: string): Promise<unknown> => adminAnswer(access, { method: 'GET', path });
  const { groups } = groupsSchema.parse(await ask('/apis'));
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const found: Found[] = [];
  for (const root of roots) {
    const { resources } = resourcesSchema.parse(await ask(root));
    for (const { name, kind } of resources.filter(({ verbs }) => verbs.includes('list'))) {
      const { items } = listSchema.parse(await ask(`${root}/${name}`));
      for (const { metadata } of items) {
        const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
        found.push({ kind, path: `${root}${scope}/${name}/${metadata.name}`, ...metadata });
      }
    }
  }
  return found.filter(
    (object) =>
      !NAMESPACES_OF_KUBERNETES.includes(object.namespace ?? '') &&
      !OF_KUBERNETES.some((own) => own.test(nameOf(object))),
  );
}

/** `Kind namespace/name`. */
export function nameOf({ kind, namespace, name }: Pick<Found, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
