import { type Machine, type Pf } from './machine.ts';
import { handleUdevEvent } from '../udev/events.ts';
import { nextRandomMac } from './numbers.ts';

/** IFNAMSIZ of Linux without the byte at its end. */
const LONGEST_NAME = 15;

/**
 * Gives each VF of a PF in switchdev mode its representor, an interface of the PF's own device
 * (Documentation/networking/representors.rst). Those that are there stay.
 */
export function addRepresentors(machine: Machine, { address, state }: Pf): void {
  if (state.eSwitchMode !== 'switchdev') return;
  const links = Object.values(machine.state.links).filter(({ device }) => device === address);
  state.vfs.forEach((vf, index) => {
    if (vf === null || links.some(({ representedVf }) => representedVf === index)) return;
    const name = nameOf(machine, address, index);
    machine.state.links[name] = {
      ifindex: machine.state.nextIfindex,
      device: address,
      mac: nextRandomMac(machine.state),
      isRandomMac: true,
      mtu: 1500,
      up: false,
      altNames: [],
      carrierChanges: 1,
      representedVf: index,
    };
    machine.state.nextIfindex += 1;
    handleUdevEvent(machine, name, 'add');
  });
  machine.changed({ kind: 'link' });
}

/** Takes the representors of a PF away, wherever they are. */
export function removeRepresentors(machine: Machine, { address }: Pf): void {
  const { links } = machine.state;
  const own = Object.entries(links).filter(
    ([, { device, representedVf }]) => device === address && representedVf !== undefined,
  );
  for (const [name] of own) delete links[name];
  if (own.length > 0) machine.changed({ kind: 'link' });
}

/** Name of the port of a VF, as devlink makes it up (devlink_port_phys_port_name_get in net/devlink/port.c). */
export function portOfVf(address: string, index: number): string {
  return `pf${address.split('.')[1]}vf${index}`;
}

/** What udev makes of the name of the port (systemd.net-naming-scheme); a name that is too long stays the kernel's. */
function nameOf(machine: Machine, address: string, index: number): string {
  const pfName = machine.pf(address).state.linkName.replace(/np\d+$/, '');
  const name = `${pfName}n${portOfVf(address, index)}`;
  if (name.length <= LONGEST_NAME) return name;
  let number = 0;
  while (machine.state.links[`eth${number}`]) number += 1;
  return `eth${number}`;
}
