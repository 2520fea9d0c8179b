import { type ObservedInterface } from '@sriov/api';
import { hasName, type NamedPf, type ReadablePolicy, selects, type SupportedNics } from '@sriov/selection';

/** The lists of a selector of the device plugin. A device fits when each list that is not empty names it. */
export interface Selectors {
  readonly vendors: readonly string[];
  /** Device ids of VFs, or of PFs that are handed out themselves. */
  readonly devices: readonly string[];
  readonly pciAddresses: readonly string[];
  /** Names of PFs, with the VFs in question behind a `#`. */
  readonly pfNames: readonly string[];
  /** PCI addresses of PFs, with VFs behind a `#` as well. */
  readonly rootDevices: readonly string[];
  readonly linkTypes: readonly string[];
}

/** Selectors that fit every device. */
export const NO_SELECTORS: Selectors = {
  vendors: [],
  devices: [],
  pciAddresses: [],
  pfNames: [],
  rootDevices: [],
  linkTypes: [],
};

/** What is needed to turn policies into selectors. */
export interface SelectorFacts {
  readonly interfaces: readonly ObservedInterface[];
  readonly nics: SupportedNics;
}

/** The selectors for a policy, part by part, as upstream writes them. */
export function selectorsOf(policy: ReadablePolicy, facts: SelectorFacts): Selectors {
  const { spec, selector } = policy;
  const { vendor, deviceID, rootDevices = [], pfs, netFilter } = selector;
  const ports = netFilter ? facts.interfaces.filter((nic) => selects(selector, nic)) : [];
  return {
    vendors: vendor ? [vendor] : [],
    devices: deviceID ? deviceIds(policy, facts) : [],
    pciAddresses: ports.map(({ pciAddress }) => pciAddress),
    pfNames: [...new Set(pfs.map((pf) => resolveName(pf, facts.interfaces)))],
    rootDevices,
    linkTypes: spec.linkType && spec.deviceType !== 'vfio-pci' ? [linkTypeOf(spec.linkType)] : [],
  };
}

/** The joined selectors of several policies, as upstream writes them: each list has the entries of all policies. */
export function joinSelectors(all: readonly Selectors[]): Selectors {
  const join = (list: keyof Selectors): string[] => [...new Set(all.flatMap((each) => each[list]))];
  return {
    vendors: join('vendors'),
    devices: join('devices'),
    pciAddresses: join('pciAddresses'),
    pfNames: join('pfNames'),
    rootDevices: join('rootDevices'),
    linkTypes: join('linkTypes'),
  };
}

/**
 * Device id of the VFs that the policy makes: from the list of models, or from VFs that exist on such a PF already. A
 * policy that makes no VFs hands out the PF itself.
 */
function deviceIds({ spec, selector }: ReadablePolicy, { interfaces, nics }: SelectorFacts): string[] {
  const pfDevice = selector.deviceID ?? '';
  if (spec.numVfs === 0) return [pfDevice];
  const listed = nics.vfDevice({ vendor: selector.vendor, pfDevice });
  const found =
    listed ??
    interfaces
      .filter(({ vendor, deviceID }) => deviceID === pfDevice && (!selector.vendor || vendor === selector.vendor))
      .flatMap(({ Vfs = [] }) => Vfs)
      .find(({ deviceID }) => deviceID)?.deviceID;
  return found === undefined ? [] : [found];
}

/** The real name of the PF on this node, followed by the range as it was written. */
function resolveName({ name, rangeText }: NamedPf, interfaces: readonly ObservedInterface[]): string {
  const real = interfaces.find((nic) => hasName(nic, name))?.name ?? name;
  return rangeText === undefined ? real : `${real}#${rangeText}`;
}

function linkTypeOf(linkType: string): string {
  return linkType.toLowerCase() === 'ib' ? 'infiniband' : 'ether';
}
