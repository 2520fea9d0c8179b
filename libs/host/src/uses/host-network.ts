import { omitUndefined } from '@sriov/api';
import { type DeviceUse } from '@sriov/observed-host';
import { z } from 'zod';
import { runJson } from '../kernel/commands.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { type Link, listLinks } from '../drivers/links.ts';

/**
 * What stands on the network interfaces of the host's namespace, from one dump each of its interfaces, its addresses
 * and its routes.
 */
export class HostNetwork {
  readonly #kernel: Kernel;
  readonly #addresses: ReadonlyMap<string, readonly string[]>;
  /** Destinations by the interface. */
  readonly #routes: ReadonlyMap<string, readonly string[]>;
  #links: LinkIndex;
  #refreshing: Promise<void> | undefined;

  private constructor(
    kernel: Kernel,
    facts: { links: LinkIndex; addresses: Addresses; routes: ReadonlyMap<string, readonly string[]> },
  ) {
    this.#kernel = kernel;
    this.#links = facts.links;
    this.#addresses = facts.addresses;
    this.#routes = facts.routes;
  }

  /** @throws {CommandError} {@link KernelError}: without a list of the interfaces nothing can be said about the host */
  static async read(kernel: Kernel): Promise<HostNetwork> {
    const links = indexLinks(await listLinks(kernel));
    const [addresses, routes] = await Promise.all([readAddresses(kernel), readRoutes(kernel)]);
    return new HostNetwork(kernel, { links, addresses, routes: byInterface(routes) });
  }

  /** Counts the dumps of interfaces. */
  get version(): number {
    return this.#links.version;
  }

  /** The interface of this name, in the dump that counts now. */
  named(name: string): Link | undefined {
    return this.#links.byName.get(name);
  }

  /** All names and alternative names of interfaces. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#links.byName.values()].flatMap(({ name, altNames }) => [name, ...altNames]));
  }

  /** Interfaces that `ip` itself assigns to this PCI device. */
  ofDevice(pciAddress: string): readonly Link[] {
    return this.#links.byDevice.get(pciAddress) ?? [];
  }

  /** Lists the interfaces again, once for all callers that missed one in the dump of this version. */
  async refresh(version: number): Promise<void> {
    if (version !== this.version) return;
    this.#refreshing ??= listLinks(this.#kernel).then((links) => {
      this.#links = indexLinks(links, version + 1);
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  /** All that the host does with an interface. `uppers` are interfaces on top of it that sysfs tells of. */
  usesOf(link: Link, uppers: readonly string[] = []): DeviceUse[] {
    const { name, index, master } = link;
    const own = (key: string): readonly string[] => this.#addresses.get(key) ?? [];
    const routes = (this.#routes.get(name) ?? []).filter((dst) => dst !== DEFAULT);
    const carried = this.#links.uppers.get(name) ?? [];
    const others = uppers.filter((upper) => upper !== master && !carried.some((each) => each.name === upper));
    return [
      ...(this.#carriers().has(name) ? [{ kind: 'default-route' } as const] : []),
      ...(master === undefined ? [] : [{ kind: 'part-of', master } as const]),
      ...carried.map(({ name: upper, type }) => omitUndefined({ kind: 'carries', name: upper, type } as const)),
      ...others.map((upper) => ({ kind: 'carries', name: upper }) as const),
      ...[...new Set([...own(name), ...own(String(index))])].map((address) => ({ kind: 'address', address }) as const),
      ...routes.map((destination) => ({ kind: 'route', destination }) as const),
    ];
  }

  /** Interfaces that carry a default route, and those that these stand on or consist of. */
  #carriers(): ReadonlySet<string> {
    this.#links.carriers ??= findCarriers(this.#links, this.#routes);
    return this.#links.carriers;
  }
}

function findCarriers({ links }: LinkIndex, routes: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const carriers = new Set([...routes].flatMap(([dev, destinations]) => (destinations.includes(DEFAULT) ? [dev] : [])));
  // The loop also visits what is added to the set while it runs.
  for (const carrier of carriers) {
    for (const { name, lowers, master } of links) {
      if (name === carrier) lowers.forEach((lower) => carriers.add(lower));
      if (master === carrier) carriers.add(name);
    }
  }
  return carriers;
}

const DEFAULT = 'default';

function byInterface(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const destinations = new Map<string, Set<string>>();
  for (const { dev, dst } of routes) destinations.set(dev, (destinations.get(dev) ?? new Set()).add(dst));
  return new Map([...destinations].map(([dev, all]) => [dev, [...all]]));
}

interface LinkIndex {
  readonly version: number;
  readonly links: readonly Link[];
  readonly byName: ReadonlyMap<string, Link>;
  readonly byDevice: ReadonlyMap<string, readonly Link[]>;
  /** By the name of the interface that they stand on. */
  readonly uppers: ReadonlyMap<string, readonly Link[]>;
  /** Interfaces that carry a default route, once they are asked for. */
  carriers?: ReadonlySet<string>;
}

function indexLinks(told: readonly Link[], version = 0): LinkIndex {
  const byDevice = new Map<string, Link[]>();
  const uppers = new Map<string, Link[]>();
  const add = (map: Map<string, Link[]>, key: string, link: Link): void => {
    map.set(key, [...(map.get(key) ?? []), link]);
  };
  const names = new Map(told.map(({ index, name }) => [`if${index}`, name]));
  const byName = new Map(told.map((link) => [link.name, link]));
  const nameOf = (lower: string): string => (byName.has(lower) ? lower : (names.get(lower) ?? lower));
  const links = told.map((link) => ({ ...link, lowers: link.lowers.map(nameOf) }));
  for (const link of links) {
    if (link.pciAddress !== undefined) add(byDevice, link.pciAddress, link);
    for (const lower of link.lowers) add(uppers, lower, link);
  }
  return { version, links, byName: new Map(links.map((link) => [link.name, link])), byDevice, uppers };
}

/** Addresses with their prefix lengths, by the index of the interface as text, and by its name. */
type Addresses = ReadonlyMap<string, readonly string[]>;

const addressRows = z.array(
  z.object({
    ifindex: z.number().optional(),
    ifname: z.string().optional(),
    addr_info: z
      .array(
        z.object({
          local: z.string().optional(),
          address: z.string().optional(),
          prefixlen: z.number().optional(),
        }),
      )
      .default([]),
  }),
);

/** The kernel gives each interface that is up such an address by itself. */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/i;

async function readAddresses(kernel: Kernel): Promise<Addresses> {
  const rows = await runJson(kernel, ['ip', '-j', 'addr', 'show'], addressRows);
  const entries = rows.flatMap(({ ifindex, ifname, addr_info }) => {
    const texts = addr_info
      .map(({ local, address, prefixlen }) => `${local ?? address ?? 'unknown'}/${prefixlen ?? '?'}`)
      .filter((text) => !LINK_LOCAL.test(text));
    return [ifindex, ifname].flatMap((key) => (key === undefined ? [] : [[String(key), texts] as const]));
  });
  return new Map(entries.filter(([, texts]) => texts.length > 0));
}

interface Route {
  readonly dev: string;
  /** `default`, or an address with the length of its prefix. */
  readonly dst: string;
}

const routeRows = z.array(
  z.object({
    type: z.string().default('unicast'),
    dst: z.string().default('unknown'),
    dev: z.string().optional(),
    table: z.union([z.string(), z.number()]).default('main'),
    protocol: z.string().optional(),
    nhid: z.number().optional(),
    nexthops: z.array(z.object({ dev: z.string().optional() })).default([]),
  }),
);
const nextHopRows = z.array(z.object({ id: z.number(), dev: z.string().optional() }));

/** Routes of all tables through an interface, but those that the kernel makes for each address by itself. */
async function readRoutes(kernel: Kernel): Promise<Route[]> {
  const tables = await Promise.all([
    runJson(kernel, ['ip', '-j', '-4', 'route', 'show', 'table', 'all'], routeRows),
    runJson(kernel, ['ip', '-j', '-6', 'route', 'show', 'table', 'all'], routeRows),
  ]);
  const rows = tables.flat().filter((row) => !isKernelsOwn(row));
  const routes = rows.flatMap(({ dst, dev, nexthops }) =>
    [dev, ...nexthops.map((hop) => hop.dev)].flatMap((name) => (name === undefined ? [] : [{ dev: name, dst }])),
  );
  const isHidden = rows.some(({ nhid, dev, nexthops }) => nhid !== undefined && !dev && nexthops.length === 0);
  return isHidden ? [...routes, ...(await readNextHops(kernel))] : routes;
}

type RouteRow = z.output<typeof routeRows>[number];

function isKernelsOwn({ type, dst, table, protocol }: RouteRow): boolean {
  if (['local', 'broadcast', 'multicast', 'anycast'].includes(type) || String(table) === 'local') return true;
  return protocol === 'kernel' && dst !== 'default';
}

/** Routes can name a next hop by number instead of an interface. */
async function readNextHops(kernel: Kernel): Promise<Route[]> {
  const rows = await runJson(kernel, ['ip', '-j', 'nexthop', 'show'], nextHopRows);
  return rows.flatMap(({ id, dev }) => (dev === undefined ? [] : [{ dev, dst: `next hop ${id}` }]));
}
