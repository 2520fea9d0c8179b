import { beforeEach, describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { HostNetwork } from './host-network.ts';

const LINKS = 'ip -j -d link show';
let kernel: TestKernel;

beforeEach(() => {
  kernel = new TestKernel({
    commands: {
      [LINKS]: '[{"ifname":"lo"}]',
      'ip -j addr show': '[{"ifname":"lo"}]',
      'ip -j -4 route show table all': '[]',
      'ip -j -6 route show table all': '[]',
    },
  });
});

const link = (ifname: string, rest: object = {}): object => ({
  ifname,
  flags: [],
  mtu: 1500,
  address: '02:00:00:00:00:01',
  link_type: 'ether',
  ...rest,
});
const has = (command: string, ...rows: object[]): void => void kernel.commands.set(command, JSON.stringify(rows));
const dumps = (): number => kernel.done.filter((line) => line === LINKS).length;
const usesOf = async (name: string, uppers?: readonly string[]): Promise<string[]> => {
  const network = await HostNetwork.read(kernel);
  const found = network.named(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return network.usesOf(found, uppers).map((use) => Object.values(use).join(' '));
};

describe('the interfaces of the host', () => {
  it('are found by name, and by the device where ip tells it', async () => {
    has(LINKS, link('a', { parentbus: 'pci', parentdev: '0000:01:00.0' }), link('b'));
    const network = await HostNetwork.read(kernel);
    expect(network.ofDevice('0000:01:00.0').map(({ name }) => name)).toEqual(['a']);
    expect([network.named('b')?.name, network.named('c'), network.ofDevice('0000:02:00.0')]).toEqual([
      'b',
      undefined,
      [],
    ]);
  });

  it('are listed again once for all who ask from the same dump', async () => {
    const network = await HostNetwork.read(kernel);
    has(LINKS, link('new'));
    await Promise.all([network.refresh(0), network.refresh(0)]);
    expect([network.version, dumps(), network.named('new')?.name]).toEqual([1, 2, 'new']);
    await network.refresh(0);
    expect(dumps()).toBe(2);
    await network.refresh(1);
    expect([network.version, dumps()]).toEqual([2, 3]);
  });
});

describe('the uses of an interface', () => {
  it('are in the order of what they mean', async () => {
    has(
      LINKS,
      link('a', { ifindex: 4, master: 'bond0' }),
      link('bond0'),
      link('a.7', { link: 'a', linkinfo: { info_kind: 'vlan' } }),
    );
    has('ip -j addr show', { ifindex: 4, ifname: 'a', addr_info: [{ local: '10.0.0.5', prefixlen: 24 }] });
    has('ip -j -4 route show table all', { dst: 'default', dev: 'bond0' }, { dst: '10.1.0.0/16', dev: 'a' });
    expect(await usesOf('a', ['bond0', 'a.7', 'ovs0'])).toEqual([
      'default-route',
      'part-of bond0',
      'carries a.7 vlan',
      'carries ovs0',
      'address 10.0.0.5/24',
      'route 10.1.0.0/16',
    ]);
  });

  it.each<[string, object[], string[]]>([
    ['an address of a peer', [{ address: '10.0.0.6', prefixlen: 32 }], ['address 10.0.0.6/32']],
    ['an address of which nothing is told', [{}], ['address unknown/?']],
    ['the link-local address that the kernel gives', [{ local: 'fe80::1', prefixlen: 64 }], []],
    [
      'an address that merely looks like a link-local one',
      [{ local: 'fec0::1', prefixlen: 64 }],
      ['address fec0::1/64'],
    ],
  ])('by %s', async (_, addr_info, expected) => {
    has(LINKS, link('a', { ifindex: 4 }));
    has('ip -j addr show', { ifname: 'a', addr_info });
    expect(await usesOf('a')).toEqual(expected);
  });

  it.each<[string, object, string[]]>([
    ['of a person', { dst: '10.1.0.0/16', dev: 'a' }, ['route 10.1.0.0/16']],
    ['without a destination', { dev: 'a' }, ['route unknown']],
    ['of one of several ways', { dst: '10.1.0.0/16', nexthops: [{ dev: 'b' }, { dev: 'a' }] }, ['route 10.1.0.0/16']],
    ['of another interface', { dst: '10.1.0.0/16', dev: 'b' }, []],
    ['that the kernel makes for an address', { dst: '10.0.0.0/24', dev: 'a', protocol: 'kernel' }, []],
    ['that the kernel makes as the default', { dst: 'default', dev: 'a', protocol: 'kernel' }, ['default-route']],
    ['to the host itself', { type: 'local', dst: '10.0.0.5', dev: 'a' }, []],
    ['of the local table', { dst: '10.0.0.5', dev: 'a', table: 'local' }, []],
    ['for multicast', { type: 'multicast', dst: 'ff00::/8', dev: 'a' }, []],
    ['for anycast', { type: 'anycast', dst: 'fd00::', dev: 'a' }, []],
    ['for broadcast', { type: 'broadcast', dst: '10.0.0.255', dev: 'a' }, []],
  ])('by a route %s', async (_, row, expected) => {
    has(LINKS, link('a'), link('b'));
    has('ip -j -6 route show table all', row);
    expect(await usesOf('a')).toEqual(expected);
  });

  it('do not name a route twice that two tables have', async () => {
    has(LINKS, link('a'));
    has('ip -j -4 route show table all', { dst: '10.1.0.0/16', dev: 'a' }, { dst: '10.1.0.0/16', dev: 'a', table: 7 });
    expect(await usesOf('a')).toEqual(['route 10.1.0.0/16']);
  });

  it('include next hops, which are listed only where a route hides its interface', async () => {
    has(LINKS, link('a'));
    has('ip -j nexthop show', { id: 9, dev: 'a' }, { id: 10 });
    has('ip -j -4 route show table all', { dst: '10.1.0.0/16', nhid: 9, dev: 'a' });
    expect(await usesOf('a')).toEqual(['route 10.1.0.0/16']);
    expect(kernel.done).not.toContain('ip -j nexthop show');
    has('ip -j -4 route show table all', { dst: '10.1.0.0/16', nhid: 9 });
    expect(await usesOf('a')).toEqual(['route next hop 9']);
  });

  it('include a default route that is reached through a bridge, a bond and a VLAN', async () => {
    has(
      LINKS,
      link('a', { master: 'bond0' }),
      link('bond0'),
      link('bond0.7', { link: 'bond0', master: 'br0' }),
      link('br0'),
      link('b'),
    );
    has('ip -j -4 route show table all', { dst: 'default', dev: 'br0' });
    expect(await usesOf('a')).toEqual(['default-route', 'part-of bond0']);
    expect(await usesOf('b')).toEqual([]);
  });
});
