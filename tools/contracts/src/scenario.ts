import { type SriovNetworkNodePolicy, type SriovNetworkPoolConfig } from '@sriov/api';
import { parseWorld, type World } from '@sriov/host-sim';

/** The node of all recordings. */
export const NODE = 'node-1';
/** Its labels. */
export const LABELS = { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/os': 'linux' };
/** When everything happens, in ms since 1970. */
export const NOW = Date.UTC(2026, 0, 1);

/** PCI addresses of the node's PFs, in the order of {@link world}. */
export const PF = { igb: '0000:01:00.0', left: '0000:5e:00.0', right: '0000:5e:00.1', spare: '0000:61:00.0' } as const;

/** The machine: a NIC for the node's own traffic, and four PFs of three drivers. */
export function world(): World {
  return parseWorld({
    latency: 'none',
    modules: ['igbvf', 'mlx5_core', 'bnxt_en'],
    defaultRoute: 'eno1',
    nics: [
      { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
      { model: 'igb', address: PF.igb, bridge: '0000:00:10.0', name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
      {
        ...{ model: 'mlx5', address: PF.left, bridge: '0000:5d:00.0', name: 'ens2f0np0', altNames: ['enp94s0f0np0'] },
        ...{ mac: 'b8:59:9f:00:00:10', up: true, totalVfs: 16, numaNode: 1 },
      },
      {
        ...{ model: 'mlx5', address: PF.right, bridge: '0000:5d:00.0', name: 'ens2f1np1', altNames: ['enp94s0f1np1'] },
        ...{ mac: 'b8:59:9f:00:00:11', up: true, totalVfs: 16, vfOffset: 17, numaNode: 1 },
      },
      {
        ...{ model: 'bnxt', address: PF.spare, bridge: '0000:60:00.0', name: 'ens3', mac: '52:54:00:cc:00:10' },
        ...{ up: true, totalVfs: 8 },
      },
    ],
  });
}

function policy(name: string, spec: Partial<SriovNetworkNodePolicy['spec']>): SriovNetworkNodePolicy {
  const metadata = { name, namespace: 'sriov-network-operator' };
  const rest = { nodeSelector: { 'node-role.kubernetes.io/worker': '' }, nicSelector: {}, numVfs: 4 };
  return { metadata, spec: { resourceName: name.replaceAll('-', ''), ...rest, ...spec } } as SriovNetworkNodePolicy;
}

/** What the node is to be at first: each kind of VF that can be made, and two resources on one PF. */
export const POLICIES: readonly SriovNetworkNodePolicy[] = [
  policy('intel-vfio', { nicSelector: { vendor: '8086' }, deviceType: 'vfio-pci' }),
  policy('rdma', { nicSelector: { pfNames: ['ens2f0np0'] }, numVfs: 8, mtu: 9000, isRdma: true }),
  policy('right-kernel', { nicSelector: { pfNames: ['ens2f1np1#0-2'] }, mtu: 2000 }),
  policy('right-vfio', { nicSelector: { pfNames: ['ens2f1np1#3-3'] }, deviceType: 'vfio-pci', excludeTopology: true }),
];

/** The same with another number, another driver and another MTU: VFs are withdrawn, change and return. */
export const CHANGED_POLICIES: readonly SriovNetworkNodePolicy[] = [
  policy('intel-vfio', { nicSelector: { vendor: '8086' }, deviceType: 'vfio-pci', numVfs: 6 }),
  policy('rdma', { nicSelector: { pfNames: ['ens2f0np0'] }, numVfs: 8, mtu: 4000, isRdma: true }),
  policy('right-kernel', { nicSelector: { pfNames: ['ens2f1np1#0-1'] }, mtu: 2000 }),
  policy('right-vfio', { nicSelector: { pfNames: ['ens2f1np1#2-3'] }, deviceType: 'vfio-pci', excludeTopology: true }),
];

/** The same, but for VFs that get another driver and go to another resource: they do not return. */
export const OTHER_POLICIES: readonly SriovNetworkNodePolicy[] = [
  ...POLICIES.slice(0, 2),
  policy('moved', { nicSelector: { pfNames: ['ens2f1np1#0-3'] }, deviceType: 'vfio-pci' }),
];

/** VFs on a PF that no other policy wants. */
export const FORMER_POLICIES: readonly SriovNetworkNodePolicy[] = [
  policy('former', { nicSelector: { pfNames: ['ens3'] }, numVfs: 2 }),
];

/** What this version does on some NICs only, or not at all: there a reader of it must say so and leave the PF as it is. */
export const UNSUPPORTED_POLICIES: readonly SriovNetworkNodePolicy[] = [
  policy('switchdev', {
    nicSelector: { pfNames: ['ens2f0np0'] },
    eSwitchMode: 'switchdev',
  }),
  policy('vdpa', { nicSelector: { pfNames: ['ens3'] }, vdpaType: 'virtio' }),
  policy('infiniband', { nicSelector: { pfNames: ['ens2f1np1'] }, linkType: 'IB' }),
  policy('by-others', { nicSelector: { pfNames: ['ens1'] }, externallyManaged: true }),
];

/** A pool with the settings of its nodes. */
export const POOLS: readonly SriovNetworkPoolConfig[] = [
  {
    metadata: { name: 'exclusive', namespace: 'sriov-network-operator' },
    spec: { nodeSelector: { matchLabels: { 'kubernetes.io/os': 'linux' } }, rdmaMode: 'exclusive' },
  },
];
