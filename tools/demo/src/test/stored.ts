import { type Access, adminAnswer } from '@sriov/control-plane';

/** An object of the API server, as far as it tells that somebody has written it. */
export interface Stored {
  /** Differs when one of us has written it. */
  readonly version: string;
  /** Who of us wrote it, what and when at last. */
  readonly managers: string;
}

interface Listed {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly resourceVersion: string;
      readonly managedFields?: readonly ManagedFields[];
    };
    readonly spec?: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
  }[];
}

interface ManagedFields {
  readonly manager: string;
  readonly time: string;
  readonly fieldsV1: object;
}

function textOf({ manager, time, fieldsV1 }: ManagedFields): string {
  return `${manager} ${time} ${JSON.stringify(fieldsV1)}`;
}

/** It taints a Node that no kubelet reports on. */
const OTHERS = 'kube-controller-manager';

/** Renewed every few seconds by whoever holds them: what counts is who does. */
const LEASES = '/apis/coordination.k8s.io/v1/leases';

/** All objects that the API server stores, of each kind that can be listed, by path of the kind and name. */
export async function everythingStored(access: Access): Promise<Map<string, Stored>> {
  const kinds = await listableKinds(access);
  const lists = await Promise.all(
    kinds.map(async (path) => [path, (await adminAnswer(access, { method: 'GET', path })) as Listed] as const),
  );
  return new Map(
    lists.flatMap(([path, { items }]) =>
      items
        // Of the control plane itself.
        .filter(({ metadata }) => metadata.namespace !== 'kube-system')
        .map(({ metadata, spec }) => {
          const { name, namespace = '', resourceVersion, managedFields = [] } = metadata;
          const managers = managedFields
            .filter(({ manager }) => manager !== OTHERS)
            .map(textOf)
            .join(', ');
          const isOfOthers = managedFields.some(({ manager }) => manager === OTHERS);
          const holder = `${spec?.holderIdentity} ${spec?.leaseTransitions}`;
          const version = path === LEASES ? holder : isOfOthers ? managers : resourceVersion;
          return [`${path} ${namespace}/${name}`, { version, managers: path === LEASES ? holder : managers }] as const;
        }),
    ),
  );
}

async function listableKinds(access: Access): Promise<string[]> {
  const { groups } = (await adminAnswer(access, { method: 'GET', path: '/apis' })) as {
    groups: { preferredVersion: { groupVersion: string } }[];
  };
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const found = await Promise.all(
    roots.map(async (root) => {
      const { resources } = (await adminAnswer(access, { method: 'GET', path: root })) as {
        resources: { name: string; verbs: string[] }[];
      };
      return resources.filter(({ verbs }) => verbs.includes('list')).map(({ name }) => `${root}/${name}`);
    }),
  );
  return found.flat();
}

/** The objects that were written, made or removed between two looks, with who wrote them. */
export function writtenBetween(before: ReadonlyMap<string, Stored>, after: ReadonlyMap<string, Stored>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return (
    [...names]
      .filter((name) => before.get(name)?.version !== after.get(name)?.version)
      // What others alone have made: pods of DaemonSets, and Events about them.
      .filter((name) => before.has(name) || after.get(name)?.managers !== '')
      .map((name) => `${name}: ${after.get(name)?.managers ?? 'removed'}`)
      .sort()
  );
}
