import { CORE_SCHEMA, dump } from 'js-yaml';

/** Size of a made-up cluster. */
export interface FleetSize {
  readonly nodes: number;
  readonly nics: number;
  /** VFs that stand on each NIC already. */
  readonly vfs: number;
  readonly policies: number;
}

const RACKS = 10;
const OURS = 'sriovnetwork.openshift.io/v1';
const NAMESPACE = 'sriov-network-operator';

/** The objects of a cluster in which each policy is about one rack and a quarter of one port. */
export function makeFleet({ nodes, nics, vfs, policies }: FleetSize): object[] {
  const names = Array.from({ length: nodes }, (_, index) => `worker-${String(index).padStart(4, '0')}`);
  return [
    { apiVersion: OURS, kind: 'SriovOperatorConfig', metadata: { name: 'default', namespace: NAMESPACE }, spec: {} },
    ...names.flatMap((name, index) => [
      makeNode(name, index),
      {
        apiVersion: OURS,
        kind: 'SriovNetworkNodeState',
        metadata: { name, namespace: NAMESPACE },
        spec: {},
        status: { syncStatus: 'Succeeded', interfaces: Array.from({ length: nics }, (_, nic) => makePort(nic, vfs)) },
      },
    ]),
    ...Array.from({ length: policies }, (_, index) => makePolicy(index, nics)),
  ];
}

function makeNode(name: string, index: number): object {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node-role.kubernetes.io/worker': '',
    rack: `r${index % RACKS}`,
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

function makePort(index: number, vfs: number): object {
  const bus = (16 + index).toString(16);
  const name = `ens${index + 1}f0`;
  return {
    name,
    mac: '02:00:00:00:00:01',
    driver: 'ice',
    pciAddress: `0000:${bus}:00.0`,
    vendor: '8086',
    deviceID: '1592',
    mtu: 1500,
    linkSpeed: '25000 Mb/s',
    linkType: 'ETH',
    totalvfs: 64,
    ...(vfs > 0 && { numVfs: vfs, Vfs: Array.from({ length: vfs }, (_, id) => makeVf(name, bus, id)) }),
  };
}

function makeVf(port: string, bus: string, vfID: number): object {
  const address = `0000:${bus}:${(1 + (vfID >> 3)).toString(16).padStart(2, '0')}.${vfID & 7}`;
  const ids = { vendor: '8086', deviceID: '1889' };
  return { vfID, pciAddress: address, name: `${port}v${vfID}`, mac: '02:00:00:00:00:02', driver: 'iavf', ...ids };
}

function makePolicy(index: number, nics: number): object {
  const first = (index % 4) * 4;
  return {
    apiVersion: OURS,
    kind: 'SriovNetworkNodePolicy',
    metadata: { name: `policy-${index}`, namespace: NAMESPACE },
    spec: {
      resourceName: `resource-${index}`,
      nodeSelector: { rack: `r${index % RACKS}` },
      nicSelector: { pfNames: [`ens${(index % nics) + 1}f0#${first}-${first + 3}`] },
      numVfs: 16,
      deviceType: 'netdevice',
      priority: 99,
    },
  };
}

// As kubectl prints it.
const toYaml = (value: unknown): string => dump(value, { schema: CORE_SCHEMA, noRefs: true, seqNoIndent: true });
const toList = (objects: readonly object[]): object => ({ apiVersion: 'v1', kind: 'List', items: objects });

/** The forms in which people have their objects. */
export const FORMS: readonly { readonly name: string; readonly write: (objects: readonly object[]) => string }[] = [
  { name: 'YAML documents', write: (objects) => objects.map(toYaml).join('---\n') },
  { name: 'a YAML List', write: (objects) => toYaml(toList(objects)) },
  { name: 'a JSON List', write: (objects) => JSON.stringify(toList(objects), undefined, 4) },
];
