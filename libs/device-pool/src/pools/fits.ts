import { type ObservedDevice } from '@sriov/observed-host';
import { type ResourceConfig, type Selector } from '../config/resource-config.ts';
import { namesPf } from './pf-entries.ts';

const KINDS: Readonly<Record<ResourceConfig['deviceType'], ObservedDevice['kind']>> = {
  netDevice: 'net',
  accelerator: 'accelerator',
  auxNetDevice: 'auxiliary',
};

/** True when the device is what the selector asks for, whatever drives it at the moment. */
export function isMeant(device: ObservedDevice, selector: Selector, deviceType: ResourceConfig['deviceType']): boolean {
  if (device.kind !== KINDS[deviceType]) return false;
  const isOfKind = has(selector.vendors, device.vendor) && has(selector.devices, device.deviceId);
  if (!isOfKind) return false;
  if (deviceType === 'accelerator') return has(selector.pciAddresses, device.id);
  return (
    isOnPf(device, selector) && (deviceType === 'auxNetDevice' ? isOfType(device, selector) : isAt(device, selector))
  );
}

function isOnPf({ parent }: ObservedDevice, { pfNames, rootDevices }: Selector): boolean {
  return namesPf(pfNames, parent?.name, parent?.index) && namesPf(rootDevices, parent?.pciAddress, parent?.index);
}

function isOfType({ auxType = '' }: ObservedDevice, { auxTypes }: Selector): boolean {
  return has(auxTypes, auxType);
}

function isAt({ id, acpiIndex = '' }: ObservedDevice, { pciAddresses, acpiIndexes }: Selector): boolean {
  return has(pciAddresses, id) && has(acpiIndexes, acpiIndex);
}

/**
 * What is missing for the device to be used as the selector asks: its driver, or what comes with the driver. A part of
 * a sentence; absent when nothing is.
 */
export function missingFor(
  device: ObservedDevice,
  selector: Selector,
  deviceType: ResourceConfig['deviceType'],
): string | undefined {
  const checks = CHECKS.filter(({ types }) => types.includes(deviceType));
  for (const { missing } of checks) {
    const found = missing(device, selector);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Check {
  /** Selectors of the other types do not have what is checked. */
  readonly types: readonly ResourceConfig['deviceType'][];
  readonly missing: (device: ObservedDevice, selector: Selector) => string | undefined;
}

const CHECKS: readonly Check[] = [
  { types: ['netDevice', 'accelerator', 'auxNetDevice'], missing: missingDriver },
  { types: ['netDevice', 'auxNetDevice'], missing: wrongLinkType },
  {
    types: ['netDevice', 'auxNetDevice'],
    missing: ({ isRdma }, selector) =>
      selector.isRdma && !isRdma ? 'there is no RDMA device, and the resource asks for one' : undefined,
  },
  {
    types: ['netDevice'],
    missing: ({ pKey = '' }, { pKeys }) =>
      has(pKeys, pKey) ? undefined : `the partition key is ${pKey || 'unknown'}, not ${pKeys.join(' or ')}`,
  },
  {
    types: ['netDevice'],
    missing: ({ vdpa }, { vdpaType }) =>
      vdpaType === undefined || vdpa?.type === vdpaType
        ? undefined
        : `there is no vDPA device of the type ${vdpaType}, and the resource asks for one`,
  },
];

function missingDriver({ driver }: ObservedDevice, { drivers }: Selector): string | undefined {
  if (driver === undefined) return 'no driver is bound';
  if (has(drivers, driver)) return undefined;
  return `the driver ${driver} is bound, and the resource asks for ${drivers.join(' or ')}`;
}

function wrongLinkType({ linkType = '' }: ObservedDevice, { linkTypes }: Selector): string | undefined {
  if (has(linkTypes, linkType)) return undefined;
  return `the link type is ${linkType || 'unknown'}, and the resource asks for ${linkTypes.join(' or ')}`;
}

function has(list: readonly string[], value: string): boolean {
  return list.length === 0 || list.includes(value);
}
