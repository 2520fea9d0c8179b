import { modelOf } from '../models/index.ts';
import { type CardFirmware, type FirmwareSettings, type MachineState } from '../state.ts';
import { type World, type WorldNic } from '../world.ts';
import { interfaceAddress } from './infiniband.ts';
import { type Machine } from './machine.ts';

/** The card of a port: its PCI address without the number of the function. Its ports share their firmware. */
export function cardAddress(pciAddress: string): string {
  return pciAddress.slice(0, -1);
}

/** What the running firmware of a card has, and what it has after its next start; nothing where there is no such card. */
export function firmwareOf(
  { world, state }: Machine,
  pciAddress: string,
): { readonly current: FirmwareSettings; readonly next: FirmwareSettings; readonly first: WorldNic } | undefined {
  const ports = world.nics.filter(({ address }) => cardAddress(address) === cardAddress(pciAddress));
  const [first] = ports;
  if (first === undefined || state.devices[pciAddress] === undefined) return undefined;
  const { running, next } = state.firmware?.[cardAddress(pciAddress)] ?? {};
  const current = { ...settingsOf(ports), ...running };
  return { current, next: { ...current, ...next }, first };
}

function settingsOf(ports: readonly WorldNic[]): FirmwareSettings {
  const [first, second] = ports;
  const total = Math.max(...ports.map(({ totalVfs, model }) => totalVfs ?? modelOf(model).sriov?.totalVfs[0] ?? 0));
  return {
    numOfVfs: total,
    sriovEnabled: first?.firmware.sriovEnabled ?? true,
    ...(first && { linkType1: first.linkType }),
    ...(second && { linkType2: second.linkType }),
  };
}

/** Writes settings that the firmware has after its next start. */
export function planFirmware(machine: Machine, pciAddress: string, settings: FirmwareSettings): void {
  const card = entryOf(machine.state, cardAddress(pciAddress));
  card.next = { ...card.next, ...settings };
}

/** The firmware starts anew. The host learns of it when it boots. */
export function startFirmware(machine: Machine, pciAddress: string): void {
  const card = entryOf(machine.state, cardAddress(pciAddress));
  card.running = { ...card.running, ...card.next };
  delete card.next;
}

/** At a start of the host most firmware takes over what it was told; some needs a start of its own, and some forgets it. */
export function bootFirmware(machine: Machine): void {
  for (const { address, firmware } of machine.world.nics) {
    const card = machine.state.firmware?.[cardAddress(address)];
    if (card === undefined || firmware.atBoot === 'keeps') continue;
    if (firmware.atBoot === 'forgets') delete card.next;
    else startFirmware(machine, address);
  }
}

/** The world with the settings that its firmware runs with. */
export function withFirmware(world: World, { firmware }: Pick<MachineState, 'firmware'>): World {
  if (firmware === undefined) return world;
  return { ...world, nics: world.nics.map((nic) => withSettings(nic, firmware[cardAddress(nic.address)]?.running)) };
}

function withSettings(nic: WorldNic, running: FirmwareSettings = {}): WorldNic {
  const { numOfVfs = nic.totalVfs, sriovEnabled = nic.firmware.sriovEnabled } = running;
  const linkType = (nic.address.endsWith('.1') ? running.linkType2 : running.linkType1) ?? nic.linkType;
  const told = { ...nic, totalVfs: numOfVfs, linkType, firmware: { ...nic.firmware, sriovEnabled } };
  return linkType === nic.linkType ? told : { ...told, mac: otherAddress(nic) };
}

/** An InfiniBand port makes its GUID from the MAC address of the card (EUI-64), and the other way round. */
function otherAddress({ mac, linkType }: WorldNic): string {
  const octets = mac.split(':').slice(-8);
  if (linkType === 'IB') return [...octets.slice(0, 3), ...octets.slice(5)].join(':');
  return interfaceAddress(0, [...octets.slice(0, 3), 'ff', 'fe', ...octets.slice(3)].join(':'));
}

function entryOf(state: MachineState, card: string): CardFirmware {
  return ((state.firmware ??= {})[card] ??= {});
}
