import { type ObservedDevice } from '@sriov/observed-host';
import { listChoices } from '@sriov/words';
import { type ResourceConfig, type Selector } from '../config/resource-config.ts';
import { namesPf } from './pf-entries.ts';

const KINDS: Readonly<Record<ResourceConfig['deviceType'], ObservedDevice['kind']>> = {
  netDevice: 'net',
  accelerator: 'accelerator',
  auxNetDevice: 'auxiliary',
};

/** True when the device is what the selector asks for, whatever drives it at the moment. */
export function isMeant(device: ObservedDevice, selector: Selector, deviceType: ResourceConfig['deviceType']): boolean {
  return (
    device.kind === KINDS[deviceType] &&
    has(selector.vendors, device.vendor) &&
    has(selector.devices, device.deviceId) &&
    has(selector.pciAddresses, device.id) &&
    has(selector.acpiIndexes, device.acpiIndex) &&
    has(selector.auxTypes, device.auxType) &&
    isOnPf(device, selector)
  );
}

function isOnPf({ parent }: ObservedDevice, { pfNames, rootDevices }: Selector): boolean {
  return namesPf(pfNames, parent?.name, parent?.index) && namesPf(rootDevices, parent?.pciAddress, parent?.index);
}

/**
 * What is missing for the device to be used as the selector asks: its driver, or what comes with the driver. A part of
 * a sentence; absent when nothing is.
 */
export function missingFor(device: ObservedDevice, selector: Selector): string | undefined {
  return CHECKS.flatMap((check) => check(device, selector) ?? []).at(0);
}

type Check = (device: ObservedDevice, selector: Selector) => string | undefined;

/** The most telling first. */
const CHECKS: readonly Check[] = [
  missingDriver,
  ({ linkType }, { linkTypes }) => otherThan('link type', linkType, linkTypes),
  ({ pKey }, { pKeys }) => otherThan('partition key', pKey, pKeys),
  (device, { isRdma }) =>
    isRdma && !device.isRdma ? 'there is no RDMA device, and the resource asks for one' : undefined,
  ({ vdpa }, { vdpaType }) =>
    vdpaType === undefined || vdpa?.type === vdpaType
      ? undefined
      : `there is no vDPA device of the type ${vdpaType}, and the resource asks for one`,
];

function missingDriver({ driver }: ObservedDevice, { drivers }: Selector): string | undefined {
  if (driver === undefined) return 'no driver is bound';
  return otherThan('driver', driver, drivers);
}

function otherThan(what: string, is: string | undefined, asked: readonly string[]): string | undefined {
  if (has(asked, is)) return undefined;
  return `the ${what} is ${is ?? 'unknown'}, and the resource asks for ${listChoices(asked)}`;
}

function has(list: readonly string[], value: string | undefined): boolean {
  return list.length === 0 || list.some((each) => each === value);
}
