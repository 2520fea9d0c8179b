import { type NodeStateSpec, type OvsBridge } from '@sriov/api';
import { HostKernel, type Kernel, readBridges } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { type TestOvs } from '@sriov/testing/ovs';

/** PCI address of the PF of {@link BridgedHost}, in switchdev mode, and the name of its bridge. */
export const SWITCH = '0000:10:00.0';
export const BRIDGE = 'br-0000_10_00.0';
export const UPLINK = 'ens1';

/** Where the sockets of Open vSwitch are. */
const OVS_FOLDER = '/run/openvswitch';

/** A simulated host with a PF in switchdev mode and 4 VFs, on which the real Open vSwitch runs. */
export class BridgedHost {
  readonly simulated: SimulatedKernel;
  readonly kernel: Kernel;
  readonly #ovs: HostKernel;

  private constructor(simulated: SimulatedKernel, ovs: TestOvs) {
    this.simulated = simulated;
    this.#ovs = new HostKernel({ hostRoot: ovs.root });
    this.kernel = {
      read: (path, options) => simulated.read(path, options),
      write: (path, value, options) => simulated.write(path, value, options),
      readlink: (path) => simulated.readlink(path),
      list: (path) => (path === OVS_FOLDER ? this.#ovs.list(path) : simulated.list(path)),
      exec: (command, args, options) => simulated.exec(command, args, options),
      call: (method, message, options) => simulated.call(method, message, options),
      watch: (source, onEvent, signal) => simulated.watch(source, onEvent, signal),
      callJson: async (method, params, options) => {
        try {
          return await this.#ovs.callJson(method, params, options);
        } finally {
          await this.#enslave();
        }
      },
    };
  }

  static async boot(ovs: TestOvs): Promise<BridgedHost> {
    const nics = [{ model: 'mlx5', address: SWITCH, name: UPLINK, mac: 'b8:59:9f:00:00:10', up: true }];
    const world = parseWorld({ latency: 'none', nics });
    const simulated = new SimulatedKernel({ world, clock: systemClock });
    await simulated.exec('devlink', ['dev', 'eswitch', 'set', `pci/${SWITCH}`, 'mode', 'switchdev']);
    await simulated.write(`/sys/bus/pci/devices/${SWITCH}/sriov_numvfs`, '4');
    return new BridgedHost(simulated, ovs);
  }

  /** The kernel's datapath is the master of each port that is an interface of the host. */
  async #enslave(): Promise<void> {
    const bridges = await readBridges(this.#ovs).catch(() => undefined);
    const link = this.simulated.state.links[UPLINK];
    if (bridges === undefined || link === undefined) return;
    const isPort = bridges.some(({ ports }) => ports.some(({ name }) => name === UPLINK));
    if (isPort) link.master = 'ovs-system';
    else delete link.master;
  }
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
