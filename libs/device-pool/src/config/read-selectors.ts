import { isReadableEntry } from '../pools/pf-entries.ts';
import { readKeys } from './read-keys.ts';
import { type ResourceConfig, type Selector } from './resource-config.ts';
import { SELECTORS_OF, selectorSchema } from './schemas.ts';

/** The selectors of a resource as far as they can be read. */
export interface ReadSelectors {
  readonly selectors: readonly Selector[];
  /** Why the resource cannot be served; absent when it can. */
  readonly refusal?: string | undefined;
  /** What does not mean what its writer may think. */
  readonly remarks: readonly string[];
}

/** Reads an object or a list of objects. No selectors at all mean every device, as `{}` does. */
export function readSelectors(written: unknown, deviceType: ResourceConfig['deviceType']): ReadSelectors {
  const given: readonly unknown[] = Array.isArray(written) ? written : [written ?? {}];
  if (given.length === 0) return { selectors: [], refusal: 'its list of selectors is empty', remarks: [] };
  const read = given.map((each) => readSelector(each, deviceType));
  return {
    selectors: read.flatMap(({ selectors }) => selectors),
    refusal: read.flatMap(({ refusal }) => refusal ?? []).at(0),
    remarks: read.flatMap(({ remarks }) => remarks),
  };
}

function readSelector(entry: unknown, deviceType: ResourceConfig['deviceType']): ReadSelectors {
  const { value, problem, unknown } = readKeys(entry, selectorSchema, SELECTORS_OF[deviceType]);
  const ignored = unknown.map((key) => `the selector ${key} is none of the deviceType ${deviceType}, and is ignored`);
  if (value === undefined) return { selectors: [], refusal: `its selectors: ${problem}`, remarks: ignored };
  const selector: Selector = {
    ...{ vendors: value.vendors, devices: value.devices, drivers: value.drivers, auxTypes: value.auxtypes },
    ...{ pciAddresses: value.pciaddresses, acpiIndexes: value.acpiindexes, linkTypes: value.linktypes },
    ...{ pfNames: value.pfnames, rootDevices: value.rootdevices, pKeys: value.pkeys },
    ...{ isRdma: value.isrdma === true, needVhostNet: value.needvhostnet === true },
    ...(value.vdpatype ? { vdpaType: value.vdpatype } : {}),
  };
  return {
    selectors: [selector],
    refusal: refusalOf(selector, deviceType, value.ddpprofiles),
    remarks: [...ignored, ...remarksOn(selector)],
  };
}

function refusalOf(
  { isRdma, vdpaType, auxTypes }: Selector,
  deviceType: ResourceConfig['deviceType'],
  ddpProfiles: readonly string[],
): string | undefined {
  if (ddpProfiles.length > 0) return 'the selector ddpProfiles is not supported';
  if (isRdma && vdpaType !== undefined) return 'a device has either isRdma or a vdpaType';
  if (deviceType !== 'auxNetDevice') return undefined;
  if (auxTypes.length === 0) return 'a selector of the deviceType auxNetDevice needs auxTypes';
  const other = auxTypes.find((type) => type !== 'sf');
  return other === undefined ? undefined : `the auxType ${other} is not supported: write sf`;
}

function remarksOn({ pfNames, rootDevices, vdpaType }: Selector): string[] {
  const unreadable = [...pfNames, ...rootDevices].filter((entry) => !isReadableEntry(entry));
  return [
    ...unreadable.map((entry) => `the entry ${entry} cannot be read: write NAME, or NAME#0,2-5`),
    ...(vdpaType === undefined || ['vhost', 'virtio'].includes(vdpaType)
      ? []
      : [`there is no vdpaType ${vdpaType}: write vhost or virtio`]),
  ];
}
