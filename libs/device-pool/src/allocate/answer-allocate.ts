import { type DeviceNodes } from '@sriov/observed-host';
import { type ResourceConfig } from '../config/resource-config.ts';
import { type Pool } from '../pools/pool.ts';
import { cdiAnnotation, cdiName, cdiSpecFile } from './cdi.ts';
import { deviceInfoFile, type HostFile } from './device-info.ts';
import { type DeviceSpec, providedBy, type UsedDevice } from './nodes-of.ts';

export { DEVICE_INFO_FOLDER, deviceInfoPath, deviceOfInfoFile, type HostFile } from './device-info.ts';

/** What one container gets. */
export interface ContainerAllocation {
  readonly envs: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceSpec[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cdiDevices: readonly string[];
  /** To be written before the container is told. */
  readonly files: readonly HostFile[];
}

/** What is known of the devices, and how a container gets them. */
export interface AllocateOptions {
  /** Device files of each device, read in this very call. */
  readonly nodes: ReadonlyMap<string, DeviceNodes>;
  /** The runtime adds the device files by CDI. */
  readonly useCdi: boolean;
}

/**
 * Answers one container of an Allocate call. A problem when a device is not in the pool, cannot be used now, or has got
 * another driver since it was offered.
 */
export function answerAllocate(
  pool: Pool,
  ids: readonly string[],
  { nodes, useCdi }: AllocateOptions,
): ContainerAllocation | { readonly problem: string } {
  const parts: DevicePart[] = [];
  for (const id of ids) {
    const pooled = pool.devices.find((each) => each.id === id);
    if (pooled === undefined) return { problem: `the resource ${pool.resource.name} has no device ${id} now` };
    const { device, wants } = pooled;
    const found = nodes.get(id);
    if (device === undefined || found === undefined) {
      return { problem: `the device ${id} of the resource ${pool.resource.name} cannot be read now` };
    }
    if (device.driver !== found.driver) return { problem: reboundProblem(pool, id, found.driver) };
    parts.push(partOf(pool, { device, wants }, found));
  }
  const variable = envName(pool.resource);
  const info = sortKeys(Object.fromEntries(parts.map(({ id, words }) => [id, words])));
  const cdiFiles = useCdi ? parts.flatMap(({ id, specs }) => cdiSpecFile(id, specs) ?? []) : [];
  const cdiDevices = useCdi ? parts.flatMap(({ id, specs }) => (specs.length > 0 ? [cdiName(id)] : [])) : [];
  return {
    envs: { [variable]: ids.join(','), [`${variable}_INFO`]: JSON.stringify(info) },
    devices: useCdi ? [] : uniqueSpecs(parts.flatMap(({ specs }) => specs)),
    annotations: cdiDevices.length > 0 ? { [cdiAnnotation(pool.resource)]: cdiDevices.join(',') } : {},
    cdiDevices,
    files: [...parts.flatMap(({ file }) => file ?? []), ...cdiFiles],
  };
}

/** The files of another driver are not what the resource was chosen for. */
function reboundProblem({ resource }: Pool, id: string, driver: string | undefined): string {
  const now = driver === undefined ? 'no driver now' : `the driver ${driver} now`;
  return `the device ${id} of the resource ${resource.name} has ${now}, and had another one when it was offered`;
}

/** What one device adds to the answer. */
interface DevicePart {
  readonly id: string;
  readonly words: Words;
  readonly specs: readonly DeviceSpec[];
  readonly file: HostFile | undefined;
}

function partOf(pool: Pool, used: UsedDevice, nodes: DeviceNodes): DevicePart {
  const { id, pciAddress } = used.device;
  const provided = providedBy(used, nodes, extraInfo(pool.resource, pciAddress));
  const words = Object.fromEntries(provided.map(({ provider, info }) => [provider, info]));
  return {
    id,
    words: { generic: { deviceID: id }, ...words },
    specs: provided.flatMap(({ specs }) => specs),
    file: deviceInfoFile(pool, used, nodes),
  };
}

/** Devices of one group share its file. */
function uniqueSpecs(specs: readonly DeviceSpec[]): DeviceSpec[] {
  const paths = specs.map(({ hostPath }) => hostPath);
  return specs.filter(({ hostPath }, index) => paths.indexOf(hostPath) === index);
}

/** `PCIDEVICE_OPENSHIFT_IO_INTELNICS`. A hyphen stays. */
function envName({ prefix, resourceName }: Pick<ResourceConfig, 'prefix' | 'resourceName'>): string {
  return `PCIDEVICE_${prefix}_${resourceName}`.replaceAll('.', '_').toUpperCase();
}

/** The words for all devices, and over them those for the address. */
function extraInfo(
  { additionalInfo }: Pick<ResourceConfig, 'additionalInfo'>,
  pciAddress: string,
): Readonly<Record<string, string>> | undefined {
  return additionalInfo && { ...additionalInfo['*'], ...additionalInfo[pciAddress] };
}

/** A text, or words by their keys. */
type Words = string | { readonly [key: string]: Words };

/** People compare these texts, so their order must not depend on anything. */
function sortKeys(words: Words): Words {
  if (typeof words === 'string') return words;
  const entries = Object.entries(words).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sortKeys(each)]));
}
