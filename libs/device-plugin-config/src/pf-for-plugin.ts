import { type ObservedInterface, type VfRange } from '@sriov/api';
import { factsOfStatus, staysAsItIs, tellsOfVfs } from '@sriov/node-limits';
import { mergeContributions, type PfLayers, type ReadablePolicy, type SupportedNics } from '@sriov/selection';
import { type PfInPlan } from './selected-vfs.ts';

type Contribution = PfLayers['contributions'][number];

/** A PF of the node once the plan is carried out, and what policies have of it. */
export interface PfForPlugin extends PfInPlan {
  /** Some policy makes VFs on it. */
  readonly isPlanned: boolean;
  /** Nobody knows which policies made its VFs: it stays as it is. */
  readonly isUnknown: boolean;
  /**
   * The VF groups that the plan gives to each policy that selects the PF, by its name. None where the policy is
   * refused, wants the PF itself, or loses its VFs to one with precedence.
   */
  readonly given: ReadonlyMap<string, Contribution['groups']>;
  /** The PF as it is, where it may stay so: the daemon refuses the plan, or someone else manages the VFs. */
  readonly asItIs?: PfInPlan;
}

/** The PF as the device plugin will meet it once the plan is carried out. */
export function pfForPlugin({ nic, contributions, meantBy, isUnknown }: PfLayers, nics: SupportedNics): PfForPlugin {
  const groups = new Map(contributions.map((each) => [each.policy, each.groups]));
  const given = new Map(meantBy.map((policy) => [policy, groups.get(policy) ?? []]));
  const asItIs = pfAsItIs(nic, nics);
  if (contributions.length === 0) return { ...asItIs, isPlanned: false, isUnknown, given };
  const { desired } = mergeContributions(nic, contributions);
  const linkType = desired.linkType ? wordOf(desired.linkType) : asItIs.linkType;
  const mayStay = desired.externallyManaged === true || staysAsItIs(desired, factsOfStatus(nic));
  return {
    ...{ ...asItIs, numVfs: desired.numVfs ?? 0, linkType, isPlanned: true, isUnknown, given },
    ...(mayStay && tellsOfVfs(nic) && { asItIs }),
  };
}

function pfAsItIs(nic: ObservedInterface, nics: SupportedNics): PfInPlan {
  const { vendor, deviceID, linkType, Vfs = [] } = nic;
  const shown = Vfs.find((vf) => vf.deviceID)?.deviceID;
  const vfDevice = shown ?? (deviceID && nics.vfDevice({ vendor, pfDevice: deviceID }));
  return { nic, numVfs: Vfs.length, vfDevice, linkType: wordOf(linkType) };
}

/** The VFs that the plan gives to a policy for its resource. What is kept of it may be of another one. */
export function givenTo({ name, spec }: ReadablePolicy, { given }: PfForPlugin): VfRange[] {
  const groups = given.get(name) ?? [];
  return groups.filter(({ group }) => group.resourceName === spec.resourceName).map(({ range }) => range);
}

function wordOf(linkType = ''): string | undefined {
  return LINK_TYPES.get(linkType.toLowerCase());
}

/** The link types in the words of the device plugin. */
const LINK_TYPES = new Map([
  ['eth', 'ether'],
  ['ib', 'infiniband'],
]);
