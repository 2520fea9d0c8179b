import { z } from 'zod';
import { HostError } from '../kernel/host-error.ts';
import { type CallOptions, type Kernel, KernelError } from '../kernel/kernel.ts';
import { OVS_SOCKET } from '../kernel/ovs-sockets.ts';

const DATABASE = 'Open_vSwitch';

/** An operation of a transaction, as RFC 7047 section 5.2 writes it. */
export type OvsdbOperation = { readonly op: string } & Readonly<Record<string, unknown>>;

/** A row of a table, by column; its values are read with the schemas below. */
export type OvsdbRow = Readonly<Record<string, unknown>>;

/** The server has refused a transaction, of which nothing was done. */
export class OvsdbError extends HostError {
  override readonly name = 'OvsdbError';
  readonly code = 'OVSDB_REFUSED';
  /** What the server calls it, such as `constraint violation`, or `timed out` for a condition that did not hold. */
  readonly error: string;

  constructor(error: string, details: string | undefined) {
    super(`Open vSwitch refuses the transaction: ${error}${details === undefined ? '' : ` (${details})`}`);
    this.error = error;
  }
}

/** Operations after one that failed have no result. The commit itself can add a result of its own. */
const resultsSchema = z.array(
  z
    .object({
      error: z.string().nullish(),
      details: z.string().nullish(),
      rows: z.array(z.record(z.string(), z.unknown())).default([]),
    })
    .nullable(),
);

/**
 * Carries out operations as one transaction: all or none.
 * @returns the rows that each operation selected
 * @throws {OvsdbError} when the server refuses; {@link KernelError} when it does not answer
 */
export async function transact(
  kernel: Kernel,
  operations: readonly OvsdbOperation[],
  options: CallOptions = {},
): Promise<readonly (readonly OvsdbRow[])[]> {
  const call = { socket: OVS_SOCKET, method: 'transact' };
  const results = resultsSchema.safeParse(await kernel.callJson(call, [DATABASE, ...operations], options));
  if (!results.success || results.data.length < operations.length) throw notUnderstood('the results of a transaction');
  for (const result of results.data) {
    if (typeof result?.error === 'string') throw new OvsdbError(result.error, result.details ?? undefined);
  }
  return results.data.map((result) => result?.rows ?? []);
}

/** A row as the schema describes it. @throws {KernelError} `EPROTO` when it is different */
export function readRow<S extends z.ZodType>(schema: S, row: OvsdbRow): z.output<S> {
  const result = schema.safeParse(row);
  if (!result.success) throw notUnderstood('a row of a table');
  return result.data;
}

function notUnderstood(what: string): KernelError {
  const detail = `what came does not look like ${what} of Open vSwitch`;
  return new KernelError({ verb: 'call', path: `${OVS_SOCKET} transact`, code: 'EPROTO', detail });
}

const uuid = z.tuple([z.literal('uuid'), z.string()]).transform(([, text]) => text);

/** A set of one atom is most often written as the atom itself. */
const setOf = <T extends z.ZodType>(atom: T): z.ZodType<z.output<T>[]> =>
  z.union([
    z.tuple([z.literal('set'), z.array(atom)]).transform(([, atoms]) => atoms),
    atom.transform((one) => [one] as z.output<T>[]),
  ]);

const optional = <T extends z.ZodType>(atom: T): z.ZodType<z.output<T> | undefined> =>
  setOf(atom).transform((atoms) => atoms[0]);

/** How values of the columns are read: references, maps of texts, and texts and numbers that may be absent. */
export const OVSDB_VALUE = {
  uuid,
  uuids: setOf(uuid),
  map: z
    .tuple([z.literal('map'), z.array(z.tuple([z.string(), z.string()]))])
    .transform(([, pairs]): Record<string, string> => Object.fromEntries(pairs)),
  optionalText: optional(z.string()),
  optionalInteger: optional(z.number()),
};
