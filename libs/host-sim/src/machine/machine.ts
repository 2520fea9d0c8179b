import { type KernelEvent } from '@sriov/host';
import { modelOf } from '../models/index.ts';
import { type NicModel, type PciFacts, type SriovModel } from '../models/nic-model.ts';
import {
  type DeviceState,
  type LinkState,
  type MachineState,
  type PfState,
  type VdpaState,
  type VfState,
} from '../state.ts';
import { noPlugin, type PluginState } from '../plugin/plugin-state.ts';
import { Errno } from '../tree.ts';
import { nobody, type UsersState } from '../users-state.ts';
import { type World, type WorldNic } from '../world.ts';
import { withFirmware } from './firmware.ts';
import { Mutex } from './mutex.ts';
import { portOfVf } from './representors.ts';

/** Time as the simulated kernel sees it. */
export interface SimClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Ends early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A device that is known to be a PF with SR-IOV, with what belongs to it. */
export interface Pf {
  readonly address: string;
  readonly device: DeviceState;
  readonly state: PfState;
  readonly model: NicModel;
  readonly sriov: SriovModel;
  /** Routing ids between the PF and its first VF. */
  readonly vfOffset: number;
}

/** Largest MTU of an InfiniBand link (IB_MTU_4096), without the header of IPoIB (include/rdma/ib_verbs.h, ipoib.h). */
const INFINIBAND_MAX_MTU = 4092;

/** What a machine is made of, and who hears of it. */
interface MachineParts {
  readonly world: World;
  readonly state: MachineState;
  readonly clock: SimClock;
  readonly onSave: () => void;
  readonly onChange: (event: KernelEvent) => void;
}

/** A simulated machine: its world, its state, and what runs on it. */
export class Machine {
  /** The world with the settings that the firmware of its cards runs with. */
  world: World;
  /** The world as it was described. */
  readonly bornWorld: World;
  readonly state: MachineState;
  readonly clock: SimClock;
  readonly #onChange: (event: KernelEvent) => void;
  readonly #onSave: () => void;
  readonly #locks = new Map<string, Mutex>();
  /** Resolves when a holder lets go of a VF. Not part of the state: waiters do not survive the process. */
  readonly releases = new Map<string, (() => void)[]>();
  /**
   * The last time that a link lost its signal, until that has come back. Not part of the state: the next process gives
   * it back.
   */
  readonly bounces = new WeakMap<LinkState, symbol>();

  constructor(parts: MachineParts) {
    this.bornWorld = parts.world;
    this.world = withFirmware(parts.world, parts.state);
    this.state = parts.state;
    this.clock = parts.clock;
    this.#onSave = parts.onSave;
    this.#onChange = parts.onChange;
  }

  /** Whoever uses the devices besides the operator. */
  get users(): UsersState {
    return (this.state.users ??= nobody());
  }

  /** The operator's device plugin. */
  get plugin(): PluginState {
    return (this.state.plugin ??= noPlugin());
  }

  /** Saves an operation that has begun and that nobody sees yet, so that it continues after this process ends. */
  begun(): void {
    this.#onSave();
  }

  /** Reports a change, and thereby saves it. */
  changed(event: KernelEvent): void {
    this.#onChange(event);
  }

  /** Lets time pass as the real operation would, unless the world has none. */
  async take(ms: number): Promise<void> {
    if (this.world.latency === 'realistic' && ms > 0) await this.clock.sleep(ms);
  }

  /** The lock of a device, which the kernel holds during `sriov_numvfs` and while it binds and unbinds. */
  lockOf(address: string): Mutex {
    const present = this.#locks.get(address);
    if (present) return present;
    const fresh = new Mutex();
    this.#locks.set(address, fresh);
    return fresh;
  }

  /** @throws {Errno} `ENODEV` when there is no such device (any more). */
  device(address: string): DeviceState {
    const device = this.state.devices[address];
    if (!device) throw new Errno('ENODEV');
    return device;
  }

  model(address: string): NicModel {
    return modelOf(this.device(address).model);
  }

  /** @throws {Errno} `ENODEV` when the device is no PF with SR-IOV. */
  pf(address: string): Pf {
    const device = this.device(address);
    const model = modelOf(device.model);
    if (!device.pf || !model.sriov) throw new Errno('ENODEV');
    const told = this.world.nics.find((nic) => nic.address === address)?.vfOffset;
    const vfOffset = told ?? model.sriov.offset;
    return { address, device, state: device.pf, model, sriov: model.sriov, vfOffset };
  }

  /** A VF's place, and its PF. Nothing for other devices. */
  vfOf(address: string): { readonly vf: VfState; readonly pf: Pf } | undefined {
    const vf = this.device(address).vf;
    return vf && { vf, pf: this.pf(vf.pf) };
  }

  /** NUMA node, or -1: a VF is on the bus of its PF, and takes the node of that (drivers/pci/probe.c). */
  numaNode(address: string): number {
    const port = this.device(address).vf?.pf ?? address;
    return this.world.nics.find((nic) => nic.address === port)?.numaNode ?? -1;
  }

  /** The port of a PF or a VF, if it is in InfiniBand mode. */
  infinibandPort(address: string): WorldNic | undefined {
    const port = this.device(address).vf?.pf ?? address;
    const nic = this.world.nics.find((each) => each.address === port);
    return nic?.linkType === 'IB' ? nic : undefined;
  }

  /** Largest MTU of the interface of a device. */
  maxMtu(address: string): number {
    return this.infinibandPort(address) ? INFINIBAND_MAX_MTU : this.model(address).maxMtu;
  }

  /** What sysfs shows of the device and never changes. */
  facts(address: string): PciFacts {
    const { vf, model } = this.device(address);
    const { pf, sriov } = modelOf(model);
    return vf && sriov ? sriov.vf : pf;
  }

  /**
   * The device of another bus, such as `virtio0`, that a PCI function leads to; nothing for one that is itself a NIC.
   */
  innerDeviceOf(address: string): string | undefined {
    const { innerBus } = this.model(address);
    if (innerBus === undefined) return undefined;
    const alike = Object.keys(this.state.devices).filter((each) => this.model(each).innerBus === innerBus);
    return `${innerBus}${alike.sort().indexOf(address)}`;
  }

  /**
   * What an interface tells of its port: a name where the driver has an eSwitch (devlink gives it,
   * devlink_compat_phys_port_name_get), and the switch that it is part of in switchdev mode.
   */
  switchPort({ device, representedVf }: LinkState): { readonly portName?: string; readonly switchId?: string } {
    const { pf } = this.device(device);
    if (!pf || !this.model(device).eSwitch || this.infinibandPort(device)) return {};
    const portName = representedVf === undefined ? `p${device.split('.')[1]}` : portOfVf(device, representedVf);
    return pf.eSwitchMode === 'switchdev' ? { portName, switchId: pf.mac.replaceAll(':', '') } : { portName };
  }

  /** The interfaces of a device in the host's network namespace that represent no other function, with their names. */
  ownLinksOf(address: string): [string, LinkState][] {
    return this.hostLinksOf(address).filter(([, { representedVf }]) => representedVf === undefined);
  }

  /** The interfaces of a device in the host's network namespace, with their names. */
  hostLinksOf(address: string): [string, LinkState][] {
    return this.linksOf(address).filter(([, { namespace }]) => namespace === undefined);
  }

  /** The interfaces of a device in whatever namespace, with their names; not those of virtio on its vDPA devices. */
  linksOf(address: string): [string, LinkState][] {
    // Each of a thousand VFs is asked at each look: no pair is made for the interfaces of the others.
    const found: [string, LinkState][] = [];
    for (const name in this.state.links) {
      const link = this.state.links[name];
      if (link?.device === address && link.onVdpa === undefined) found.push([name, link]);
    }
    return found;
  }

  /** vDPA devices by name. */
  get vdpa(): Record<string, VdpaState> {
    return (this.state.vdpa ??= {});
  }

  /** Modules that are loaded, and those that are built into the kernel. */
  get modules(): readonly string[] {
    return [...this.state.modules, ...this.world.builtIn.map((name) => name.replaceAll('-', '_'))];
  }

  /** All interfaces of the host's network namespace. */
  hostLinks(): [string, LinkState][] {
    return Object.entries(this.state.links).filter(([, link]) => link.namespace === undefined);
  }

  /** The VF has the driver of its own kind, which makes a network interface. */
  isNetDriver(address: string): boolean {
    const { driver, vf, model } = this.device(address);
    const { pfDriver, sriov } = modelOf(model);
    return driver !== undefined && driver === (vf ? sriov?.vfDriver : pfDriver);
  }
}
