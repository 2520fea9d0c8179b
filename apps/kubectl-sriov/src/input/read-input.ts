import {
  DEFAULT_OPERATOR_CONFIG_NAME,
  DEFAULT_OPERATOR_NAMESPACE,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_OPERATOR_CONFIG,
} from '@sriov/api';
import { type Fault, formatPlace, readDocuments } from './documents.ts';
import { InputError } from './input-error.ts';
import { type InputObject, readObjects, type ReadObjects, type UnknownObject } from './objects.ts';
import { readSources, type SourceRequest, STANDARD_INPUT } from './sources.ts';

/** The objects of all files, and notes on them. */
export interface Input {
  /** In order of the files, and in them. */
  readonly objects: readonly InputObject[];
  /** Objects of our group whose kind or version does not exist. */
  readonly unknown: readonly UnknownObject[];
  /** The operator's namespace: the given one, or that of the SriovOperatorConfig. */
  readonly operatorNamespace: string;
  readonly notes: readonly string[];
}

/**
 * Reads the objects of the files, as the API server would store them.
 * @throws {InputError} that names each file, document and line that cannot be read.
 */
export async function readInput(
  request: SourceRequest,
  given: { readonly namespace?: string | undefined; readonly withDeployed?: boolean },
): Promise<Input> {
  const sources = await readSources(request);
  const read = sources.map(readDocuments);
  const documents = read.flatMap((source) => source.documents);
  const { withDeployed = false } = given;
  const first = readObjects(documents, { namespace: given.namespace ?? DEFAULT_OPERATOR_NAMESPACE, withDeployed });
  const namespace = given.namespace ?? findOperatorNamespace(first) ?? DEFAULT_OPERATOR_NAMESPACE;
  const isMoved = namespace !== (given.namespace ?? DEFAULT_OPERATOR_NAMESPACE);
  // Objects without a namespace are in the operator's.
  const { objects, ignored, unknown, faults } = isMoved ? readObjects(documents, { namespace, withDeployed }) : first;
  const all = [...read.flatMap((source) => source.faults), ...faults];
  if (all.length > 0) throw new InputError(all.map(formatFault).join('\n'));
  if (documents.length === 0) {
    const names = request.paths.map((path) => (path === '-' ? STANDARD_INPUT : path));
    throw new InputError(`${names.join(', ')}: there are no objects in it`);
  }
  return {
    objects,
    unknown,
    operatorNamespace: namespace,
    notes: [
      ...(isMoved ? [movedNote(namespace)] : []),
      ...ignoredNotes(ignored),
      ...objects.flatMap(unknownFieldNotes),
    ],
  };
}

/**
 * The namespace of the only SriovOperatorConfig named `default`, which is the operator's. Nothing when there are
 * several, or none.
 */
function findOperatorNamespace({ objects }: ReadObjects): string | undefined {
  const configs = objects.filter(
    ({ object }) => object.kind === SRIOV_OPERATOR_CONFIG.kind && object.metadata.name === DEFAULT_OPERATOR_CONFIG_NAME,
  );
  const namespaces = new Set(configs.map(({ object }) => object.metadata.namespace));
  return namespaces.size === 1 ? [...namespaces][0] : undefined;
}

function movedNote(namespace: string): string {
  return `the namespace of the operator is taken for ${namespace}, where the SriovOperatorConfig stands (--operator-namespace says otherwise)`;
}

function formatFault({ place, message }: Fault): string {
  return `${formatPlace(place)}: ${message}`;
}

function ignoredNotes(ignored: ReadonlyMap<string, number>): string[] {
  const kinds = [...ignored].map(([kind, count]) => (count === 1 ? kind : `${kind} (${count})`));
  return kinds.length === 0 ? [] : [`objects of other kinds are ignored: ${kinds.join(', ')}`];
}

/**
 * Notes on unknown fields. None for node states: services write those, and a service may be newer than this program.
 */
function unknownFieldNotes({ place, object, unknownFields }: InputObject): string[] {
  if (object.kind === SRIOV_NETWORK_NODE_STATE.kind || unknownFields.length === 0) return [];
  const [what, them] = unknownFields.length === 1 ? ['field', 'it'] : ['such fields as', 'them'];
  return [
    `${formatPlace(place)}: ${object.kind} ${object.metadata.name} has no ${what} ${unknownFields.join(', ')}: the API server drops ${them}`,
  ];
}
