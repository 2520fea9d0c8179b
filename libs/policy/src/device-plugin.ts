import { type ObservedInterface, REASON } from '@sriov/api';
import { hasName, isEmptySelector, selects } from './nic-selector.ts';
import { type ReadablePolicy } from './prepare.ts';
import { policyProblem, type Problem } from './problem.ts';
import { type SupportedNics } from './supported-nics.ts';

/** What the device-plugin configuration of a node depends on. */
export interface DevicePluginFacts {
  readonly node: string;
  /** The policies about the node, in rising precedence. */
  readonly policies: readonly ReadablePolicy[];
  readonly interfaces: readonly ObservedInterface[];
  readonly nics: SupportedNics;
  /** Resources whose elements stay as they stand in the present text. */
  readonly keep: {
    /** Their policy can no longer be read: kept where no other policy says something of them. */
    readonly orphaned: ReadonlySet<string>;
    /** A PF of theirs is not reported, nor are its names: kept whatever the policies say. */
    readonly frozen: ReadonlySet<string>;
    readonly from: string | undefined;
  };
}

/** Selectors of one resource, in the device plugin's own spelling and order. */
interface Resource {
  readonly resourceName: string;
  /** Nothing is selected, as opposed to nothing narrowing down what is. */
  isIdle: boolean;
  excludeTopology: boolean;
  vendors: string[];
  devices: string[];
  pciAddresses: string[];
  pfNames: string[];
  rootDevices: string[];
  linkTypes: string[];
  isRdma: boolean;
  needVhostNet: boolean;
  vdpaType: string;
  /** Who the single-valued fields come from. */
  policy: string;
}

/**
 * The configuration of the SR-IOV device plugin on a node: the exact text that it reads. Policies with the same
 * resource name share an element; where it can hold one value only, the one with the highest precedence wins and the
 * others get a problem.
 */
export function devicePluginConfig(facts: DevicePluginFacts): {
  readonly text: string;
  /** The device plugin ends when it has none. */
  readonly hasResources: boolean;
  readonly problems: readonly Problem[];
} {
  const resources = new Map<string, Resource>();
  const problems: Problem[] = [];
  for (const policy of facts.policies) {
    const fresh = resourceOf(policy, facts);
    const present = resources.get(fresh.resourceName);
    if (present) problems.push(...findConflicts(facts.node, present, fresh));
    resources.set(fresh.resourceName, present ? mergeResources(present, fresh) : fresh);
  }
  const present = presentElements(facts);
  const kept = [...present.values()].filter(
    ({ resourceName }) => facts.keep.orphaned.has(resourceName) && !resources.has(resourceName),
  );
  const elements = [...resources.values()].flatMap((resource) => {
    const frozen = facts.keep.frozen.has(resource.resourceName) ? present.get(resource.resourceName) : undefined;
    // In an element without selectors the device plugin would hand out every device of the node.
    return frozen ?? (resource.isIdle ? [] : toElement(resource));
  });
  const list = [...elements, ...kept];
  const hasResources = list.length > 0;
  return { text: JSON.stringify({ resourceList: hasResources ? list : null }), hasResources, problems };
}

/** The elements of the present text that may be kept, by resource name. */
function presentElements({ keep }: DevicePluginFacts): Map<string, { resourceName: string }> {
  if (keep.orphaned.size + keep.frozen.size === 0) return new Map();
  return new Map(elementsOf(keep.from).map((element) => [element.resourceName, element]));
}

/** The resources of a configuration as it stands. */
export function resourceNames(text: string | undefined): string[] {
  return elementsOf(text).map(({ resourceName }) => resourceName);
}

function elementsOf(text = '{}'): { resourceName: string }[] {
  try {
    const { resourceList } = JSON.parse(text) as { resourceList?: { resourceName: string }[] | null };
    return resourceList ?? [];
  } catch {
    // A text that is not JSON is no use to the device plugin either: there is nothing to keep.
    return [];
  }
}

function resourceOf(policy: ReadablePolicy, { interfaces, nics }: DevicePluginFacts): Resource {
  const { spec, selector, name } = policy;
  const { vendor, deviceID, rootDevices = [], pfs, netFilter } = selector;
  const pciAddresses = netFilter
    ? interfaces.filter((nic) => selects(selector, nic)).map(({ pciAddress }) => pciAddress)
    : [];
  return {
    resourceName: spec.resourceName,
    isIdle: netFilter ? pciAddresses.length === 0 : isEmptySelector(selector),
    excludeTopology: spec.excludeTopology === true,
    vendors: vendor ? [vendor] : [],
    devices: deviceID ? deviceIds(policy, interfaces, nics) : [],
    pciAddresses,
    pfNames: [...new Set(pfs.map((pf) => resolveName(pf, interfaces)))],
    rootDevices: [...rootDevices],
    linkTypes: spec.linkType && spec.deviceType !== 'vfio-pci' ? [linkTypeOf(spec.linkType)] : [],
    isRdma: spec.isRdma === true,
    needVhostNet: spec.needVhostNet === true,
    vdpaType: spec.vdpaType ?? '',
    policy: name,
  };
}

/**
 * Device id of the VFs that the policy makes: from the list of models, or from VFs that stand on such a PF already.
 * A policy that makes none hands out the PF itself.
 */
function deviceIds(
  { spec, selector }: ReadablePolicy,
  interfaces: readonly ObservedInterface[],
  nics: SupportedNics,
): string[] {
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

/** The PF's real name on this node, its range behind it. */
function resolveName(
  { name, range }: ReadablePolicy['selector']['pfs'][number],
  interfaces: readonly ObservedInterface[],
): string {
  const real = interfaces.find((nic) => hasName(nic, name))?.name ?? name;
  return range ? `${real}#${range.first}-${range.last}` : real;
}

function linkTypeOf(linkType: string): string {
  return linkType.toLowerCase() === 'ib' ? 'infiniband' : 'ether';
}

/** `fresh` has the higher precedence. */
function mergeResources(present: Resource, fresh: Resource): Resource {
  const union = (field: 'vendors' | 'devices' | 'pciAddresses' | 'pfNames' | 'rootDevices' | 'linkTypes'): string[] => [
    ...new Set([...present[field], ...fresh[field]]),
  ];
  return {
    ...fresh,
    isIdle: present.isIdle && fresh.isIdle,
    vendors: union('vendors'),
    devices: union('devices'),
    pciAddresses: union('pciAddresses'),
    pfNames: union('pfNames'),
    rootDevices: union('rootDevices'),
    linkTypes: union('linkTypes'),
  };
}

const SINGLE_FIELDS = ['isRdma', 'needVhostNet', 'vdpaType', 'excludeTopology'] as const;

function findConflicts(node: string, loser: Resource, winner: Resource): Problem[] {
  return SINGLE_FIELDS.filter((field) => loser[field] !== winner[field]).map((field) =>
    policyProblem(
      { policy: loser.policy, node },
      REASON.policyConflict,
      `${field} differs from that of policy ${winner.policy}, which has the same resourceName ${loser.resourceName} and takes precedence: use another resourceName`,
    ),
  );
}

/** Key order, spelling and presence are what upstream writes: an unchanged configuration must be unchanged bytes. */
function toElement(resource: Resource): object {
  const list = (values: readonly string[]): readonly string[] | undefined => (values.length > 0 ? values : undefined);
  return {
    resourceName: resource.resourceName,
    excludeTopology: resource.excludeTopology || undefined,
    selectors: {
      vendors: list(resource.vendors),
      devices: list(resource.devices),
      pciAddresses: list(resource.pciAddresses),
      pfNames: list(resource.pfNames),
      rootDevices: list(resource.rootDevices),
      linkTypes: list(resource.linkTypes),
      IsRdma: resource.isRdma,
      NeedVhostNet: resource.needVhostNet,
      vdpaType: resource.vdpaType || undefined,
    },
    SelectorObj: null,
  };
}
