import { ANNOTATION, type DrainProgress, type DrainRequest, type KubeObject } from '@sriov/api';

/**
 * What the annotations of a Node and of its SriovNetworkNodeState say about draining. Names and values are upstream's,
 * so either side may be upstream's own.
 */
export interface DrainState {
  /** What the node asks for: it says so on both objects. */
  readonly request: DrainRequest | 'unsettled';
  /** What the drain controller, or an external drainer, has done about it. */
  readonly progress: DrainProgress;
  /** Annotations that are not there yet. What is absent counts as `Idle`. */
  readonly missing: readonly MissingAnnotation[];
}

/** An annotation that the drain controller has to make, and the object that lacks it. */
export type MissingAnnotation = 'nodeState' | 'desiredState' | 'currentState';

/** The objects that carry the annotations; only their metadata matters. */
export interface DrainObjects {
  readonly node: Pick<KubeObject, 'metadata'>;
  readonly nodeState: Pick<KubeObject, 'metadata'>;
}

/** An annotation, the kind of object that carries it, and the values that it can have. */
interface Field<T extends string> {
  readonly kind: string;
  readonly annotation: string;
  readonly values: readonly T[];
}

const REQUESTS: readonly DrainRequest[] = ['Idle', 'Drain_Required', 'Reboot_Required'];
const PROGRESS: readonly DrainProgress[] = ['Idle', 'Draining', 'DrainComplete'];

const ASKED: Field<DrainRequest> = { kind: 'Node', annotation: ANNOTATION.nodeState, values: REQUESTS };
const DESIRED: Field<DrainRequest> = {
  kind: 'SriovNetworkNodeState',
  annotation: ANNOTATION.desiredState,
  values: REQUESTS,
};
const CURRENT: Field<DrainProgress> = {
  kind: 'SriovNetworkNodeState',
  annotation: ANNOTATION.currentState,
  values: PROGRESS,
};

/**
 * Reads the annotations. The daemon writes its request on both objects, one after the other. As long as they differ it
 * is `unsettled`: the daemon is between its two writes, or was killed there and writes again.
 * @returns a sentence about a value that nobody of ours writes: nothing can be done until somebody corrects it
 */
export function readDrainState({ node, nodeState }: DrainObjects): DrainState | string {
  const asked = readField(ASKED, node);
  const desired = readField(DESIRED, nodeState);
  const current = readField(CURRENT, nodeState);
  const fault = asked.fault ?? desired.fault ?? current.fault;
  if (fault !== undefined) return fault;
  const missing: MissingAnnotation[] = [
    ...(asked.isMissing ? (['nodeState'] as const) : []),
    ...(desired.isMissing ? (['desiredState'] as const) : []),
    ...(current.isMissing ? (['currentState'] as const) : []),
  ];
  return { request: asked.value === desired.value ? desired.value : 'unsettled', progress: current.value, missing };
}

/** What one annotation says. Absent or wrong, it counts as `Idle`. */
interface FieldValue<T extends string> {
  readonly value: T | 'Idle';
  readonly isMissing: boolean;
  readonly fault?: string;
}

function readField<T extends string>(
  { kind, annotation, values }: Field<T>,
  { metadata }: DrainObjects['node'],
): FieldValue<T> {
  const text = metadata.annotations?.[annotation];
  if (text === undefined) return { value: 'Idle', isMissing: true };
  const value = values.find((known) => known === text);
  if (value !== undefined) return { value, isMissing: false };
  const fault = `annotation ${annotation} of the ${kind} is "${text}", and must be one of ${values.join(', ')}: nothing is drained until it is`;
  return { value: 'Idle', isMissing: false, fault };
}
