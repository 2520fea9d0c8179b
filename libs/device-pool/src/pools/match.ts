import { type ObservedDevice } from '@sriov/observed-host';
import { ANY_DEVICE, type ResourceConfig, type Selector } from '../config/resource-config.ts';
import { isMeant, missingFor } from './fits.ts';

/** A selector that means a device. */
export interface Match {
  /** Name of its resource. */
  readonly resource: string;
  readonly selector: Selector;
  /** Why the device does not fit as it is; absent when it does. */
  readonly missing: string | undefined;
}

/** All selectors that mean the device, in order of the configuration. */
export function matchesOf(device: ObservedDevice, resources: readonly ResourceConfig[]): Match[] {
  return resources.flatMap(({ name, selectors, deviceType }) =>
    selectors
      .filter((selector) => isMeant(device, selector, deviceType))
      .map((selector) => ({ resource: name, selector, missing: missingFor(device, selector) })),
  );
}

/**
 * The first selector that the device fits as it is. Where it fits none, the one by which it was listed last, and
 * otherwise the first that means it: its driver may come (back).
 */
export function bestMatch(matches: readonly Match[], known?: string): Match | undefined {
  return (
    matches.find(({ missing }) => missing === undefined) ??
    matches.find(({ resource }) => resource === known) ??
    matches.at(0)
  );
}

/** The best of this resource, which may not mean the device any more, or be configured no more. */
export function matchWithin(resource: string, device: ObservedDevice, matches: readonly Match[]): Match {
  const own = bestMatch(matches.filter((each) => each.resource === resource));
  return own ?? { resource, selector: ANY_DEVICE, missing: missingFor(device, ANY_DEVICE) };
}
