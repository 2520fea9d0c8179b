import { SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { type Fault, formatPlace, readDocuments } from './documents.ts';
import { InputError } from './input-error.ts';
import { type InputObject, type ObjectDefaults, readObjects } from './objects.ts';
import { readSources, type SourceRequest, STANDARD_INPUT } from './sources.ts';

/** The objects of all files, and what should be said of them. */
export interface Input {
  /** In order of the files, and in them. */
  readonly objects: readonly InputObject[];
  readonly notes: readonly string[];
}

/**
 * Reads the objects of the files, as the API server would store them.
 * @throws {InputError} that names each file, document and line that cannot be read.
 */
export async function readInput(request: SourceRequest, defaults: ObjectDefaults): Promise<Input> {
  const sources = await readSources(request);
  const read = sources.map(readDocuments);
  const documents = read.flatMap((source) => source.documents);
  const { objects, ignored, faults } = readObjects(documents, defaults);
  const all = [...read.flatMap((source) => source.faults), ...faults];
  if (all.length > 0) throw new InputError(all.map(formatFault).join('\n'));
  if (documents.length === 0) {
    const names = request.paths.map((path) => (path === '-' ? STANDARD_INPUT : path));
    throw new InputError(`${names.join(', ')}: there are no objects in it`);
  }
  return { objects, notes: [...ignoredNotes(ignored), ...objects.flatMap(unknownFieldNotes)] };
}

function formatFault({ place, message }: Fault): string {
  return `${formatPlace(place)}: ${message}`;
}

function ignoredNotes(ignored: ReadonlyMap<string, number>): string[] {
  const kinds = [...ignored].map(([kind, count]) => (count === 1 ? kind : `${kind} (${count})`));
  return kinds.length === 0 ? [] : [`objects of other kinds are ignored: ${kinds.join(', ')}`];
}

/** Node states are written by services, of which one may be newer than this program. */
function unknownFieldNotes({ place, object, unknownFields }: InputObject): string[] {
  if (object.kind === SRIOV_NETWORK_NODE_STATE.kind || unknownFields.length === 0) return [];
  const [what, them] = unknownFields.length === 1 ? ['field', 'it'] : ['such fields as', 'them'];
  return [
    `${formatPlace(place)}: ${object.kind} ${object.metadata.name} has no ${what} ${unknownFields.join(', ')}: the API server drops ${them}`,
  ];
}
