import { type LinkState } from '../state.ts';
import { handleUdevEvent } from '../udev/events.ts';
import { INFINIBAND_MTU, interfaceAddress } from './infiniband.ts';
import { type Machine } from './machine.ts';
import { nextRandomMac } from './numbers.ts';

/** Gives a device whose kernel driver was just bound its network interface. */
export function addLink(machine: Machine, address: string): void {
  const { state } = machine;
  const { pf } = machine.device(address);
  const fixedMac = pf ? pf.mac : prescribedMac(machine, address);
  const link: LinkState = {
    ifindex: state.nextIfindex,
    device: address,
    mac: fixedMac || nextRandomMac(state),
    isRandomMac: !fixedMac,
    mtu: machine.infinibandPort(address) ? INFINIBAND_MTU : 1500,
    up: false,
    altNames: pf ? pf.altNames : [],
    carrierChanges: 1,
  };
  state.nextIfindex += 1;
  const name = pf ? pf.linkName : nameOfVf(machine, address);
  state.links[name] = link;
  handleUdevEvent(machine, name, 'add');
  machine.changed({ kind: 'link' });
}

/** The address that the PF prescribes for a VF; empty when it prescribes none, or does not answer the VF. */
function prescribedMac(machine: Machine, address: string): string {
  const place = machine.vfOf(address);
  if (!place) return '';
  const { pf, vf } = place;
  if (machine.infinibandPort(address)) return interfaceAddress(vf.index, pf.state.vfSettings[vf.index]?.portGuid);
  const answers = !pf.sriov.vfAsksPf || machine.ownLinksOf(pf.address).some(([, { up }]) => up);
  return answers ? (pf.state.vfSettings[vf.index]?.mac ?? '') : '';
}

/** What udev calls a VF's interface: the PF's name and `vN`; where names are the kernel's own, the next `ethN`. */
function nameOfVf(machine: Machine, address: string): string {
  const place = machine.vfOf(address);
  const pfName = place?.pf.state.linkName ?? '';
  if (place && !/^eth\d+$/.test(pfName)) return `${pfName.replace(/np\d+$/, '')}v${place.vf.index}`;
  let number = 0;
  while (machine.state.links[`eth${number}`]) number += 1;
  return `eth${number}`;
}

/** Takes the interfaces of a device away, wherever they are. */
export function removeLinks(machine: Machine, address: string): void {
  for (const [name, link] of Object.entries(machine.state.links)) {
    if (link.device === address) delete machine.state.links[name];
  }
  machine.changed({ kind: 'link' });
}

/** The interface is up and has a signal. */
export function hasCarrier({ up, isWithoutCarrier }: LinkState): boolean {
  return up && isWithoutCarrier !== true;
}

/** Sets an interface up or down. */
export function setLinkState(machine: Machine, link: LinkState, up: boolean): void {
  if (link.up === up) return;
  link.up = up;
  link.carrierChanges += 1;
  machine.changed({ kind: 'link' });
}

/** The interface loses its signal for a moment, as when its driver resets the device. */
export function bounceCarrier(machine: Machine, link: LinkState, ms: number): void {
  if (!link.up || ms === 0) return;
  // What happens to it while it has none only prolongs that.
  if (hasCarrier(link)) link.carrierChanges += 2;
  const isRealistic = machine.world.latency === 'realistic';
  if (isRealistic) link.isWithoutCarrier = true;
  machine.changed({ kind: 'link' });
  if (!isRealistic) return;
  const bounce = Symbol();
  machine.bounces.set(link, bounce);
  void machine.clock.sleep(ms).then(() => {
    if (machine.bounces.get(link) !== bounce) return;
    delete link.isWithoutCarrier;
    machine.changed({ kind: 'link' });
  });
}
