import { IGNORED_POLICY_NAME, SRIOV_NETWORK_NODE_POLICY } from '@sriov/api';
import { type AdmissionRequest, type PatchOperation } from './request.ts';
import { isSameJson } from './same-json.ts';

/** Priority of a policy that gives none: the lowest precedence. */
const DEFAULT_PRIORITY = 99;

/** A spec that nobody has checked yet: it may be any JSON object. */
type RawSpec = Readonly<Record<string, unknown>>;

/** A default; `stored` is the spec that a change replaces. */
interface Default {
  readonly name: string;
  readonly operations: (spec: RawSpec, stored: RawSpec | undefined) => PatchOperation[];
}

/** The defaults of a policy in the order in which they are set: later ones override earlier ones. */
const DEFAULTS: readonly Default[] = [
  {
    name: 'a policy without a priority gets the lowest precedence, unless it already ranks without one',
    operations: (spec, stored) =>
      Object.hasOwn(spec, 'priority') || (stored !== undefined && !Object.hasOwn(stored, 'priority'))
        ? []
        : [set('priority', DEFAULT_PRIORITY)],
  },
  {
    name: 'a policy that does not speak of RDMA is not for it',
    operations: (spec) => (Object.hasOwn(spec, 'isRdma') ? [] : [set('isRdma', false)]),
  },
  {
    name: 'InfiniBand with the kernel driver is RDMA, whatever the policy says',
    operations: (spec) => (isInfiniband(spec) && spec['deviceType'] !== 'vfio-pci' ? [set('isRdma', true)] : []),
  },
];

/** The write itself, without what else is in the cluster. */
type Write = Pick<AdmissionRequest, 'operation' | 'object' | 'oldObject'>;

/**
 * The defaults that admission sets on an object, whatever is wrong with it. Only policies have defaults. A policy that
 * was stored while the API server did not ask the webhook has no priority, so it ranks highest. It gets none by a change
 * either: who changes `numVfs` does not ask for another precedence.
 */
export function setDefaults(write: Write): PatchOperation[] {
  const { operation, object } = write;
  const { spec } = object as { spec?: unknown };
  if (operation === 'DELETE' || object.kind !== SRIOV_NETWORK_NODE_POLICY.kind || !isRawSpec(spec)) return [];
  if (leavesSpec(write)) return [];
  if (object.metadata.name === IGNORED_POLICY_NAME) return [];
  const stored = operation === 'UPDATE' && write.oldObject !== undefined ? specOf(write.oldObject) : undefined;
  return DEFAULTS.flatMap(({ operations }) => operations(spec, isRawSpec(stored) ? stored : undefined));
}

/** True for a change of labels, annotations or finalizers alone. */
export function leavesSpec({ operation, object, oldObject }: Write): boolean {
  return operation === 'UPDATE' && oldObject !== undefined && isSameJson(specOf(object), specOf(oldObject));
}

function specOf(object: object): unknown {
  return (object as { spec?: unknown }).spec ?? {};
}

function set(field: string, value: boolean | number): PatchOperation {
  return { op: 'add', path: `/spec/${field}`, value };
}

function isInfiniband({ linkType }: RawSpec): boolean {
  return typeof linkType === 'string' && linkType.toLowerCase() === 'ib';
}

function isRawSpec(value: unknown): value is RawSpec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object with the defaults in it. */
export function withDefaults<T extends object>(object: T, patch: readonly PatchOperation[]): T {
  const fields = patch.map(({ path, value }) => [path.slice('/spec/'.length), value] as const);
  const { spec } = object as { spec?: object };
  return patch.length === 0 ? object : { ...object, spec: { ...spec, ...Object.fromEntries(fields) } };
}
