import { readdirSync, readFileSync } from 'node:fs';
import { type KubeObject, type NodeStateSpec } from '@sriov/api';
import { z } from 'zod';
import { readJson } from './read-json.ts';

/**
 * What upstream's own code (sriov-network-operator, commit 249e20012 of August 2026) wrote for inputs of a random
 * generator: node states, the bytes of the device-plugin configuration, attachments, verdicts of admission.
 */
export interface Vector {
  readonly supportedNicsOnly: boolean;
  readonly objects: readonly KubeObject[];
  readonly expected: {
    /** Managed nodes alone; empty objects are left out, and interfaces are in the order of their PCI addresses. */
    readonly nodes: Readonly<Record<string, ExpectedNode>>;
    readonly networks: readonly ExpectedNetwork[];
    /** The verdict on the creation of each object beside the others, and the defaults that it gets. */
    readonly admission: readonly (Identity & {
      readonly allowed: boolean;
      readonly patch: readonly unknown[];
    })[];
  };
}

/** What upstream wrote for a node. */
export interface ExpectedNode {
  readonly spec: NodeStateSpec;
  readonly devicePluginConfig: string;
  readonly devicePluginLabel: string;
}

interface Identity {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What upstream rendered of a network. */
export interface ExpectedNetwork extends Identity {
  /** Nothing is rendered. */
  readonly refused?: true;
  readonly attachment?: {
    readonly namespace: string;
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
    readonly config: string;
  };
}

/** Namespace of the operator in the vectors. */
export const VECTOR_NAMESPACE = 'sriov-system';

const FOLDER = new URL('./upstream-vectors/', import.meta.url);

const partsSchema = z.object({
  supportedNicsOnly: z.boolean(),
  objects: z.array(z.looseObject({ kind: z.string() })),
  expected: z.object({
    nodes: z.record(z.string(), z.unknown()),
    networks: z.array(z.unknown()),
    admission: z.array(z.unknown()),
  }),
});

/** The files are ours and checked in: a file that has the parts of a vector is one. */
const vectorSchema = z.custom<Vector>((value) => partsSchema.safeParse(value).success);

/** The vectors by the names of their inputs. */
export const VECTORS: readonly (readonly [string, Vector])[] = readdirSync(FOLDER).map((file) => [
  file.replace('.json', ''),
  readJson(vectorSchema, readFileSync(new URL(file, FOLDER), 'utf8')),
]);

/** The objects of a kind that upstream was given. */
export const ofKind = <T extends KubeObject>({ objects }: Vector, kind: string): T[] =>
  objects.filter((object) => object.kind === kind) as T[];

/** One of these objects. */
export const findObject = <T extends KubeObject>(
  vector: Vector,
  kind: string,
  name: string,
  among = ofKind<T>,
): T | undefined => among(vector, kind).find(({ metadata }) => metadata.name === name);

/** `data` of the ConfigMap with the list of NICs. */
export const nicListOf = (vector: Vector): Record<string, string> | undefined =>
  findObject<KubeObject & { data: Record<string, string> }>(vector, 'ConfigMap', 'supported-nic-ids')?.data;

/** Those of the rows that docs/differences.md does not have, by their first cell. */
export function missingRows(rows: readonly string[]): string[] {
  const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8');
  return rows.filter((row) => !page.includes(`| ${row} `));
}
