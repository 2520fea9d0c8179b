import { GROUP } from '@sriov/api';
import { type Pool } from '../pools/pool.ts';
import { type HostFile } from './device-info.ts';
import { type DeviceSpec } from './nodes-of.ts';

/** Folder of the host in which container runtimes look for CDI specifications. */
export const CDI_FOLDER = '/var/run/cdi';

/** Each file is about one device: several processes write them, and none has to know what is in those of the others. */
const FILE = { prefix: 'sriov-operator-', suffix: '.json' };

/**
 * A runtime refuses a name that two files explain. The original plugin names devices `PREFIX/net-pci=ID` and the like,
 * and leaves its files `sriov-dp-*.yaml` when it is killed; at its start it removes all that begin with `sriov-dp-`.
 * Therefore neither our names nor our files are called like its own.
 */
const KIND = `${GROUP}/device`;

/** Name of a device in the words of CDI: `sriovnetwork.openshift.io/device=0000:3b:02.0`. */
export function cdiName(id: string): string {
  return `${KIND}=${id}`;
}

const CLASSES: Readonly<Record<Pool['resource']['deviceType'], string>> = {
  netDevice: 'net-pci',
  accelerator: 'net-accel',
  auxNetDevice: 'net-sf',
};

/** A key of an annotation has at most so many characters behind its slash. */
const MAX_KEY = 63;

/** Key of the annotation for older runtimes: one for each resource, since the kubelet keeps only one of each key. */
export function cdiAnnotation({ prefix, deviceType, resourceName }: Pool['resource']): string {
  const key = `${prefix}_${CLASSES[deviceType]}_${resourceName}`.replaceAll('/', '_');
  const end = key.slice(-MAX_KEY).replace(/^[^A-Za-z0-9]+/, '');
  return `cdi.k8s.io/${end}`;
}

/** The CDI specification of a device. Absent for one without device files: CDI allows none that changes nothing. */
export function cdiSpecFile(id: string, specs: readonly DeviceSpec[]): HostFile | undefined {
  if (specs.length === 0) return undefined;
  const devices = [{ name: id, containerEdits: { deviceNodes: specs.map(toNode) } }];
  return {
    path: `${CDI_FOLDER}/${FILE.prefix}${id}${FILE.suffix}`,
    content: JSON.stringify({ cdiVersion: '0.5.0', kind: KIND, devices }),
  };
}

/** The device that a file in {@link CDI_FOLDER} is about; absent for a file of somebody else. */
export function deviceOfCdiFile(name: string): string | undefined {
  if (!name.startsWith(FILE.prefix) || !name.endsWith(FILE.suffix)) return undefined;
  return name.slice(FILE.prefix.length, -FILE.suffix.length);
}

function toNode({ hostPath, containerPath, permissions }: DeviceSpec): object {
  return { path: containerPath, hostPath, permissions };
}
