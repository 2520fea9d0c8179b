import { type NodeStateSpec, type OvsBridge } from '@sriov/api';
import { HostKernel, type Kernel, readBridges } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { type TestOvs } from '@sriov/testing/ovs';

/** PCI address of the PF of {@link bridgedHost}, in switchdev mode, and the name of its bridge. */
export const SWITCH = '0000:10:00.0';
export const BRIDGE = 'br-0000_10_00.0';
export const UPLINK = 'ens1';

/** Where the sockets of Open vSwitch are. */
const OVS_FOLDER = '/run/openvswitch';

/** The machine, on which the real Open vSwitch runs. */
export function withOvs(simulated: SimulatedKernel, ovs: TestOvs): Kernel {
  const real = new HostKernel({ hostRoot: ovs.root });
  return {
    read: (path, options) => simulated.read(path, options),
    write: (path, value, options) => simulated.write(path, value, options),
    readlink: (path) => simulated.readlink(path),
    list: (path) => (path === OVS_FOLDER ? real.list(path) : simulated.list(path)),
    exec: (command, args, options) => simulated.exec(command, args, options),
    call: (method, message, options) => simulated.call(method, message, options),
    watch: (source, onEvent, signal) => simulated.watch(source, onEvent, signal),
    callJson: async (method, params, options) => {
      try {
        return await real.callJson(method, params, options);
      } finally {
        if (changesOvs(JSON.stringify(params))) await enslave(simulated, real);
      }
    },
  };
}

/** Whether a call of the database, whose parameters are given as JSON, has an operation that changes something. */
export function changesOvs(params: string): boolean {
  return /"op":"(insert|update|mutate|delete)"/.test(params);
}

/** The kernel's datapath is the master of each port that is an interface of the host. */
async function enslave({ state }: SimulatedKernel, real: Kernel): Promise<void> {
  const bridges = await readBridges(real).catch(() => undefined);
  const ports = new Set(bridges?.flatMap((bridge) => bridge.ports.map(({ name }) => name)));
  for (const [name, link] of bridges === undefined ? [] : Object.entries(state.links)) {
    if (ports.has(name)) link.master = 'ovs-system';
    else delete link.master;
  }
}

/** Asks the database itself: a process of ovs-vsctl for each question costs more than all that is tested. */
function transact(ovs: TestOvs, ...operations: readonly object[]): Promise<unknown> {
  const method = { socket: `${OVS_FOLDER}/db.sock`, method: 'transact' };
  return new HostKernel({ hostRoot: ovs.root }).callJson(method, ['Open_vSwitch', ...operations]);
}

/** Removes all bridges. */
export async function clearOvs(ovs: TestOvs): Promise<void> {
  await transact(ovs, { op: 'update', table: 'Open_vSwitch', where: [], row: { bridges: ['set', []] } });
}

/** Bridges and interfaces as the database has them, a line each. */
export async function describeOvs(ovs: TestOvs): Promise<string[]> {
  const select = (table: string, ...columns: string[]): object => ({ op: 'select', table, where: [], columns });
  const answer = await transact(
    ovs,
    select('Bridge', 'name', 'datapath_type', 'fail_mode', 'external_ids', 'other_config'),
    select('Interface', 'name', 'type', 'options', 'external_ids', 'other_config', 'mtu_request'),
  );
  const tables = answer as readonly { readonly rows: readonly object[] }[];
  return tables.flatMap(({ rows }) => rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort());
}

/** A simulated host with a PF in switchdev mode and 4 VFs, on which the real Open vSwitch runs. */
export async function bridgedHost(ovs: TestOvs): Promise<Kernel> {
  const nics = [{ model: 'mlx5', address: SWITCH, name: UPLINK, mac: 'b8:59:9f:00:00:10', up: true }];
  const world = parseWorld({ latency: 'none', nics });
  const simulated = new SimulatedKernel({ world, clock: systemClock });
  await simulated.exec('devlink', ['dev', 'eswitch', 'set', `pci/${SWITCH}`, 'mode', 'switchdev']);
  await simulated.write(`/sys/bus/pci/devices/${SWITCH}/sriov_numvfs`, '4');
  return withOvs(simulated, ovs);
}

/** What the policy controller writes for a policy with a bridge. */
export function bridgedSpec(settings: OvsBridge['bridge'] = {}, numVfs = 4): NodeStateSpec {
  const uplinks = [{ pciAddress: SWITCH, name: UPLINK, interface: {} }];
  return { ...unbridgedSpec(numVfs), bridges: { ovs: [{ name: BRIDGE, bridge: settings, uplinks }] } };
}

/** The same without the bridge. */
export function unbridgedSpec(numVfs = 4): NodeStateSpec {
  return { interfaces: [{ pciAddress: SWITCH, name: UPLINK, numVfs, eSwitchMode: 'switchdev' }] };
}
