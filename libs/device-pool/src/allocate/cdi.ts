import { type DeviceNodes } from '@sriov/observed-host';
import { type ResourceConfig } from '../config/resource-config.ts';
import { type Pool } from '../pools/pool.ts';
import { type HostFile } from './device-info.ts';
import { type DeviceSpec, providedBy } from './nodes-of.ts';

/** Folder of the host in which container runtimes look for CDI specifications. */
export const CDI_FOLDER = '/var/run/cdi';
/** Names of our files, and of those of the original, begin like this. */
export const CDI_FILE_PREFIX = 'sriov-dp-';

const CLASSES: Readonly<Record<ResourceConfig['deviceType'], string>> = {
  netDevice: 'net-pci',
  accelerator: 'net-accel',
  auxNetDevice: 'net-sf',
};

/** Name of a device in the words of CDI: `openshift.io/net-pci=0000:3b:02.0`. */
export function cdiName({ prefix, deviceType }: Pool['resource'], id: string): string {
  return `${prefix}/${CLASSES[deviceType]}=${id}`;
}

/** A key of an annotation has at most so many characters behind its slash. */
const MAX_KEY = 63;

/** Key of the annotation for older runtimes: one for each resource, since the kubelet keeps only one of each key. */
export function cdiAnnotation({ prefix, deviceType, resourceName }: Pool['resource']): string {
  const key = `${prefix}_${CLASSES[deviceType]}_${resourceName}`.replaceAll('/', '_');
  const end = key.slice(-MAX_KEY).replace(/^[^A-Za-z0-9]+/, '');
  return `cdi.k8s.io/${end}`;
}

/**
 * The CDI specification of a pool. JSON is YAML as well. Devices without device files are left out: CDI allows none
 * that changes nothing. Absent when there is no other.
 */
export function cdiSpecFile(pool: Pool, nodes: ReadonlyMap<string, DeviceNodes>): HostFile | undefined {
  const { prefix, deviceType, resourceName } = pool.resource;
  const devices = pool.devices.flatMap(({ id, device, wants }) => {
    const found = nodes.get(id);
    if (device === undefined || found === undefined) return [];
    const specs = providedBy({ device, wants }, found, undefined).flatMap((each) => each.specs);
    return specs.length === 0 ? [] : [{ name: id, containerEdits: { deviceNodes: specs.map(toNode) } }];
  });
  if (devices.length === 0) return undefined;
  const kind = `${prefix}/${CLASSES[deviceType]}`;
  return {
    path: `${CDI_FOLDER}/${CDI_FILE_PREFIX}${prefix}-${CLASSES[deviceType]}-${resourceName}.json`,
    content: JSON.stringify({ cdiVersion: '0.5.0', kind, devices }),
  };
}

function toNode({ hostPath, containerPath, permissions }: DeviceSpec): object {
  return { path: containerPath, hostPath, permissions };
}
