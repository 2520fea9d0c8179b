import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, type ObservedInterface } from '@sriov/api';
import { nic, policy } from '@sriov/testing/objects';
import { plan, type TestNode } from './test/plan.ts';
import { readResources } from './test/read-resources.ts';

const INTEL = nic('ens1f0', '0000:17:00.0', { deviceID: '1592' });
const UNLISTED = nic('ens2f0', '0000:31:00.0', { deviceID: '15e4' });
const MELLANOX = nic('ens3f0', '0000:af:00.0', { vendor: '15b3', deviceID: '101d' });
const BLUEFIELD = nic('ens4f0', '0000:d8:00.0', { vendor: '15b3', deviceID: 'a2dc' });

/** So many VFs of {@link INTEL}. */
function vfsOf(count: number): NonNullable<ObservedInterface['Vfs']> {
  return Array.from({ length: count }, (_, vfID) => ({ vfID, pciAddress: `0000:17:01.${vfID}`, deviceID: '1889' }));
}

type Specs = Readonly<Record<string, Partial<NodePolicySpec>>>;

/** Policies of one resource, the later of higher precedence, on a node with these PFs: its selectors, and problems. */
function poolOf(interfaces: readonly ObservedInterface[], specs: Specs): { selectors: unknown; problems: unknown[] } {
  const policies = Object.entries(specs).map(([name, spec], index) => policy(name, { priority: 90 - index, ...spec }));
  const { devicePluginConfig, problems } = plan(policies, { interfaces });
  return {
    selectors: readResources(devicePluginConfig)[0]?.selectors,
    problems: problems.map(({ name, reason, message }) => [name, reason, message.split(' ')[0]]),
  };
}

const SHARED = { IsRdma: false, NeedVhostNet: false };

describe('a resource of one policy is never wider than what was written', () => {
  it.each<[string, Partial<NodePolicySpec>, readonly ObservedInterface[], object | undefined]>([
    [
      'a model whose VF id nothing tells yet: the addresses of its PFs',
      { nicSelector: { vendor: '8086', deviceID: '15e4' } },
      [INTEL, UNLISTED],
      { vendors: ['8086'], rootDevices: ['0000:31:00.0'], ...SHARED },
    ],
    [
      'such a model without a vendor',
      { nicSelector: { deviceID: '15e4' } },
      [INTEL, UNLISTED],
      { rootDevices: ['0000:31:00.0'], ...SHARED },
    ],
    [
      'such a model that the node does not have: no resource',
      { nicSelector: { vendor: '8086', deviceID: '15e4' } },
      [INTEL],
      undefined,
    ],
    [
      'such a model by the name of its PF: nothing more is needed',
      { nicSelector: { vendor: '8086', deviceID: '15e4', pfNames: ['ens2f0'] } },
      [INTEL, UNLISTED],
      { vendors: ['8086'], pfNames: ['ens2f0'], ...SHARED },
    ],
    [
      'such a model that is refused, since it cannot have so many VFs',
      { numVfs: 65, nicSelector: { vendor: '8086', deviceID: '15e4' } },
      [INTEL, UNLISTED],
      undefined,
    ],
    [
      'a model that is listed: its VF id, as upstream writes it',
      { nicSelector: { vendor: '15b3', deviceID: 'a2dc' } },
      [MELLANOX, BLUEFIELD],
      { vendors: ['15b3'], devices: ['101e'], ...SHARED },
    ],
    [
      'a model whose VFs have the id of others that stand there',
      { nicSelector: { vendor: '15b3', deviceID: 'a2dc' } },
      [{ ...MELLANOX, Vfs: [{ vfID: 0, pciAddress: '0000:af:00.2', vendor: '15b3', deviceID: '101e' }] }, BLUEFIELD],
      { vendors: ['15b3'], rootDevices: ['0000:d8:00.0'], ...SHARED },
    ],
    [
      'a vendor of which the node has a device without VFs as well',
      { nicSelector: { vendor: '8086' } },
      [INTEL, nic('eno1', '0000:00:1f.6', { deviceID: '15b7', totalvfs: 0 })],
      { vendors: ['8086'], rootDevices: ['0000:17:00.0'], ...SHARED },
    ],
    [
      'two ranges of one PF, of which the device plugin would see the first alone',
      { numVfs: 8, nicSelector: { pfNames: ['ens1f0#0-1', 'ens1f0#6-7'] } },
      [INTEL],
      { rootDevices: ['0000:17:00.0#0-1,6-7'], ...SHARED },
    ],
    [
      'the port of a virtual machine by its name, which the device plugin cannot see',
      { numVfs: 1, nicSelector: { pfNames: ['eth1'] } },
      [
        nic('eth1', '0000:05:00.0', {
          deviceID: '154c',
          totalvfs: 1,
          Vfs: [{ vfID: 0, pciAddress: '0000:05:00.0', deviceID: '154c' }],
        }),
      ],
      { pciAddresses: ['0000:05:00.0'], ...SHARED },
    ],
  ])('%s', (_, spec, interfaces, selectors) => {
    expect(poolOf(interfaces, { p: spec }).selectors).toEqual(selectors);
  });

  it('nor when another resource makes VFs of the same id', () => {
    const policies = [
      policy('a', { resourceName: 'a', nicSelector: { vendor: '15b3', deviceID: '101d' } }),
      policy('b', { resourceName: 'b', nicSelector: { vendor: '15b3', deviceID: 'a2dc' } }),
    ];
    const { devicePluginConfig } = plan(policies, { interfaces: [MELLANOX, BLUEFIELD] });
    expect(JSON.parse(devicePluginConfig)).toMatchObject({
      resourceList: [
        { resourceName: 'a', selectors: { rootDevices: ['0000:af:00.0'] } },
        { resourceName: 'b', selectors: { rootDevices: ['0000:d8:00.0'] } },
      ],
    });
  });

  it('and stays by addresses once it is: going back would restart the device plugin for nothing', () => {
    const policies = [policy('p', { nicSelector: { vendor: '8086', deviceID: '15e4' } })];
    const before = plan(policies, { interfaces: [INTEL, UNLISTED] });
    const Vfs = [{ vfID: 0, pciAddress: '0000:31:00.1', deviceID: '15e5' }];
    const interfaces = [INTEL, { ...UNLISTED, Vfs }];
    expect(plan(policies, { interfaces, config: before.devicePluginConfig }).devicePluginConfig).toBe(
      before.devicePluginConfig,
    );
    expect(plan(policies, { interfaces }).devicePluginConfig).toContain('"devices":["15e5"]');
  });
});

describe('policies of one resource', () => {
  const fleets: Specs = {
    rdma: { nicSelector: { vendor: '15b3' }, isRdma: true },
    dpdk: { nicSelector: { vendor: '8086' }, deviceType: 'vfio-pci' },
  };

  it('meet only where both have a PF: each node serves its own', () => {
    expect(poolOf([INTEL], fleets)).toMatchObject({ selectors: { IsRdma: false }, problems: [] });
    expect(poolOf([MELLANOX], fleets)).toMatchObject({ selectors: { IsRdma: true }, problems: [] });
  });

  it('get a problem where they meet and differ in what a resource has one of', () => {
    expect(poolOf([INTEL, MELLANOX], fleets).problems).toEqual([['rdma', 'PolicyConflict', 'isRdma']]);
  });

  it('do not meet by a device of the vendor that can have no VFs', () => {
    const onboard = nic('eno1', '0000:00:1f.6', { deviceID: '15b7', totalvfs: 0 });
    expect(poolOf([onboard, MELLANOX], fleets)).toMatchObject({ selectors: { IsRdma: true }, problems: [] });
  });

  it.each<[string, Specs, unknown]>([
    [
      'names beside addresses, which all of them no VF fits',
      {
        a: { nicSelector: { pfNames: ['ens1f0'] } },
        b: { nicSelector: { vendor: '15b3', rootDevices: ['0000:af:00.0'] } },
      },
      [
        { pfNames: ['ens1f0'], ...SHARED },
        { vendors: ['15b3'], rootDevices: ['0000:af:00.0'], ...SHARED },
      ],
    ],
    [
      'a vendor beside a name of another vendor',
      { a: { nicSelector: { vendor: '15b3' } }, b: { nicSelector: { pfNames: ['ens1f0'] } } },
      [
        { vendors: ['15b3'], ...SHARED },
        { pfNames: ['ens1f0'], ...SHARED },
      ],
    ],
    [
      'models beside each other, as upstream joins them',
      {
        a: { nicSelector: { vendor: '8086', deviceID: '1592' } },
        b: { nicSelector: { vendor: '15b3', deviceID: '101d' } },
      },
      { vendors: ['8086', '15b3'], devices: ['1889', '101e'], ...SHARED },
    ],
    [
      'a link type beside none',
      {
        a: { linkType: 'eth', nicSelector: { pfNames: ['ens1f0'] } },
        b: { linkType: 'ib', deviceType: 'vfio-pci', nicSelector: { pfNames: ['ens3f0'] } },
      },
      [
        { pfNames: ['ens1f0'], linkTypes: ['ether'], ...SHARED },
        { pfNames: ['ens3f0'], ...SHARED },
      ],
    ],
    [
      'ranges of one PF, of which the device plugin would see the first alone',
      {
        a: { numVfs: 8, nicSelector: { pfNames: ['ens1f0#0-1'] } },
        b: { numVfs: 8, nicSelector: { pfNames: ['ens1f0#4-5'] } },
      },
      [
        { pfNames: ['ens1f0#0-1'], ...SHARED },
        { pfNames: ['ens1f0#4-5'], ...SHARED },
      ],
    ],
    [
      'one whose PF is elsewhere, which would take all VFs from the other',
      {
        a: { nicSelector: { pfNames: ['ens1f0'] } },
        b: { nicSelector: { rootDevices: ['0000:99:00.0'] } },
      },
      { pfNames: ['ens1f0'], ...SHARED },
    ],
  ])('are served each by selectors of its own where one set cannot say it: %s', (_, specs, selectors) => {
    expect(poolOf([INTEL, MELLANOX], specs)).toEqual({ selectors, problems: [] });
  });
});

describe('a VF is handed out as the resource of its group in the node state', () => {
  const low = { priority: 90, resourceName: 'low' };
  const high = { priority: 10, resourceName: 'high' };
  /** The resources and what selects their devices, without the flags that all have. */
  function selectorsOf(
    specs: readonly Partial<NodePolicySpec>[],
    interfaces: readonly ObservedInterface[] = [INTEL],
    node: TestNode = {},
  ): Record<string, unknown> {
    const policies = specs.map((each, index) => policy(`p${index}`, each));
    const { devicePluginConfig } = plan(policies, { interfaces, ...node });
    return Object.fromEntries(
      readResources(devicePluginConfig).map(({ resourceName, selectors }) => [
        resourceName,
        [selectors].flat().map(({ IsRdma: _, NeedVhostNet: __, ...rest }) => rest),
      ]),
    );
  }

  it.each<[string, readonly Partial<NodePolicySpec>[], readonly ObservedInterface[], object]>([
    [
      'and not as that of the policy that loses all its VFs by precedence',
      [
        { ...low, numVfs: 6, nicSelector: { pfNames: ['ens1f0#0-3'] } },
        { ...high, numVfs: 6, nicSelector: { pfNames: ['ens1f0#2-5'] } },
      ],
      [INTEL],
      { high: [{ pfNames: ['ens1f0#2-5'] }] },
    ],
    [
      'and not as that of the policy that makes fewer VFs than there will be',
      [
        { ...low, numVfs: 2, nicSelector: { pfNames: ['ens1f0'] } },
        { ...high, numVfs: 8, nicSelector: { pfNames: ['ens1f0#4-7'] } },
      ],
      [INTEL],
      { low: [{ rootDevices: ['0000:17:00.0#0-1'] }], high: [{ pfNames: ['ens1f0#4-7'] }] },
    ],
    [
      'and not as that of the policy that wants the PF itself',
      [
        { ...low, numVfs: 0, nicSelector: { pfNames: ['ens1f0'] } },
        { ...high, numVfs: 4, nicSelector: { pfNames: ['ens1f0'] } },
      ],
      [INTEL],
      { low: [{ pciAddresses: ['0000:17:00.0'] }], high: [{ pfNames: ['ens1f0'] }] },
    ],
    [
      'and not as that of the policy that is refused',
      [
        { ...low, numVfs: 65, nicSelector: { pfNames: ['ens1f0'] } },
        { ...high, numVfs: 4, nicSelector: { pfNames: ['ens1f0'] } },
      ],
      [INTEL],
      { high: [{ pfNames: ['ens1f0'] }] },
    ],
    [
      'also where the device plugin counts the entries of a PF together',
      [
        { ...low, numVfs: 8, nicSelector: { pfNames: ['ens1f0#6-7', 'ens1f0#0-1'] } },
        { ...high, numVfs: 8, nicSelector: { pfNames: ['ens1f0#1-2'] } },
      ],
      [INTEL],
      { low: [{ rootDevices: ['0000:17:00.0#6-7'] }], high: [{ pfNames: ['ens1f0#1-2'] }] },
    ],
    [
      'and further VFs, which someone else manages, are not handed out',
      [{ resourceName: 'r', numVfs: 2, externallyManaged: true, nicSelector: { vendor: '8086' } }],
      [{ ...INTEL, Vfs: vfsOf(4) }],
      { r: [{ vendors: ['8086'], rootDevices: ['0000:17:00.0#0-1'] }] },
    ],
    [
      'and a PF is not handed out itself when the daemon refuses to make its VFs',
      [{ resourceName: 'r', numVfs: 2, eSwitchMode: 'switchdev', nicSelector: { vendor: '8086' } }],
      [{ ...INTEL, driver: 'igb' }],
      { r: [{ vendors: ['8086'], rootDevices: ['0000:17:00.0'] }] },
    ],
  ])('%s', (_, specs, interfaces, expected) => {
    expect(selectorsOf(specs, interfaces)).toEqual(expected);
  });

  const kept = [{ ...low, numVfs: 4, nicSelector: { pfNames: ['ens1f0'] } }];
  const before = plan([policy('p0', kept[0])], { interfaces: [INTEL] });
  const present = { spec: before.spec, config: before.devicePluginConfig };
  const renamed = { ...low, resourceName: 'other', numVfs: 65, nicSelector: { pfNames: ['ens1f0'] } };

  it('and stays that of the resource that its policy had, where the policy can have no other one', () => {
    expect(selectorsOf([renamed], [INTEL], present)).toEqual({ low: [{ pfNames: ['ens1f0'] }] });
  });

  it('so it does when another policy asks for that resource', () => {
    const second = { ...low, numVfs: 4, nicSelector: { pfNames: ['ens3f0'] } };
    expect(selectorsOf([renamed, second], [INTEL, MELLANOX], present)).toEqual({
      low: [{ rootDevices: ['0000:17:00.0'] }, { pfNames: ['ens3f0'] }],
    });
  });

  it('in other words when the old ones would hand out more by now', () => {
    const wide = [{ ...low, numVfs: 4, nicSelector: { vendor: '8086' } }];
    const both = plan([policy('p0', wide[0])], { interfaces: [INTEL, UNLISTED] });
    const config = both.devicePluginConfig;
    const next = { spec: both.spec, config };
    expect(config).toContain('"vendors":["8086"]');
    expect(selectorsOf([renamed], [INTEL, UNLISTED], next)).toEqual({ low: [{ rootDevices: ['0000:17:00.0'] }] });
  });
});
