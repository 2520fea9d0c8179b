import { type OvsBridge, type OvsInterfaceConfig } from '@sriov/api';
import { NotObservedError } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { type BridgeRow, type BridgeTable, MARK, type PortRow, readTable } from './ovs-bridge-table.ts';
import { changeAndWait } from './ovs-changes.ts';
import { OvsdbError, type OvsdbOperation, type OvsdbRow } from './ovsdb.ts';
import { mapOf, mutate, named, NONE, references, type StringMap, update, where } from './ovsdb-operations.ts';

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
  await changeAndWait(kernel, [
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
  await changeAndWait(kernel, [hasPortsOf(row), ...changesOf(work, present)]);
}

/** @param present the ports that it has */
function changesOf({ bridge, uplink, before }: BridgeChange, present: readonly PortRow[]): OvsdbOperation[] {
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
  work: { readonly uplink: string; readonly ports?: readonly string[] },
): Promise<void> {
  const { rows, ports } = await readTable(kernel);
  const row = rows.get(name);
  const reference = row?.ports.find((each) => ports.get(each)?.name === work.uplink);
  if (row === undefined || reference === undefined) return;
  if (work.ports !== undefined) demandNoOthers(row, ports, work.ports);
  await changeAndWait(kernel, [
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
  await changeAndWait(kernel, [
    hasPortsOf(row),
    mutate('Open_vSwitch', [], [['bridges', 'delete', references([row._uuid])]]),
  ]);
}

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

type Settings = NonNullable<OvsBridge['bridge']>;

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
