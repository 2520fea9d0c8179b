import { type OvsdbOperation, type OvsdbRow } from './ovsdb.ts';

/** Reads columns of all rows of a table. */
export function select(table: string, columns: readonly string[]): OvsdbOperation {
  return { op: 'select', table, where: [], columns };
}

/** Changes single elements of columns in the rows that the conditions hold for; in all rows where there are none. */
export function mutate(table: string, rows: readonly unknown[], mutations: readonly unknown[]): OvsdbOperation {
  return { op: 'mutate', table, where: rows, mutations };
}

/** Sets columns of the row with the name; nothing where there are no columns. */
export function update(table: string, name: string, row: OvsdbRow): OvsdbOperation[] {
  return Object.keys(row).length === 0 ? [] : [{ op: 'update', table, where: where('name', name), row }];
}

/** The value of an optional column that has none. */
export const NONE = ['set', []];

/** The condition that a column has the value. */
export const where = (column: string, value: string): unknown[] => [[column, '==', value]];

/** Refers to a row that the same transaction inserts under the id. */
export const named = (id: string): unknown => ['named-uuid', id];

/** A set of references to rows. */
export const references = (ids: readonly string[]): unknown => ['set', ids.map((id) => ['uuid', id])];

/** A column that maps texts to texts. */
export type StringMap = Readonly<Record<string, string>>;

/** The value of such a column. */
export const mapOf = (values: StringMap = {}): unknown => ['map', Object.entries(values)];
