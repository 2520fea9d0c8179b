import { type DeviceNodes } from '@sriov/observed-host';
import { type Pool } from '../pools/pool.ts';
import { type UsedDevice } from './nodes-of.ts';

/** Folder of the host in which Multus looks for what it tells CNI plugins about a device. */
export const DEVICE_INFO_FOLDER = '/var/run/k8s.cni.cncf.io/devinfo/dp';

/** A file of the host. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
}

/** Path of the file about a device. A `/` of a name is written as `-`. */
export function deviceInfoPath(resource: string, id: string): string {
  return `${DEVICE_INFO_FOLDER}/${`${resource}-${id}`.replaceAll('/', '-')}-device.json`;
}

/** PCI addresses: there are such files about no other devices. */
const INFO_FILE = /^(.+)-([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])-device\.json$/;

/**
 * The device that a file in {@link DEVICE_INFO_FOLDER} is about; absent for a file of somebody else. Other plugins name
 * theirs by the same rule, and have other prefixes.
 * @param prefixes of resources that are ours
 */
export function deviceOfInfoFile(name: string, prefixes: readonly string[]): string | undefined {
  const [, resource = '', id] = INFO_FILE.exec(name) ?? [];
  const isOurs = prefixes.some((prefix) => resource.startsWith(`${prefix}-`));
  return isOurs ? id : undefined;
}

/** The file about a device by version 1.1.0 of the device-info specification; absent where it knows no such device. */
export function deviceInfoFile(
  { resource }: Pool,
  { device, wants }: UsedDevice,
  nodes: DeviceNodes,
): HostFile | undefined {
  if (resource.deviceType !== 'netDevice') return undefined;
  const { id } = device;
  const vdpa = wants.vdpaType === undefined ? undefined : device.vdpa;
  const about =
    vdpa === undefined
      ? { type: 'pci', version: '1.1.0', pci: { 'pci-address': id, ...rdmaDevice(wants.isRdma, nodes) } }
      : {
          type: 'vdpa',
          version: '1.1.0',
          vdpa: {
            'parent-device': vdpa.name,
            driver: vdpa.type,
            ...(nodes.vhostVdpa !== undefined && vdpa.type === 'vhost' && { path: nodes.vhostVdpa }),
            'pci-address': id,
          },
        };
  return { path: deviceInfoPath(resource.name, id), content: JSON.stringify(about) };
}

function rdmaDevice(isRdma: boolean, { rdma }: DeviceNodes): object {
  return isRdma && rdma.length > 0 ? { 'rdma-device': rdma.map(({ name }) => name).join(',') } : {};
}
