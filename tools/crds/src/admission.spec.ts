import { beforeAll, describe, expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES, type CustomResource, type KubeObject } from '@sriov/api';
import { createNamespace, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';

let namespace: string;
beforeAll(async () => {
  await installCrds();
  namespace = await createNamespace();
}, 60_000);

const byKind = new Map(CUSTOM_RESOURCES.map((resource) => [resource.kind, resource]));
function resourceOf(kind: string): CustomResource {
  const resource = byKind.get(kind);
  if (resource === undefined) throw new Error(`no kind ${kind}`);
  return resource;
}
const pathOf = ({ group, version, plural }: CustomResource): string =>
  `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;

/** Asks whether the API server would take the object, without a webhook. */
async function submit(
  kind: string,
  spec: object,
  name = 'x',
): Promise<{ object?: KubeObject & { spec?: object }; refusals: string[] }> {
  const resource = resourceOf(kind);
  const body = { apiVersion: `${resource.group}/${resource.version}`, kind, metadata: { name }, spec };
  const answer = await tryRequest('POST', `${pathOf(resource)}?dryRun=All&fieldValidation=Strict`, body);
  if (answer.status < 400) return { object: answer.body as KubeObject, refusals: [] };
  const { details, message } = answer.body as { message: string; details?: { causes?: { message: string }[] } };
  return {
    refusals: details?.causes?.map((cause) => cause.message.replace(/^Invalid value: ("object": )?/, '')) ?? [message],
  };
}

/** A policy that nothing is wrong with. */
const policy = {
  resourceName: 'intelnics',
  nodeSelector: {},
  numVfs: 8,
  nicSelector: { pfNames: ['ens1f0#0-3'] },
};
const nic = (nicSelector: object, rest: object = {}): object => ({ ...policy, ...rest, nicSelector });

describe('the API server takes', () => {
  it('the CRDs, without a complaint', async () => {
    for (const { plural, group } of CUSTOM_RESOURCES) {
      const crd = (await request(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`,
      )) as {
        status: { conditions: { type: string; status: string }[] };
      };
      const conditions = Object.fromEntries(crd.status.conditions.map(({ type, status }) => [type, status]));
      expect(conditions).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
      expect(conditions['NonStructuralSchema'] ?? 'False').toBe('False');
    }
    expect(testControlPlane().version).toMatch(/^v1\./);
  });

  it.each<[string, object]>([
    ['a range that ends with the last VF', nic({ pfNames: ['ens1#0-7'] })],
    ['two ranges and a PF as a whole', nic({ pfNames: ['ens1#0-1', 'ens1#6-7', 'ens2'] })],
    ['a resource name of one letter', { ...policy, resourceName: 'A' }],
    ['a resource name with dash, underline and digits', { ...policy, resourceName: 'a-b_1' }],
    ['a resource name of 63 characters', { ...policy, resourceName: 'a'.repeat(63) }],
    ['a vendor alone', nic({ vendor: '8086' })],
    ['a device alone', nic({ deviceID: '1592' })],
    ['an address alone', nic({ rootDevices: ['0000:3b:00.0'] })],
    ['a network filter alone', nic({ netFilter: 'aws/NetworkID:subnet-0ab1' }, { linkType: 'eth' })],
    ['vfio-pci without RDMA', { ...policy, deviceType: 'vfio-pci', isRdma: false }],
    ['switchdev on Ethernet', { ...policy, eSwitchMode: 'switchdev', linkType: 'ETH' }],
    ['vDPA in switchdev mode', { ...policy, eSwitchMode: 'switchdev', vdpaType: 'vhost' }],
    ['a bridge in switchdev mode', { ...policy, eSwitchMode: 'switchdev', bridge: { ovs: {} } }],
    ['a bridge that is none', { ...policy, bridge: {} }],
    ['no VFs at all', nic({ vendor: '8086' }, { numVfs: 0 })],
    ['InfiniBand with RDMA', { ...policy, linkType: 'IB', isRdma: true }],
    ['the lowest priority', { ...policy, priority: 99 }],
    ['the highest priority', { ...policy, priority: 0 }],
  ])('a policy with %s', async (_, spec) => {
    expect((await submit('SriovNetworkNodePolicy', spec)).refusals).toEqual([]);
  });

  it.each<[string, string, object, object]>([
    ['a policy', 'SriovNetworkNodePolicy', policy, { ...policy, deviceType: 'netdevice' }],
    ['a network', 'SriovNetwork', { resourceName: 'r' }, { resourceName: 'r', logLevel: 'info' }],
    [
      'a network that has one',
      'SriovNetwork',
      { resourceName: 'r', logLevel: '' },
      { resourceName: 'r', logLevel: '' },
    ],
    ['an InfiniBand network', 'SriovIBNetwork', { resourceName: 'r' }, { resourceName: 'r' }],
  ])('%s, and gives it the defaults of upstream', async (_, kind, spec, stored) => {
    expect((await submit(kind, spec)).object?.spec).toEqual(stored);
  });

  it('a node state as upstream leaves it, and loses nothing of it', async () => {
    const ovs = [
      {
        name: 'br-0000_3b_00.0',
        bridge: { datapathType: 'netdev', externalIDs: { a: 'b' }, otherConfig: { c: 'd' }, failMode: 'secure' },
        uplinks: [
          {
            pciAddress: '0000:3b:00.0',
            name: 'ens2f0',
            interface: { type: 'dpdk', options: { e: 'f' }, externalIDs: {}, otherConfig: {}, mtuRequest: 9000 },
          },
        ],
      },
    ];
    const group = {
      resourceName: 'r',
      deviceType: 'netdevice',
      vfRange: '0-3',
      policyName: 'p',
      mtu: 9000,
      isRdma: true,
    };
    const pf = {
      pciAddress: '0000:3b:00.0',
      name: 'ens2f0',
      mtu: 9000,
      numVfs: 4,
      linkType: 'ETH',
      eSwitchMode: 'legacy',
    };
    const spec = {
      interfaces: [{ ...pf, externallyManaged: true, vfGroups: [{ ...group, vdpaType: 'virtio' }] }],
      bridges: { ovs },
      system: { rdmaMode: 'exclusive' },
    };
    const ids = { vendor: '15b3', deviceID: '101e', driver: 'mlx5_core', mac: '02:00:00:00:00:01', mtu: 9000 };
    const vf = {
      ...ids,
      name: 'ens2f0v0',
      pciAddress: '0000:3b:00.2',
      vfID: 0,
      Vlan: 0,
      assigned: 'no',
      vdpaType: 'virtio',
    };
    const status = {
      interfaces: [
        {
          ...pf,
          ...ids,
          netFilter: 'aws/NetworkID:a',
          linkSpeed: '100000 Mb/s',
          linkAdminState: 'up',
          externallyManaged: true,
          totalvfs: 16,
          altNames: ['left'],
          Vfs: [{ ...vf, representorName: 'ens2f0_0', guid: '01:00:00:00:00:00:00:02' }],
        },
      ],
      bridges: { ovs },
      system: { rdmaMode: 'shared' },
      syncStatus: 'Succeeded',
      lastSyncError: 'none',
    };
    const resource = resourceOf('SriovNetworkNodeState');
    const body = {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: resource.kind,
      metadata: { name: 'node-1' },
      spec,
    };
    const created = (await request('POST', `${pathOf(resource)}?fieldValidation=Strict`, body)) as KubeObject;
    const path = `${pathOf(resource)}/node-1/status?fieldValidation=Strict`;
    expect(await request('PUT', path, { ...created, status })).toMatchObject({ spec, status });
  });

  it.each<[string, string, object]>([
    ['0', 'SriovNetworkPoolConfig', { maxUnavailable: 0 }],
    ['a number', 'SriovNetworkPoolConfig', { maxUnavailable: 3 }],
    ['1%', 'SriovNetworkPoolConfig', { maxUnavailable: '1%' }],
    ['100%', 'SriovNetworkPoolConfig', { maxUnavailable: '100%' }],
    ['no limit', 'SriovNetworkPoolConfig', { nodeSelector: { matchLabels: { a: 'b' } } }],
    ['hardware offload alone', 'SriovNetworkPoolConfig', { ovsHardwareOffloadConfig: { name: 'worker' } }],
  ])('a pool with %s', async (_, kind, spec) => {
    expect((await submit(kind, spec)).refusals).toEqual([]);
  });
});

const RESOURCE_NAME =
  'spec.resourceName must be 1 to 63 letters, digits, "-" or "_", and begin and end with a letter or digit';
const NO_NIC = 'spec.nicSelector must give at least one of vendor, deviceID, rootDevices, pfNames, netFilter';
const FILTER_ALONE = 'spec.nicSelector.netFilter cannot be combined with vendor, deviceID, rootDevices or pfNames';
const FILTER_PLAIN =
  'with spec.nicSelector.netFilter there must be no eSwitchMode, no bridge, and linkType must be empty or eth';
const RANGE_FORM = 'a range in spec.nicSelector.pfNames must have the form name#first-last, such as ens1f0#0-3';
const RANGE_ORDER = 'a range in spec.nicSelector.pfNames must not end before it begins';
const RANGE_END = 'a range in spec.nicSelector.pfNames must end below spec.numVfs: the last VF is numVfs-1';
const VFIO_RDMA = 'spec.isRdma cannot be true with deviceType vfio-pci: RDMA needs the kernel driver';
const SWITCHDEV = 'spec.eSwitchMode switchdev requires linkType to be empty or eth';
const VDPA = 'spec.vdpaType requires deviceType netdevice and eSwitchMode switchdev';
const BRIDGE = 'spec.bridge requires eSwitchMode switchdev and cannot be combined with externallyManaged';
const netFilter = 'openstack/NetworkID:abc';

describe('the API server refuses by itself', () => {
  it.each<[string, object, string]>([
    ...['', '-a', 'a-', 'a.b', 'a b', 'a'.repeat(64)].map((resourceName): [string, object, string] => [
      `the resource name "${resourceName}"`,
      { ...policy, resourceName },
      RESOURCE_NAME,
    ]),
    ['no selector of NICs', nic({}), NO_NIC],
    ['a selector of empty parts', nic({ vendor: '', pfNames: [], rootDevices: [] }), NO_NIC],
    ['a network filter with a vendor', nic({ netFilter, vendor: '8086' }), FILTER_ALONE],
    ['a network filter with a device', nic({ netFilter, deviceID: '1592' }), FILTER_ALONE],
    ['a network filter with PF names', nic({ netFilter, pfNames: ['ens1'] }), FILTER_ALONE],
    ['a network filter with addresses', nic({ netFilter, rootDevices: ['0000:3b:00.0'] }), FILTER_ALONE],
    ['a network filter with legacy mode', nic({ netFilter }, { eSwitchMode: 'legacy' }), FILTER_PLAIN],
    ['a network filter with InfiniBand', nic({ netFilter }, { linkType: 'ib' }), FILTER_PLAIN],
    ['a network filter with a bridge', nic({ netFilter }, { bridge: {} }), FILTER_PLAIN],
    ...['ens1#3', 'ens1#a-b', 'ens1##1-2', '#0-1', 'ens1#', 'ens1#-1-2', 'ens1#0-123456'].map(
      (entry): [string, object, string] => [`the range ${entry}`, nic({ pfNames: ['ens2', entry] }), RANGE_FORM],
    ),
    ['a range that ends before it begins', nic({ pfNames: ['ens1#3-1'] }), RANGE_ORDER],
    ['a range beyond the last VF', nic({ pfNames: ['ens1#0-8'] }), RANGE_END],
    ['vfio-pci with RDMA', { ...policy, deviceType: 'vfio-pci', isRdma: true }, VFIO_RDMA],
    ['switchdev on InfiniBand', { ...policy, eSwitchMode: 'switchdev', linkType: 'IB' }, SWITCHDEV],
    ['vDPA without switchdev', { ...policy, vdpaType: 'virtio' }, VDPA],
    ['vDPA with vfio-pci', { ...policy, eSwitchMode: 'switchdev', deviceType: 'vfio-pci', vdpaType: 'virtio' }, VDPA],
    ['a bridge without switchdev', { ...policy, bridge: { ovs: {} } }, BRIDGE],
    [
      'a bridge on what others manage',
      { ...policy, eSwitchMode: 'switchdev', externallyManaged: true, bridge: { ovs: {} } },
      BRIDGE,
    ],
  ])('a policy with %s', async (_, spec, message) => {
    expect((await submit('SriovNetworkNodePolicy', spec)).refusals).toEqual([message]);
  });

  it('each thing that is wrong with a policy, not only the first', async () => {
    const wrong = { ...policy, resourceName: '-', deviceType: 'vfio-pci', isRdma: true };
    expect((await submit('SriovNetworkNodePolicy', wrong)).refusals).toEqual([RESOURCE_NAME, VFIO_RDMA]);
  });

  it.each<[string, object]>([
    ['120%', { maxUnavailable: '120%' }],
    ['0%', { maxUnavailable: '0%' }],
    ['-1', { maxUnavailable: -1 }],
    ['ten', { maxUnavailable: 'ten' }],
    ['10', { maxUnavailable: '10' }],
  ])('a pool with maxUnavailable %s', async (_, spec) => {
    expect((await submit('SriovNetworkPoolConfig', spec)).refusals).toEqual([
      'spec.maxUnavailable must be a number of nodes (0 or more) or a percentage from "1%" to "100%"',
    ]);
  });

  it.each<[string, object]>([
    ['maxUnavailable', { maxUnavailable: 1 }],
    ['a node selector', { nodeSelector: {} }],
  ])('hardware offload with %s', async (_, rest) => {
    const spec = { ovsHardwareOffloadConfig: { name: 'worker' }, ...rest };
    expect((await submit('SriovNetworkPoolConfig', spec)).refusals).toEqual([
      'spec.ovsHardwareOffloadConfig cannot be combined with maxUnavailable or nodeSelector',
    ]);
  });

  it('an operator configuration of another name', async () => {
    expect((await submit('SriovOperatorConfig', {}, 'default')).refusals).toEqual([]);
    expect((await submit('SriovOperatorConfig', {}, 'mine')).refusals).toEqual([
      'only the SriovOperatorConfig named "default" is used: choose that name',
    ]);
  });

  it.each<[string, string, object, string]>([
    ['an unknown field', 'SriovNetworkNodePolicy', { ...policy, numVFs: 8 }, 'unknown field "spec.numVFs"'],
    ['an unknown device type', 'SriovNetworkNodePolicy', { ...policy, deviceType: 'uio' }, 'Unsupported value: "uio"'],
    ['an empty enum', 'SriovNetworkNodePolicy', { ...policy, linkType: '' }, 'Unsupported value: ""'],
    ['a priority of 100', 'SriovNetworkNodePolicy', { ...policy, priority: 100 }, 'less than or equal to 99'],
    ['a negative number of VFs', 'SriovNetworkNodePolicy', { ...policy, numVfs: -1 }, 'greater than or equal to 0'],
    ['an MTU of 0', 'SriovNetworkNodePolicy', { ...policy, mtu: 0 }, 'greater than or equal to 1'],
    ['a VLAN of 4095', 'SriovNetwork', { resourceName: 'r', vlan: 4095 }, 'less than or equal to 4094'],
    ['no resource name', 'SriovNetwork', {}, 'Required value'],
  ])('%s', async (_, kind, spec, message) => {
    expect((await submit(kind, spec)).refusals.join('\n')).toContain(message);
  });
});
