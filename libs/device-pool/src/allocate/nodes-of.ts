import { omitUndefined } from '@sriov/api';
import { type DeviceNodes, type ObservedDevice } from '@sriov/observed-host';
import { type Wants } from '../pools/pool.ts';

/** A device that a container gets, and what it gets beside it. */
export interface UsedDevice {
  readonly device: ObservedDevice;
  readonly wants: Wants;
}

/** A device file that a container gets. */
export interface DeviceSpec {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly permissions: 'rw';
}

/** One word of the INFO variable, and the device files that belong to it. */
export interface Provided {
  /** The key under which it stands in the INFO variable. */
  readonly provider: string;
  readonly info: Readonly<Record<string, string>>;
  readonly specs: readonly DeviceSpec[];
}

/** What a container gets for a device, in the order in which it stands there. */
export function providedBy(
  { device, wants }: UsedDevice,
  nodes: DeviceNodes,
  extra: Readonly<Record<string, string>> | undefined,
): Provided[] {
  const { vdpaType } = wants;
  return [
    ...vfio(nodes),
    ...(nodes.uio === undefined ? [] : [{ provider: 'uio', info: { mount: nodes.uio }, specs: [spec(nodes.uio)] }]),
    ...(extra === undefined ? [] : [{ provider: 'extra', info: extra, specs: [] }]),
    ...vdpa(vdpaType, device, nodes),
    ...(wants.isRdma ? rdma(nodes) : []),
    ...(wants.needVhostNet ? vhost(nodes) : []),
  ];
}

function spec(path: string, containerPath = path): DeviceSpec {
  return { hostPath: path, containerPath, permissions: 'rw' };
}

const VFIO = '/dev/vfio/vfio';

/** The container sees a group without an IOMMU under the name of any other group. */
function vfio({ vfio: found }: DeviceNodes): Provided[] {
  if (found === undefined) return [];
  const { group, isNoIommu } = found;
  if (group === undefined) return [{ provider: 'vfio', info: { mount: VFIO }, specs: [spec(VFIO)] }];
  const inContainer = `/dev/vfio/${group}`;
  const onHost = isNoIommu ? `/dev/vfio/noiommu-${group}` : inContainer;
  const info = { mount: VFIO, 'dev-mount': inContainer };
  return [{ provider: 'vfio', info, specs: [spec(VFIO), spec(onHost, inContainer)] }];
}

function vdpa(type: string | undefined, device: ObservedDevice, { vhostVdpa }: DeviceNodes): Provided[] {
  if (type === undefined || device.vdpa === undefined) return [];
  if (type !== 'vhost' || vhostVdpa === undefined) return [{ provider: 'vdpa', info: {}, specs: [] }];
  return [{ provider: 'vdpa', info: { mount: vhostVdpa }, specs: [spec(vhostVdpa)] }];
}

const RDMA_CM = '/dev/infiniband/rdma_cm';

function rdma({ rdma: devices, rdmaCm }: DeviceNodes): Provided[] {
  const [first] = devices;
  if (first === undefined) return [];
  const cm = rdmaCm ? [RDMA_CM] : [];
  const specs = [...devices.flatMap(({ ucm, issm, umad, uverbs }) => [...ucm, ...issm, ...umad, ...uverbs]), ...cm];
  // Of several files of a kind, the last is named.
  const info = omitUndefined({
    issm: devices.flatMap(({ issm }) => issm).at(-1),
    umad: devices.flatMap(({ umad }) => umad).at(-1),
    uverbs: devices.flatMap(({ uverbs }) => uverbs).at(-1),
    rdma_cm: cm.at(0),
    rdma_dev: first.name,
  });
  return [{ provider: 'rdma', info, specs: specs.map((path) => spec(path)) }];
}

const VHOST_NET = '/dev/vhost-net';
const TUN = '/dev/net/tun';

/** One is of no use without the other. */
function vhost({ vhostNet, tun }: DeviceNodes): Provided[] {
  if (!vhostNet || !tun) return [];
  const info = { 'net-mount': VHOST_NET, 'tun-mount': TUN };
  return [{ provider: 'vhost', info, specs: [spec(VHOST_NET), spec(TUN)] }];
}
