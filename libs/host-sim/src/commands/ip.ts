import { setLinkState } from '../machine/interfaces.ts';
import { type Machine } from '../machine/machine.ts';
import { type LinkState } from '../state.ts';
import { setLinkMtu } from '../sysfs/net-device.ts';
import { Errno } from '../tree.ts';
import { type Command, failed, printed } from './command.ts';
import { describeLink, describeVirtualLink } from './ip-link-show.ts';
import { Refused, setVf } from './ip-vf.ts';

/** `ip` of iproute2, as far as the drivers use it. Texts are those of version 6.15. */
export const ip: Command = {
  changes: (args) => ['set', 'property'].includes(wordsOf(args)[1] ?? ''),
  run(machine, args) {
    const [object = '', action = '', ...rest] = wordsOf(args);
    try {
      const verb = VERBS[`${object} ${action}`];
      return verb === undefined
        ? failed(255, `Object "${object}" is unknown, try "ip help".`)
        : printed(verb(machine, rest, args));
    } catch (error) {
      if (error instanceof Refused) return failed(error.exitCode, error.message);
      throw error;
    }
  },
};

/** What each object and action does with the words behind them, and prints. */
const VERBS: Readonly<Record<string, (machine: Machine, rest: readonly string[], args: readonly string[]) => string>> =
  {
    'link show': (machine, rest) => `${JSON.stringify(showLinks(machine, rest))}\n`,
    'link set': (machine, rest) => {
      setLink(machine, rest);
      return '';
    },
    'link property': (machine, rest) => {
      addAltName(machine, rest);
      return '';
    },
    'route show': (machine, _rest, args) => `${JSON.stringify(args.includes('-6') ? [] : routes(machine))}\n`,
    'addr show': (machine) => `${JSON.stringify(showAddresses(machine))}\n`,
  };

/**
 * The words behind the options, such as `-j`, which stand before the first of them: a name may begin with a dash too.
 */
function wordsOf(args: readonly string[]): string[] {
  const first = args.findIndex((arg) => !arg.startsWith('-'));
  return first === -1 ? [] : args.slice(first);
}

/** Every network namespace has it, as its first interface. What `ip -j -d link show` of iproute2 6.1 prints for it. */
const LOOPBACK = {
  ifindex: 1,
  ifname: 'lo',
  flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
  mtu: 65536,
  operstate: 'UNKNOWN',
  link_type: 'loopback',
  address: '00:00:00:00:00:00',
  broadcast: '00:00:00:00:00:00',
};

/** Its addresses, as systemd and container runtimes leave them. */
const LOOPBACK_ADDRESSES = {
  ifindex: 1,
  ifname: 'lo',
  addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
};

function showLinks(machine: Machine, rest: readonly string[]): object[] {
  const name = rest[0] === 'dev' ? rest[1] : rest[0];
  if (name === undefined) {
    const virtual = Object.entries(machine.users.links).map(([each, state]) => describeVirtualLink(each, state));
    return [LOOPBACK, ...machine.hostLinks().map(([each, state]) => describeLink(machine, each, state)), ...virtual];
  }
  return [describeLink(machine, ...findLink(machine, name))];
}

function findLink(machine: Machine, name: string): [string, LinkState] {
  const found = machine.hostLinks().find(([each, { altNames }]) => each === name || altNames.includes(name));
  if (!found) throw new Refused(1, `Device "${name}" does not exist.`);
  return found;
}

function setLink(machine: Machine, rest: readonly string[]): void {
  const words = rest[0] === 'dev' ? rest.slice(1) : [...rest];
  const [, state] = findLink(machine, words.shift() ?? '');
  if (words[0] === 'vf') setVf(machine, state, words.slice(1));
  else while (words.length > 0) setProperty(machine, state, words);
}

/** `ip link property add dev NAME altname NAME`; names of all kinds share one space (rtnl_alt_ifname, rtnetlink.c). */
function addAltName(machine: Machine, [action, , name = '', , altName = '']: readonly string[]): void {
  if (action !== 'add') throw new Refused(255, `Command "${action}" is unknown, try "ip link help".`);
  const [, state] = findLink(machine, name);
  const isTaken = machine.hostLinks().some(([each, { altNames }]) => each === altName || altNames.includes(altName));
  if (isTaken) throw new Refused(2, 'RTNETLINK answers: File exists');
  state.altNames = [...state.altNames, altName];
  machine.changed({ kind: 'link' });
}

/** Takes one property, and its value, from the front of `words`. */
function setProperty(machine: Machine, state: LinkState, words: string[]): void {
  const property = words.shift() ?? '';
  switch (property) {
    case 'up':
    case 'down':
      setLinkState(machine, state, property === 'up');
      return;
    case 'mtu':
      setMtu(machine, state, Number(words.shift()));
      return;
    default:
      throw new Refused(255, `Error: either "dev" is duplicate, or "${property}" is a garbage.`);
  }
}

function setMtu(machine: Machine, state: LinkState, mtu: number): void {
  // get_integer in lib/utils.c, and invarg.
  if (!Number.isInteger(mtu)) throw new Refused(255, `Error: argument "${mtu}" is wrong: Invalid "mtu" value`);
  try {
    setLinkMtu(machine, state, mtu);
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    const limit = mtu > machine.maxMtu(state.device) ? 'greater than device maximum' : 'less than device minimum';
    throw new Refused(2, `Error: mtu ${limit}.`);
  }
}

/** Routes of IPv4: the default one, and those that somebody has made. */
function routes({ world, state, users }: Machine): object[] {
  const { defaultRoute } = world;
  const own = users.routes.map(({ link, destination }) => ({ dst: destination, dev: link, scope: 'link', flags: [] }));
  if (defaultRoute === undefined || !state.links[defaultRoute]) return own;
  return [{ dst: 'default', gateway: '10.0.2.2', dev: defaultRoute, flags: [] }, ...own];
}

/** Rows of `ip -j addr show`: an interface that is up has a link-local address, which the kernel gave it. */
function showAddresses(machine: Machine): object[] {
  const rows = machine.hostLinks().map(([name, { ifindex, up }]) => {
    const own = machine.users.addresses.filter(({ link }) => link === name).map(({ address }) => address.split('/'));
    const told = own.map(([local = '', prefix]) => ({
      family: local.includes(':') ? 'inet6' : 'inet',
      local,
      prefixlen: Number(prefix),
      scope: 'global',
    }));
    const linkLocal = { family: 'inet6', local: `fe80::${ifindex}`, prefixlen: 64, scope: 'link' };
    return { ifindex, ifname: name, addr_info: [...told, ...(up ? [linkLocal] : [])] };
  });
  return [LOOPBACK_ADDRESSES, ...rows];
}
