import { omitUndefined, type OvsBridge, type OvsInterfaceConfig } from '@sriov/api';
import { type ObservedBridge, type ObservedPort, type ObservedPortInterface } from '@sriov/observed-host';
import { z } from 'zod';
import { NotObservedError } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { OvsdbError, type OvsdbOperation, type OvsdbRow, OVSDB_VALUE, readRow, transact } from './ovsdb.ts';

const { uuid, uuids, map, optionalText, optionalInteger } = OVSDB_VALUE;

/** Longest wait for ovs-vswitchd to carry out what is in the database, in milliseconds. */
const CARRY_OUT_MS = 10_000;

/** Longest wait of a look for a change that somebody has just made, in milliseconds. */
const SETTLE_MS = 2_000;

/**
 * The external id of bridges that the operator has made: in the same transaction as the bridge, so that whoever dies,
 * nobody takes a bridge of the same name for it.
 */
const MARK = { key: 'sriovnetwork.openshift.io/made-by', value: 'sriov-network-config-daemon' };

/** What the server says of a condition that did not hold. */
const TIMED_OUT = 'timed out';

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

/** The bridges, each with its row. */
interface BridgeTable {
  readonly rows: ReadonlyMap<string, z.output<typeof bridgeRow>>;
  /** Rows of ports by their reference. */
  readonly ports: ReadonlyMap<string, z.output<typeof portRow>>;
  readonly bridges: readonly ObservedBridge[];
}

/** All bridges of Open vSwitch, by name. @throws {KernelError} {@link OvsdbError} */
export async function readBridges(kernel: Kernel): Promise<readonly ObservedBridge[]> {
  return (await readTable(kernel)).bridges;
}

async function readTable(kernel: Kernel): Promise<BridgeTable> {
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

function observeBridge(row: z.output<typeof bridgeRow>, ports: readonly ObservedPort[]): ObservedBridge {
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

function select(table: string, columns: readonly string[]): OvsdbOperation {
  return { op: 'select', table, where: [], columns };
}

function byReference<T extends { readonly _uuid: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row._uuid, row]));
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

function observePort(
  { name, interfaces }: z.output<typeof portRow>,
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

/** A bridge as it should be, and the name of the interface that is its uplink. */
export interface BridgeWork {
  readonly bridge: OvsBridge;
  readonly uplink: string;
}

/**
 * Makes a bridge with its own interface, its uplink and the mark of the operator, all at once or not at all.
 * @throws {OvsdbError} when there is a bridge of the name, or the uplink is part of another one; {@link KernelError}
 */
export async function makeBridge(kernel: Kernel, { bridge, uplink }: BridgeWork): Promise<void> {
  const { name, bridge: settings = {} } = bridge;
  await change(kernel, [
    ...insertPort(name, { type: 'internal' }, 'local'),
    ...insertPort(uplink, uplinkColumns(uplinkOf(bridge)), 'uplink'),
    {
      op: 'insert',
      table: 'Bridge',
      'uuid-name': 'bridge',
      row: {
        name,
        ...bridgeColumns(settings),
        external_ids: mapOf({ ...settings.externalIDs, [MARK.key]: MARK.value }),
        other_config: mapOf(settings.otherConfig),
        ports: ['set', [named('local_port'), named('uplink_port')]],
      },
    },
    mutate('Open_vSwitch', [], [['bridges', 'insert', named('bridge')]]),
  ]);
}

/** A bridge to be changed. */
export interface BridgeChange extends BridgeWork {
  /** What was wanted of it so far. */
  readonly before: OvsBridge;
  /** Names of the ports that it may have; absent where it may have any. */
  readonly ports?: readonly string[];
}

/**
 * Changes the settings of a bridge and of its uplink in place, and adds what it lacks. Only the settings and keys count
 * that are wanted, or were (`before`); an uplink of another name that was wanted goes.
 * @throws {OvsdbError} when it has a port that it may not have, or has got or lost one meanwhile; {@link KernelError}
 */
export async function changeBridge(kernel: Kernel, work: BridgeChange): Promise<void> {
  const { name } = work.bridge;
  const { rows, ports } = await readTable(kernel);
  const row = rows.get(name);
  if (row === undefined) throw new NotObservedError(`the bridge ${name} is gone`);
  if (work.ports !== undefined) demandNoOthers(row, ports, work.ports);
  const present = row.ports.flatMap((reference) => ports.get(reference) ?? []);
  await change(kernel, [hasPortsOf(row), ...changesOf(work, present)]);
}

/** @param present the ports that it has */
function changesOf(
  { bridge, uplink, before }: BridgeChange,
  present: readonly z.output<typeof portRow>[],
): OvsdbOperation[] {
  const { name, bridge: settings = {} } = bridge;
  const has = (port: string): boolean => present.some((each) => each.name === port);
  const former = (before.uplinks ?? []).map((each) => each.name).filter((each) => each !== uplink);
  const stale = present.filter((port) => former.includes(port.name)).map(({ _uuid }) => _uuid);
  return [
    ...update('Bridge', name, asked(bridgeColumns, settings, before.bridge ?? {})),
    ...mutateMaps('Bridge', name, [
      ['external_ids', settings.externalIDs, before.bridge?.externalIDs],
      ['other_config', settings.otherConfig, before.bridge?.otherConfig],
    ]),
    ...(stale.length > 0 ? [mutate('Bridge', where('name', name), [['ports', 'delete', references(stale)]])] : []),
    ...(has(name) ? [] : addPort(name, insertPort(name, { type: 'internal' }, 'local'), 'local')),
    ...(has(uplink)
      ? changeUplink(uplink, uplinkOf(bridge), uplinkOf(before))
      : addPort(name, insertPort(uplink, uplinkColumns(uplinkOf(bridge)), 'uplink'), 'uplink')),
  ];
}

/**
 * Takes the uplink out of a bridge; one that is not there, or a bridge that is gone, is fine.
 * @throws {OvsdbError} when the bridge has a port that it may not have, or has got or lost one meanwhile;
 * {@link KernelError}
 */
export async function detachUplink(
  kernel: Kernel,
  name: string,
  work: { readonly uplink: string; readonly ports: readonly string[] },
): Promise<void> {
  const { rows, ports } = await readTable(kernel);
  const row = rows.get(name);
  const reference = row?.ports.find((each) => ports.get(each)?.name === work.uplink);
  if (row === undefined || reference === undefined) return;
  demandNoOthers(row, ports, work.ports);
  await change(kernel, [
    hasPortsOf(row),
    mutate('Bridge', where('name', name), [['ports', 'delete', references([reference])]]),
  ]);
}

/**
 * Removes a bridge, with the ports that it is known to have; none of the name is fine.
 * @param known names of its ports @throws {OvsdbError} when it has another port; {@link KernelError}
 */
export async function removeBridge(kernel: Kernel, name: string, known: readonly string[]): Promise<void> {
  const { rows, ports } = await readTable(kernel);
  const row = rows.get(name);
  if (row === undefined) return;
  demandNoOthers(row, ports, known);
  await change(kernel, [hasPortsOf(row), mutate('Open_vSwitch', [], [['bridges', 'delete', references([row._uuid])]])]);
}

type BridgeRow = z.output<typeof bridgeRow>;

/** @throws {OvsdbError} when the bridge has a port that is not known */
function demandNoOthers(row: BridgeRow, ports: BridgeTable['ports'], known: readonly string[]): void {
  const others = row.ports.map((each) => ports.get(each)?.name ?? each).filter((each) => !known.includes(each));
  if (others.length > 0) throw new OvsdbError('in use', `the bridge ${row.name} has got the port ${others.join(', ')}`);
}

/** The condition that the bridge is there and has the ports that were seen. */
function hasPortsOf({ name, ports }: BridgeRow): OvsdbOperation {
  const rows = [{ ports: references(ports) }];
  return { op: 'wait', table: 'Bridge', timeout: 0, where: where('name', name), columns: ['ports'], until: '==', rows };
}

/** Changes the database, and waits until ovs-vswitchd has carried it out. */
async function change(kernel: Kernel, operations: readonly OvsdbOperation[]): Promise<void> {
  const results = await transact(kernel, [
    ...operations,
    mutate('Open_vSwitch', [], [['next_cfg', '+=', 1]]),
    select('Open_vSwitch', ['next_cfg']),
  ]).catch((cause: unknown) => {
    if (!(cause instanceof OvsdbError) || cause.error !== TIMED_OUT) throw cause;
    throw new OvsdbError(TIMED_OUT, 'the bridge has got or lost a port since it was looked at');
  });
  const { next_cfg: next } = readRow(z.object({ next_cfg: z.number() }), lastRow(results));
  if (await isCarriedOut(kernel, next, CARRY_OUT_MS)) return;
  const message = `the change is in the database of Open vSwitch, and ovs-vswitchd has not carried it out after ${CARRY_OUT_MS / 1000} s: see whether it runs`;
  throw new NotObservedError(message);
}

/**
 * Why the last change of the database is not carried out, after a moment in which it should have been: a sentence
 * without a full stop; nothing when it is. @throws {KernelError} {@link OvsdbError}
 */
export async function findUndoneChange(kernel: Kernel): Promise<string | undefined> {
  const [[row = {}] = []] = await transact(kernel, [select('Open_vSwitch', ['cur_cfg', 'next_cfg'])]);
  const { cur_cfg: done, next_cfg: next } = readRow(z.object({ cur_cfg: z.number(), next_cfg: z.number() }), row);
  if (done >= next || (await isCarriedOut(kernel, next, SETTLE_MS))) return undefined;
  return `the change ${next} of the database (next_cfg) is not carried out, and was waited for ${SETTLE_MS / 1000} s`;
}

/** Waits until ovs-vswitchd has carried out the change of this number. */
async function isCarriedOut(kernel: Kernel, change: number, timeout: number): Promise<boolean> {
  const behind = [['cur_cfg', '<', change]];
  const wait = { op: 'wait', timeout, table: 'Open_vSwitch', columns: ['cur_cfg'], where: behind };
  try {
    await transact(kernel, [{ ...wait, until: '==', rows: [] }], { deadlineMs: 2 * CARRY_OUT_MS });
    return true;
  } catch (cause) {
    if (cause instanceof OvsdbError && cause.error === TIMED_OUT) return false;
    throw cause;
  }
}

function lastRow(results: readonly (readonly OvsdbRow[])[]): OvsdbRow {
  return results.at(-1)?.[0] ?? {};
}

type Settings = NonNullable<OvsBridge['bridge']>;
type StringMap = Readonly<Record<string, string>>;

function uplinkOf({ uplinks = [] }: OvsBridge): OvsInterfaceConfig {
  return uplinks[0]?.interface ?? {};
}

function bridgeColumns({ datapathType = '', failMode }: Settings): OvsdbRow {
  return { datapath_type: datapathType, fail_mode: failMode ?? NONE };
}

function uplinkColumns(settings: OvsInterfaceConfig): OvsdbRow {
  const { options, externalIDs, otherConfig } = settings;
  const maps = { options: mapOf(options), external_ids: mapOf(externalIDs), other_config: mapOf(otherConfig) };
  return { ...plainColumns(settings), ...maps };
}

/** The columns of an uplink that are no maps. */
function plainColumns({ type = '', mtuRequest }: OvsInterfaceConfig): OvsdbRow {
  return { type, mtu_request: mtuRequest ?? NONE };
}

/** The columns of which something is wanted, or was. What the others say, nobody has asked for. */
function asked<S extends object>(columnsOf: (settings: Partial<S>) => OvsdbRow, wanted: S, before: S): OvsdbRow {
  const [unset, rows] = [columnsOf({}), [columnsOf(wanted), columnsOf(before)]];
  const isAsked = ([column]: readonly [string, unknown]): boolean => rows.some((row) => row[column] !== unset[column]);
  return Object.fromEntries(Object.entries(columnsOf(wanted)).filter(isAsked));
}

function update(table: string, name: string, row: OvsdbRow): OvsdbOperation[] {
  return Object.keys(row).length === 0 ? [] : [{ op: 'update', table, where: where('name', name), row }];
}

function changeUplink(name: string, wanted: OvsInterfaceConfig, before: OvsInterfaceConfig): OvsdbOperation[] {
  return [
    ...update('Interface', name, asked(plainColumns, wanted, before)),
    ...mutateMaps('Interface', name, [
      ['options', wanted.options, before.options],
      ['external_ids', wanted.externalIDs, before.externalIDs],
      ['other_config', wanted.otherConfig, before.otherConfig],
    ]),
  ];
}

/** Sets the keys that are wanted, and removes those that were; all others are somebody else's. */
function mutateMaps(
  table: string,
  name: string,
  columns: readonly (readonly [column: string, wanted: StringMap | undefined, before: StringMap | undefined])[],
): OvsdbOperation[] {
  const mutations = columns.flatMap(([column, wanted = {}, before = {}]) => {
    // A key that is there already is not replaced by an insertion.
    const keys = [...new Set([...Object.keys(before), ...Object.keys(wanted)])];
    return keys.length === 0
      ? []
      : [
          [column, 'delete', ['set', keys]],
          [column, 'insert', mapOf(wanted)],
        ];
  });
  return mutations.length === 0 ? [] : [mutate(table, where('name', name), mutations)];
}

function insertPort(name: string, row: OvsdbRow, id: string): OvsdbOperation[] {
  return [
    { op: 'insert', table: 'Interface', 'uuid-name': `${id}_interface`, row: { name, ...row } },
    { op: 'insert', table: 'Port', 'uuid-name': `${id}_port`, row: { name, interfaces: named(`${id}_interface`) } },
  ];
}

function addPort(bridge: string, port: readonly OvsdbOperation[], id: string): OvsdbOperation[] {
  return [...port, mutate('Bridge', where('name', bridge), [['ports', 'insert', named(`${id}_port`)]])];
}

function mutate(table: string, rows: readonly unknown[], mutations: readonly unknown[]): OvsdbOperation {
  return { op: 'mutate', table, where: rows, mutations };
}

const NONE = ['set', []];
const where = (column: string, value: string): unknown[] => [[column, '==', value]];
const named = (id: string): unknown => ['named-uuid', id];
const references = (ids: readonly string[]): unknown => ['set', ids.map((id) => ['uuid', id])];
const mapOf = (values: StringMap = {}): unknown => ['map', Object.entries(values)];
