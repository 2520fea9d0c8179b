import { modelOf } from '../models/index.ts';
import { noPlugin } from '../plugin/plugin-state.ts';
import { type MachineState, type PfState } from '../state.ts';
import { type World, type WorldNic } from '../world.ts';
import { INFINIBAND_MTU } from './infiniband.ts';
import { allocateIrqs, lowestFree } from './numbers.ts';

/** Interface index 1 is the loopback interface. */
const FIRST_IFINDEX = 2;
/** IOMMU groups of bridges and other devices that no world lists. */
const FIRST_IOMMU_GROUP = 7;

/** The machine right after its boot: drivers of the ports bound, no VFs. */
export function bootState(world: World, commandLine = world.commandLine): MachineState {
  const drivers = world.nics.map(({ model }) => modelOf(model).pfDriver);
  const state: MachineState = {
    modules: [...new Set([...world.modules, ...drivers].map((name) => name.replaceAll('-', '_')))],
    devices: {},
    links: {},
    newIds: {},
    vfioHolders: {},
    ...(world.devicePlugin && { plugin: { ...noPlugin(), running: ['a'] } }),
    ...(world.udev && { udev: { isRunning: true, files: {}, rules: {}, lookedAt: 0 } }),
    ...(commandLine !== world.commandLine && { commandLine }),
    writes: 0,
    nextIfindex: FIRST_IFINDEX,
    nextMac: 1,
  };
  for (const nic of world.nics) addPort(state, world, nic);
  return state;
}

/** The command line of the running kernel. */
export function commandLineOf(world: World, { commandLine }: Pick<MachineState, 'commandLine'>): string {
  return commandLine ?? world.commandLine;
}

/** Whether the kernel drives an IOMMU. */
export function hasIommu(world: World, state: Pick<MachineState, 'commandLine'>): boolean {
  if (world.iommu !== 'on-request') return world.iommu;
  return commandLineOf(world, state).split(' ').includes('intel_iommu=on');
}

/** Puts a port into its slot and binds its driver. */
export function addPort(state: MachineState, world: World, nic: WorldNic): void {
  const model = modelOf(nic.model);
  const twins = world.nics.filter((other) => other.model === nic.model);
  state.devices[nic.address] = {
    model: nic.model,
    bridge: nic.bridge,
    driver: model.pfDriver,
    irqs: allocateIrqs(state, model.pfIrqs[0]),
    wasBound: true,
    pf: pfState(nic, twins.indexOf(nic)),
    ...(hasIommu(world, state) && { iommuGroup: nic.iommuGroup ?? freeIommuGroup(state) }),
  };
  addPfLink(state, nic);
}

/** The number that the next group gets. */
export function freeIommuGroup(state: MachineState): number {
  const groups = Object.values(state.devices).flatMap(({ iommuGroup }) => iommuGroup ?? []);
  return lowestFree(groups, FIRST_IOMMU_GROUP);
}

function pfState({ name, altNames, mac }: WorldNic, index: number): PfState {
  return { index, linkName: name, altNames, mac, autoprobe: true, eSwitchMode: 'legacy', vfs: [], vfSettings: [] };
}

function addPfLink(state: MachineState, nic: WorldNic): void {
  state.links[nic.name] = {
    ifindex: state.nextIfindex,
    device: nic.address,
    mac: nic.mac,
    isRandomMac: false,
    mtu: nic.linkType === 'IB' ? INFINIBAND_MTU : 1500,
    up: nic.up,
    altNames: nic.altNames,
    carrierChanges: 1,
    ...(nic.master !== undefined && { master: nic.master }),
  };
  state.nextIfindex += 1;
}
