import { formatVfRange, type NodePolicySpec, REASON, type VfRange } from '@sriov/api';
import { isEmptySelector, policyProblem, type Problem, type ReadablePolicy } from '@sriov/selection';
import { findDisagreements } from './disagreements.ts';
import { goJson } from './go-json.ts';
import { isPort, joinRanges, type PfInPlan, selectedVfs } from './selected-vfs.ts';
import { joinSelectors, NO_SELECTORS, type SelectorFacts, type Selectors, selectorsOf } from './selectors.ts';

/** What the device-plugin configuration of a node depends on. */
export interface DevicePluginFacts extends SelectorFacts {
  readonly node: string;
  /** The policies about the node, in rising precedence. */
  readonly policies: readonly ReadablePolicy[];
  readonly pfs: readonly PfForPlugin[];
  /** Resources whose elements stay as they stand in the present text. */
  readonly keep: {
    /** Their policy can no longer be read: kept where no other policy says something of them. */
    readonly orphaned: ReadonlySet<string>;
    /** A PF of theirs is not reported, nor are its names: kept whatever the policies say. */
    readonly frozen: ReadonlySet<string>;
    readonly from: string | undefined;
  };
}

/** A PF of the node, and what policies want of it. */
export interface PfForPlugin extends PfInPlan {
  /** Some policy makes VFs on it. */
  readonly isPlanned: boolean;
  /** What the policies that select it want of it, by their names. */
  readonly wanted: ReadonlyMap<string, WantedVfs>;
}

/** What a policy wants of a PF that it selects, be it that others with precedence take the VFs. */
export interface WantedVfs {
  /** As it wrote them: all there are, where it named none. None at all where it is refused or wants the PF itself. */
  readonly ranges: readonly VfRange[];
  /** They stand in the spec, and the policy cannot be carried out now. */
  readonly isKept: boolean;
}

/** A policy of a resource, and the selectors that say the same. */
interface Member {
  readonly policy: ReadablePolicy;
  readonly selectors: Selectors;
}

/** The policies of one resource name, in rising precedence. */
interface Resource {
  readonly resourceName: string;
  readonly members: readonly Member[];
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
  const present = presentElements(facts.keep.from);
  const problems: Problem[] = [];
  const resources = resourcesOf(facts);
  const elements = [...resources.values()].flatMap((resource) => {
    const { resourceName } = resource;
    const made = elementOf(resource, facts, present.get(resourceName));
    problems.push(...made.problems);
    return (facts.keep.frozen.has(resourceName) ? present.get(resourceName) : undefined) ?? made.element ?? [];
  });
  const kept = [...present].filter(([name]) => facts.keep.orphaned.has(name) && !resources.has(name));
  const list = [...elements, ...kept.map(([, element]) => element)];
  const hasResources = list.length > 0;
  return { text: goJson({ resourceList: hasResources ? list : null }), hasResources, problems };
}

/** The resources of a configuration as it stands. */
export function resourceNames(text: string | undefined): string[] {
  return [...presentElements(text).keys()];
}

/** The elements of a text by resource name. One that is not JSON is no use to the device plugin either. */
function presentElements(text = '{}'): Map<string, Element> {
  try {
    const { resourceList } = JSON.parse(text) as { resourceList?: Element[] | null };
    return new Map((resourceList ?? []).map((element) => [element.resourceName, element]));
  } catch {
    return new Map();
  }
}

function resourcesOf(facts: DevicePluginFacts): Map<string, Resource> {
  const resources = new Map<string, Resource>();
  for (const policy of facts.policies) {
    const { resourceName } = policy.spec;
    const { members = [] } = resources.get(resourceName) ?? {};
    resources.set(resourceName, {
      resourceName,
      members: [...members, { policy, selectors: selectorsOf(policy, facts) }],
    });
  }
  return resources;
}

/** One resource in the words of the device plugin. */
interface Element {
  readonly resourceName: string;
  readonly selectors?: unknown;
}

/** A policy whose selectors stand apart from those of the others. */
interface Apart {
  readonly member: Member;
  readonly write: (selectors: Selectors) => object;
  readonly present: Element | undefined;
}

interface Made {
  /** Absent when the resource has no device on the node. */
  readonly element: Element | undefined;
  readonly problems: readonly Problem[];
}

/**
 * The element of a resource: as upstream writes it, where the device plugin then hands out what the policies say. Else
 * each policy gets selectors of its own, by the addresses of its PFs where need be; such an element stays while it is
 * right: going back to fewer words would restart the device plugin for nothing.
 */
function elementOf({ members }: Resource, facts: DevicePluginFacts, present: Element | undefined): Made {
  const here = members.filter(({ policy }) => facts.pfs.some(({ wanted }) => wanted.has(policy.name)));
  const decider = (here.at(-1) ?? members.at(-1))?.policy;
  if (decider === undefined) return { element: undefined, problems: [] };
  const problems = here.flatMap(({ policy }) => problemsBeside(decider, policy, facts.node));
  const write = (selectors: Selectors): object => writeSelectors(selectors, decider.spec);
  const apart = here.flatMap((member) => selectorsApart({ member, write, present }, facts)).map(write);
  const elementApart = apart.length === 0 ? undefined : toElement(decider.spec, apart);
  const joined = joinSelectors(members.map(({ selectors }) => selectors));
  const isWanted = members.some(({ policy, selectors }) => !isIdle(policy, selectors));
  const isRight = isWanted && isSound(joined, members, facts);
  const element = isRight && !isSame(elementApart, present) ? toElement(decider.spec, [write(joined)]) : elementApart;
  return { element, problems };
}

function isSame(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && goJson(a) === goJson(b);
}

/** Nothing is selected, as opposed to nothing narrowing down what is. */
function isIdle({ selector }: ReadablePolicy, { pciAddresses }: Selectors): boolean {
  return selector.netFilter ? pciAddresses.length === 0 : isEmptySelector(selector);
}

/** True when the device plugin hands out by these selectors what the policies say: no VF more, and none less. */
function isSound(selectors: Selectors, members: readonly Member[], { pfs }: DevicePluginFacts): boolean {
  return !isOpen(selectors, members) && pfs.every((pf) => isSoundOn(selectors, members, pf));
}

/** A device id that cannot be told is left out, and every device of the vendor would fit. */
function isOpen({ devices, pfNames, rootDevices, pciAddresses }: Selectors, members: readonly Member[]): boolean {
  const isNarrow = [devices, pfNames, rootDevices, pciAddresses].some((list) => list.length > 0);
  return !isNarrow && members.some(({ policy }) => policy.selector.deviceID);
}

function isSoundOn(selectors: Selectors, members: readonly Member[], pf: PfForPlugin): boolean {
  const wishes = members.flatMap(({ policy }) => pf.wanted.get(policy.name) ?? []);
  // What a policy that cannot be carried out has there is what its words meant before.
  if (wishes.length > 0 && wishes.every(({ ranges, isKept }) => isKept || ranges.length === 0)) return true;
  const wanted = formatRanges(joinRanges(wishes.flatMap(({ ranges }) => ranges)));
  // Most device ids are known, and then there is but one answer; this is asked for each PF of each resource.
  const answers = pf.vfDevice === undefined && pf.isPlanned ? [true, false] : [false];
  return answers.every((unknownFits) => formatRanges(selectedVfs(selectors, pf, { unknownFits })) === wanted);
}

/** The selectors of one policy alone; by the addresses of its PFs where its own words mean something else. */
function selectorsApart({ member, write, present }: Apart, facts: DevicePluginFacts): Selectors[] {
  const addressed = addressedSelectors(member, facts);
  const stands = [present?.selectors ?? []].flat();
  const isAddressed = addressed.length > 0 && addressed.every((each) => stands.some((one) => isSame(one, write(each))));
  return !isAddressed && isSound(member.selectors, [member], facts) ? [member.selectors] : addressed;
}

/** Selectors that name the PFs of a policy by their addresses: there is nothing that they cannot say. */
function addressedSelectors({ policy, selectors }: Member, { pfs }: DevicePluginFacts): Selectors[] {
  const isWhole = policy.spec.numVfs === 0;
  const mine = pfs.flatMap((pf) => {
    const wanted = pf.wanted.get(policy.name);
    return wanted && (isWhole || wanted.ranges.length > 0) ? { ...pf, ranges: wanted.ranges } : [];
  });
  const isItself = ({ nic }: PfInPlan): boolean => isWhole || isPort(nic);
  const { vendors, linkTypes } = selectors;
  const rootDevices = mine.filter((pf) => !isItself(pf)).map(addressEntry);
  const pciAddresses = mine.filter(isItself).map(({ nic }) => nic.pciAddress);
  return [
    ...(rootDevices.length > 0 ? [{ ...NO_SELECTORS, vendors, linkTypes, rootDevices }] : []),
    ...(pciAddresses.length > 0 ? [{ ...NO_SELECTORS, vendors, linkTypes, pciAddresses }] : []),
  ];
}

/** Address and VFs of a PF; no VFs are named where it is all of them, so that their number can change. */
function addressEntry({ nic, numVfs, ranges }: PfInPlan & { readonly ranges: readonly VfRange[] }): string {
  const text = formatRanges(joinRanges(ranges));
  return text === formatRanges([{ first: 0, last: numVfs - 1 }]) ? nic.pciAddress : `${nic.pciAddress}#${text}`;
}

function formatRanges(ranges: readonly VfRange[]): string {
  return ranges.map(formatVfRange).join(',');
}

/** Over an element with both the device plugin ends, and no resource of the node is served. */
function endsDevicePlugin({ isRdma, vdpaType }: NodePolicySpec): boolean {
  return isRdma === true && Boolean(vdpaType);
}

/** What a policy has to learn beside the one that decides for the resource; it may be the same. */
function problemsBeside(decider: ReadablePolicy, { name, spec }: ReadablePolicy, node: string): Problem[] {
  const conflicts = findDisagreements(spec, decider.spec).map((field) =>
    policyProblem(
      { policy: name, node },
      REASON.policyConflict,
      `${field} differs from that of policy ${decider.name}, which has the same resourceName ${spec.resourceName} and takes precedence: use another resourceName`,
    ),
  );
  const message = `spec.isRdma true cannot be combined with vdpaType ${spec.vdpaType}: the VFs are handed out without RDMA; remove one of the two`;
  const fault = policyProblem({ policy: name, node }, REASON.policyInvalid, message);
  return endsDevicePlugin(spec) ? [...conflicts, fault] : conflicts;
}

/** Key order, spelling and presence are what upstream writes: an unchanged configuration must be unchanged bytes. */
function writeSelectors(selectors: Selectors, spec: NodePolicySpec): object {
  const list = (values: readonly string[]): readonly string[] | undefined => (values.length > 0 ? values : undefined);
  return {
    vendors: list(selectors.vendors),
    devices: list(selectors.devices),
    pciAddresses: list(selectors.pciAddresses),
    pfNames: list(selectors.pfNames),
    rootDevices: list(selectors.rootDevices),
    linkTypes: list(selectors.linkTypes),
    IsRdma: spec.isRdma === true && !endsDevicePlugin(spec),
    NeedVhostNet: spec.needVhostNet === true,
    vdpaType: spec.vdpaType || undefined,
  };
}

/** The device plugin takes one set of selectors, or a list of them: a device must fit one. */
function toElement({ resourceName, excludeTopology }: NodePolicySpec, written: readonly object[]): Element {
  return {
    resourceName,
    ...(excludeTopology === true && { excludeTopology: true }),
    ...{ selectors: written.length === 1 ? written[0] : written, SelectorObj: null },
  };
}
