import { omitUndefined } from '@sriov/api';
import { type ObservedBridge, type ObservedPort, type ObservedPortInterface } from '@sriov/observed-host';
import { z } from 'zod';
import { type Kernel } from '../kernel/kernel.ts';
import { OVSDB_VALUE, readRow, transact } from './ovsdb.ts';
import { select } from './ovsdb-operations.ts';

const { uuid, uuids, map, optionalText, optionalInteger } = OVSDB_VALUE;

/**
 * The external id of bridges that the operator has made: in the same transaction as the bridge, so that whoever dies,
 * nobody takes a bridge of the same name for it.
 */
export const MARK = { key: 'sriovnetwork.openshift.io/made-by', value: 'sriov-network-config-daemon' };

const bridgeRow = z.object({
  _uuid: uuid,
  name: z.string(),
  datapath_type: z.string(),
  fail_mode: optionalText,
  external_ids: map,
  other_config: map,
  ports: uuids,
});
const portRow = z.object({ _uuid: uuid, name: z.string(), interfaces: uuids });
const interfaceRow = z.object({
  _uuid: uuid,
  name: z.string(),
  type: z.string(),
  options: map,
  external_ids: map,
  other_config: map,
  mtu_request: optionalInteger,
  ofport: optionalInteger,
  error: optionalText,
});

/** A row of the table of bridges. */
export type BridgeRow = z.output<typeof bridgeRow>;

/** A row of the table of ports. */
export type PortRow = z.output<typeof portRow>;

/** The bridges, each with its row. */
export interface BridgeTable {
  readonly rows: ReadonlyMap<string, BridgeRow>;
  /** Rows of ports by their reference. */
  readonly ports: ReadonlyMap<string, PortRow>;
  readonly bridges: readonly ObservedBridge[];
}

/** Reads all bridges with their ports. @throws {KernelError} {@link OvsdbError} */
export async function readTable(kernel: Kernel): Promise<BridgeTable> {
  const [bridges = [], ports = [], interfaces = []] = await transact(kernel, [
    select('Bridge', Object.keys(bridgeRow.shape)),
    select('Port', Object.keys(portRow.shape)),
    select('Interface', Object.keys(interfaceRow.shape)),
  ]);
  const portRows = byReference(ports.map((row) => readRow(portRow, row)));
  const interfaceRows = byReference(interfaces.map((row) => readRow(interfaceRow, row)));
  const rows = bridges.map((row) => readRow(bridgeRow, row)).sort(byName);
  const portsOf = (references: readonly string[]): ObservedPort[] =>
    references.flatMap((reference) => portRows.get(reference) ?? []).map((row) => observePort(row, interfaceRows));
  return {
    rows: new Map(rows.map((row) => [row.name, row])),
    ports: portRows,
    bridges: rows.map((row) => observeBridge(row, portsOf(row.ports).sort(byName))),
  };
}

function observeBridge(row: BridgeRow, ports: readonly ObservedPort[]): ObservedBridge {
  const { [MARK.key]: mark, ...externalIDs } = row.external_ids;
  return omitUndefined({
    name: row.name,
    datapathType: row.datapath_type,
    failMode: row.fail_mode,
    externalIDs,
    otherConfig: row.other_config,
    isMarked: mark === MARK.value ? (true as const) : undefined,
    ports,
  });
}

function byReference<T extends { readonly _uuid: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row._uuid, row]));
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

function observePort(
  { name, interfaces }: PortRow,
  rows: ReadonlyMap<string, z.output<typeof interfaceRow>>,
): ObservedPort {
  return { name, interfaces: interfaces.flatMap((each) => rows.get(each) ?? []).map(observePortInterface) };
}

function observePortInterface(row: z.output<typeof interfaceRow>): ObservedPortInterface {
  return omitUndefined({
    name: row.name,
    type: row.type,
    options: row.options,
    externalIDs: row.external_ids,
    otherConfig: row.other_config,
    mtuRequest: row.mtu_request,
    ofport: row.ofport,
    error: row.error || undefined,
  });
}

/** All bridges of Open vSwitch, by name. @throws {KernelError} {@link OvsdbError} */
export async function readBridges(kernel: Kernel): Promise<readonly ObservedBridge[]> {
  return (await readTable(kernel)).bridges;
}
