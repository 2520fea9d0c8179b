import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, parseVfRange, rangeContains, type SriovNetworkNodePolicy } from '@sriov/api';
import { type HostPlan } from '@sriov/node-plan';
import { policy } from '@sriov/testing/objects';
import fc from 'fast-check';
import { type Followed, type Offer, SimulatedNode } from '../test/simulated-node.ts';

/** A port of the host. The ports are `ens1`, `ens2` and so on, at `0000:01:00.0`, `0000:02:00.0`. */
interface Port {
  readonly model: 'igb' | 'mlx5' | 'bnxt';
  readonly up?: boolean;
  /** How the host uses it. */
  readonly use?: 'none' | 'route' | 'bridge';
  /** VFs that somebody has made beforehand. */
  readonly vfs?: number;
  /** Most VFs that its firmware allows; igb knows no firmware. */
  readonly totalVfs?: number;
  /** The kernel refuses to make VFs on it. */
  readonly isBroken?: boolean;
}

type Specs = readonly Partial<NodePolicySpec>[];

const nameOf = (index: number): string => `ens${index + 1}`;
const addressOf = (index: number): string => `0000:0${index + 1}:00.0`;

async function nodeWith(ports: readonly Port[]): Promise<SimulatedNode> {
  const route = ports.findIndex(({ use }) => use === 'route');
  const node = new SimulatedNode({
    modules: ['igbvf'],
    ...(route !== -1 && { defaultRoute: nameOf(route) }),
    nics: ports.map(({ model, up = true, use, totalVfs = 16 }, index) => ({
      ...{ model, up, address: addressOf(index), bridge: `0000:00:1${index}.0`, name: nameOf(index) },
      ...{ altNames: [`alt${index + 1}`], mac: `52:54:00:aa:00:${index + 1}0`, numaNode: index % 2 },
      ...(model !== 'igb' && { totalVfs }),
      ...(use === 'bridge' && { master: 'br0' }),
    })),
  });
  for (const [index, { vfs = 0, isBroken = false }] of ports.entries()) {
    const path = `/sys/bus/pci/devices/${addressOf(index)}/sriov_numvfs`;
    // Not every driver makes VFs while its link is down.
    if (vfs > 0) await node.kernel.exec('ip', ['link', 'set', 'dev', nameOf(index), 'up']);
    if (vfs > 0) await node.kernel.write(path, `${vfs}`);
    if (isBroken) node.kernel.addFault({ verb: 'write', path, errno: 'EIO' });
  }
  return node;
}

/** The resource of each VF, by its PCI address, as the groups of the node state say. */
function groupsOf({ plan }: Followed, { devices }: Offer): Map<string, string> {
  const groups = new Map<string, string>();
  for (const { pciAddress, vfGroups = [] } of plan.spec.interfaces ?? []) {
    for (const { id, parent } of devices) {
      const group = vfGroups.find(({ vfRange = '' }) => {
        const range = parseVfRange(vfRange);
        return parent?.pciAddress === pciAddress && range.ok && rangeContains(range.value, parent.index ?? -1);
      });
      if (group?.resourceName) groups.set(id, `openshift.io/${group.resourceName}`);
    }
  }
  return groups;
}

/** Where a device is offered that should not be, or is not offered although it should; none is what the law wants. */
function breachesOf(policies: readonly SriovNetworkNodePolicy[], followed: Followed, offer: Offer): string[] {
  const offered = offer.pools.flatMap(({ resource, devices }) =>
    devices.filter(({ isHealthy }) => isHealthy).map(({ id }) => ({ id, resource: resource.name })),
  );
  const groups = groupsOf(followed, offer);
  return offer.devices.flatMap((device) => {
    const given = offered.filter(({ id }) => id === device.id).map(({ resource }) => resource);
    const allowed = allowedFor(device, { policies, followed, offer, group: groups.get(device.id) });
    const isRight =
      given.length === 0 ? allowed.has('nothing') : given.length === 1 && given.every((each) => allowed.has(each));
    const list = [...allowed].join(' or ');
    return isRight ? [] : [`${device.id} is offered as ${given.join(' and ') || 'nothing'}, and should be as ${list}`];
  });
}

type Device = Offer['devices'][number];

interface Case {
  readonly policies: readonly SriovNetworkNodePolicy[];
  readonly followed: Followed;
  readonly offer: Offer;
  /** The resource of the device, as the plan says. */
  readonly group: string | undefined;
}

/** The resources as which the device may be offered, or `nothing`. */
function allowedFor(device: Device, about: Case): Set<string> {
  const { policies, followed, offer, group } = about;
  if (isTaken(device, offer)) return new Set(['nothing']);
  if (isUnforeseeable(device, about)) return new Set(['nothing', ...offer.pools.map(({ resource }) => resource.name)]);
  if (device.parent === undefined) return new Set(['nothing', ...wholePfResources(policies)]);
  if (group === undefined) return new Set(['nothing']);
  const { pciAddress: pf } = device.parent;
  const mayStay = isRefused(followed.foreseen, pf) || isRefused(followed.converged.rest, pf);
  return new Set(mayStay || isUnfit(device, offer) ? ['nothing', group] : [group]);
}

/** The plan cannot know: of VFs of unknown origin all resources stay, and the daemon may have to leave further VFs. */
function isUnforeseeable({ parent }: Device, { followed, offer, group }: Case): boolean {
  const { plan, foreseen, converged } = followed;
  const isKnown = ({ id, numVfs }: Device): boolean => numVfs === 0 || plan.plannedFrom?.has(id) === true;
  if (!offer.devices.every(isKnown)) return true;
  const isFurther = parent !== undefined && group === undefined;
  return isFurther && isRefused(converged.rest, parent.pciAddress) && !isRefused(foreseen, parent.pciAddress);
}

/** Nobody may be given it: the host uses it, it is a PF with VFs, or it is about to change. */
function isTaken({ id, hostUses, numVfs, parent }: Device, { withdrawn }: Offer): boolean {
  const isWithdrawn = withdrawn.some(
    ({ pf, vfs }) => pf === (parent?.pciAddress ?? id) && (vfs?.includes(parent?.index ?? -1) ?? true),
  );
  return hostUses.length > 0 || numVfs > 0 || isWithdrawn;
}

function isRefused(host: Pick<HostPlan, 'problems'> | undefined, pf: string): boolean {
  return host?.problems.some(({ pciAddress }) => pciAddress === pf) === true;
}

/** A policy that makes no VFs hands out the PF itself. */
function wholePfResources(policies: readonly SriovNetworkNodePolicy[]): string[] {
  return policies.flatMap(({ spec }) => (spec?.numVfs === 0 ? [`openshift.io/${spec.resourceName}`] : []));
}

/** The device lacks what its resource asks for, and the device plugin says so. */
function isUnfit({ id }: Device, { heldBack }: Offer): boolean {
  return heldBack.some(
    ({ devices, message, reason }) =>
      reason === 'WrongDriver' && devices.includes(id) && /RDMA|link type|vDPA/.test(message),
  );
}

/** What is wrong on the host after each list of policies in turn, before and after the host uses one of the VFs. */
async function breachesOn(ports: readonly Port[], lists: readonly Specs[]): Promise<string[]> {
  const node = await nodeWith(ports);
  const found: string[] = [];
  for (const specs of lists) {
    const policies = specs.map((spec, index) => policy(`p${index}`, spec));
    const followed = await node.follow(policies);
    found.push(...breachesOf(policies, followed, await node.offer()));
    const release = useVf(node);
    found.push(...breachesOf(policies, followed, await node.offer()));
    release();
  }
  return found;
}

/** Somebody gives an address to the first VF that has an interface; the returned function takes it away. */
function useVf({ kernel }: SimulatedNode): () => void {
  const { links, devices } = kernel.state;
  const name = Object.keys(links).find((each) => devices[links[each]?.device ?? '']?.vf !== undefined);
  return name === undefined ? () => undefined : kernel.users.addAddress(name, '192.0.2.1/24');
}

const port: fc.Arbitrary<Port> = fc
  .record({
    model: fc.constantFrom('igb', 'mlx5', 'bnxt'),
    up: fc.constantFrom(true, true, false),
    use: fc.constantFrom('none', 'none', 'none', 'none', 'route', 'bridge'),
    vfs: fc.constantFrom(0, 0, 0, 0, 5),
    totalVfs: fc.constantFrom(16, 16, 16, 16, 4, 0),
    isBroken: fc.constantFrom(false, false, false, false, false, true),
  })
  .map((each) => ({ ...each, vfs: Math.min(each.vfs, each.totalVfs) }));

const pfNames = fc.array(
  fc
    .tuple(fc.constantFrom('ens1', 'ens2', 'ens3', 'alt1'), fc.constantFrom('', '', '#0-1', '#1-2', '#2-3', '#4-5'))
    .map((parts) => parts.join('')),
  { minLength: 1, maxLength: 2 },
);
const vendor = fc.constantFrom('8086', '15b3', '14e4');
const nicSelector: fc.Arbitrary<NodePolicySpec['nicSelector']> = fc.oneof(
  fc.record({ pfNames }),
  fc.record({ vendor }),
  fc.record({ vendor, pfNames }),
  fc.constantFrom({ vendor: '8086', deviceID: '10c9' }, { vendor: '15b3', deviceID: '101d' }, { deviceID: '1750' }, {}),
  fc.record({ vendor, rootDevices: fc.subarray([addressOf(0), addressOf(1)], { minLength: 1 }) }),
);
const common = fc.record({
  nicSelector,
  resourceName: fc.constantFrom('a', 'b', 'c'),
  numVfs: fc.constantFrom(0, 2, 4, 4, 6, 6, 20),
  priority: fc.constantFrom(10, 50, 90),
});
const rare = fc.record(
  {
    deviceType: fc.constantFrom('netdevice', 'vfio-pci'),
    isRdma: fc.boolean(),
    needVhostNet: fc.boolean(),
    excludeTopology: fc.boolean(),
    linkType: fc.constantFrom('eth', 'ib'),
  },
  { requiredKeys: [] },
);
/** What this version refuses, what somebody else manages, and what cannot be read. */
const odd = fc.constantFrom<Partial<NodePolicySpec>>(
  ...[{}, {}, {}, {}, {}, {}],
  { vdpaType: 'vhost' },
  { eSwitchMode: 'switchdev' },
  { externallyManaged: true },
  { numVfs: 'many' as unknown as number },
);
const specs: fc.Arbitrary<Specs> = fc.array(
  fc.tuple(common, rare, odd).map((parts) => Object.assign({}, ...parts) as Partial<NodePolicySpec>),
  { minLength: 1, maxLength: 4 },
);
const ports = fc.array(port, { minLength: 1, maxLength: 3 });

const IGB: Port = { model: 'igb' };
const byName = (name: string, spec: Partial<NodePolicySpec> = {}): Partial<NodePolicySpec> => ({
  ...{ resourceName: 'a', numVfs: 4, nicSelector: { pfNames: [name] } },
  ...spec,
});
const byVendor = (spec: Partial<NodePolicySpec>): Partial<NodePolicySpec> =>
  byName('', { nicSelector: { vendor: '8086' }, ...spec });

describe('what the device plugin offers after a plan was carried out', () => {
  it('is each device once, as the resource that the plan says, and none that is used or withdrawn', async () => {
    await fc.assert(
      fc.asyncProperty(ports, fc.array(specs, { minLength: 1, maxLength: 3 }), async (host, lists) => {
        expect(await breachesOn(host, lists)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, readonly Port[], readonly Specs[]]>([
    [
      'VFs that two policies want are of the one with precedence, whose driver they have',
      [IGB],
      [
        [
          byName('ens1#0-3', { priority: 90, numVfs: 6 }),
          byName('ens1#2-5', { priority: 10, numVfs: 6, resourceName: 'b', deviceType: 'vfio-pci' }),
        ],
      ],
    ],
    [
      'a policy that is refused everywhere takes no VFs of its vendor',
      [IGB],
      [[byVendor({ priority: 90, numVfs: 20 }), byName('ens1', { priority: 10, resourceName: 'b' })]],
    ],
    [
      'a policy that wants the PF itself takes none of its VFs',
      [IGB],
      [[byName('ens1', { priority: 90, numVfs: 0 }), byName('ens1', { priority: 10, resourceName: 'b' })]],
    ],
    [
      'a PF that is refused its VFs is not offered itself',
      [{ model: 'mlx5' }],
      [[{ ...byName(''), eSwitchMode: 'switchdev', nicSelector: { vendor: '15b3' } }]],
    ],
    [
      'VFs that someone else has made beyond those of the policy are not offered',
      [{ ...IGB, vfs: 5 }],
      [[byVendor({ numVfs: 2, externallyManaged: true })]],
    ],
    [
      'of several entries of a PF those count that the policy has VFs by',
      [IGB],
      [
        [
          byName('', { priority: 90, numVfs: 6, nicSelector: { pfNames: ['ens1#4-5', 'ens1#1-2'] } }),
          byName('ens1', { priority: 50, resourceName: 'b' }),
        ],
      ],
    ],
    [
      'VFs stay of their resource when their policy asks for another one that it cannot have',
      [IGB],
      [[byName('ens1', { resourceName: 'b' })], [byName('ens1', { numVfs: 20 }), byVendor({ numVfs: 0 })]],
    ],
    [
      'also when another policy asks for that resource',
      [IGB],
      [[byName('ens1')], [byName('ens1', { resourceName: 'b', numVfs: 20 }), byName('ens1', { numVfs: 0 })]],
    ],
    [
      'and the resource does not get a PF whose VFs were removed meanwhile',
      [{ model: 'bnxt', totalVfs: 4 }, { model: 'bnxt' }],
      [[byName('', { nicSelector: { vendor: '14e4' } })], [byName('ens1', { resourceName: 'b', numVfs: 6 })]],
    ],
  ])('%s', async (_, host, lists) => {
    expect(await breachesOn(host, lists)).toEqual([]);
  });
});
