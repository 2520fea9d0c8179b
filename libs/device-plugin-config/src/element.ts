import { REASON, type VfRange } from '@sriov/api';
import { isEmptySelector, policyProblem, type Problem, type ReadablePolicy } from '@sriov/selection';
import { endsDevicePlugin, type ResourceElement, toElement, readSelectors, writeSelectors } from './config-text.ts';
import { findDisagreements } from './disagreements.ts';
import { goJson } from './go-json.ts';
import { formatRanges, isSound } from './is-sound.ts';
import { type Member } from './members.ts';
import { givenTo, type PfForPlugin } from './pf-for-plugin.ts';
import { isPort, joinRanges, type PfInPlan } from './selected-vfs.ts';
import { joinSelectors, NO_SELECTORS, type Selectors } from './selectors.ts';

/** What the element of a resource depends on. */
export interface ElementFacts {
  /** Name of the node. */
  readonly node: string;
  /** The policies of the resource, in rising precedence. */
  readonly members: readonly Member[];
  readonly pfs: readonly PfForPlugin[];
  /** The element in the present configuration. */
  readonly present: ResourceElement | undefined;
}

/** The element of a resource, and the problems of its policies. */
export interface ElementResult {
  /** Absent when the resource has no device on the node. */
  readonly element: ResourceElement | undefined;
  readonly problems: readonly Problem[];
}

/**
 * The element of a resource: as upstream writes it, if the device plugin then hands out what the policies say.
 * Otherwise each policy gets selectors of its own, if necessary by the addresses of its PFs. Such an element stays
 * while it is right, since going back to fewer words would restart the device plugin for nothing.
 */
export function elementOf(facts: ElementFacts): ElementResult {
  const { node, members, pfs, present } = facts;
  const asking = members.filter(({ isStanding }) => isStanding !== true);
  if (asking.length === 0 && isRight(facts)) return { element: present, problems: [] };
  const here = members.filter(({ policy }) => pfs.some(({ given }) => given.has(policy.name)));
  const served = here.filter((member) => asking.includes(member));
  const decider = (served.at(-1) ?? members.at(-1))?.policy;
  if (decider === undefined) return { element: undefined, problems: [] };
  const problems = served.flatMap(({ policy }) => problemsBeside(decider, policy, node));
  return { element: chooseElement(facts, decider, here), problems };
}

function chooseElement(
  facts: ElementFacts,
  decider: ReadablePolicy,
  here: readonly Member[],
): ResourceElement | undefined {
  const { present } = facts;
  const write = (selectors: Selectors): object => writeSelectors(selectors, decider.spec);
  const joined = joinedElement(facts, (selectors) => toElement(decider.spec, [write(selectors)]));
  // Most resources are served by joined selectors and have them already: then nothing else needs to be worked out.
  if (joined !== undefined && (present === undefined || isSame(joined, present))) return joined;
  const written = here.flatMap((member) => selectorsApart(member, write, facts)).map(write);
  const apart = written.length === 0 ? undefined : toElement(decider.spec, written);
  return joined !== undefined && !isSame(apart, present) ? joined : apart;
}

/** The sets of selectors of the present element: none where there is none, absent where they are of others. */
function presentSets({ present }: Pick<ElementFacts, 'present'>): readonly Selectors[] | undefined {
  return present === undefined ? [] : readSelectors(present);
}

/** True for an element that is there, and that can stay in its words. */
function isRight(facts: ElementFacts): boolean {
  const sets = facts.present && readSelectors(facts.present);
  return sets !== undefined && isSound(sets, { ...facts, present: sets });
}

/**
 * The element with the selectors of all policies joined; `undefined` where the device plugin would hand out other VFs.
 */
function joinedElement(
  facts: ElementFacts,
  make: (selectors: Selectors) => ResourceElement,
): ResourceElement | undefined {
  const { members } = facts;
  const joined = joinSelectors(members.map(({ selectors }) => selectors));
  const isWanted = members.some(({ policy, selectors }) => !isIdle(policy, selectors));
  return isWanted && isSound([joined], { ...facts, present: presentSets(facts) }) ? make(joined) : undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && goJson(a) === goJson(b);
}

/** True when the policy selects nothing. This differs from a selector that restricts nothing. */
function isIdle({ selector }: ReadablePolicy, { pciAddresses }: Selectors): boolean {
  return selector.netFilter ? pciAddresses.length === 0 : isEmptySelector(selector);
}

/** The selectors of one policy; by the addresses of its PFs where its own words would mean something else. */
function selectorsApart(
  member: Member,
  write: (selectors: Selectors) => object,
  { pfs, present }: Pick<ElementFacts, 'pfs' | 'present'>,
): Selectors[] {
  const addressed = addressedSelectors(member, pfs);
  const stands = [present?.selectors ?? []].flat();
  const isAddressed = addressed.length > 0 && addressed.every((each) => stands.some((one) => isSame(one, write(each))));
  const alone = { members: [member], pfs, present: presentSets({ present }) };
  const isInWords = member.isStanding !== true && isSound([member.selectors], alone);
  return !isAddressed && isInWords ? [member.selectors] : addressed;
}

/** Selectors that name the PFs of a policy by their addresses. They can express every selection. */
function addressedSelectors({ policy, selectors }: Member, pfs: readonly PfForPlugin[]): Selectors[] {
  const isWhole = policy.spec.numVfs === 0;
  const mine = pfs.flatMap((pf) => {
    const ranges = givenTo(policy, pf);
    return pf.given.has(policy.name) && (isWhole || ranges.length > 0) ? { ...pf, ranges } : [];
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

/** Address and VFs of a PF. Where all VFs are meant, none is named, so that their number can change. */
function addressEntry({ nic, numVfs, asItIs, ranges }: PfForPlugin & { readonly ranges: readonly VfRange[] }): string {
  const text = formatRanges(joinRanges(ranges));
  const last = Math.max(numVfs, asItIs?.numVfs ?? 0) - 1;
  return text === formatRanges([{ first: 0, last }]) ? nic.pciAddress : `${nic.pciAddress}#${text}`;
}

/** The problems of a policy beside the one that decides for the resource. The two may be the same. */
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
