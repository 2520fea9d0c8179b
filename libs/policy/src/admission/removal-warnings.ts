import {
  type DesiredInterface,
  type KubeObject,
  matchesLabels,
  type ObservedInterface,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { factsOfStatus, findRefusal, presentVfs, tellsOfVfs } from '@sriov/node-limits';
import { type Fleet, prepareFleet } from '../fleet.ts';
import { planNode } from '../plan-node.ts';
import { namespaceOf } from './placement.ts';
import { type AdmissionRequest } from './request.ts';

/** VFs of a PF that a write takes away. */
interface Removal {
  readonly node: string;
  readonly pf: string;
  readonly removed: number;
  /** VFs that are made instead; 0 when none are. */
  readonly made: number;
}

/** Most nodes of different kinds that are planned for one answer: it has to come in milliseconds. */
const MOST_PLANS = 100;

/** What a write of a policy takes away from PFs that stand, by the plan that the policy controller will make of it. */
export function removalWarnings(request: AdmissionRequest): string[] {
  const { object, settings } = request;
  if (namespaceOf(object, settings) !== settings.operatorNamespace) return [];
  const removals = findRemovals(request);
  return removals.length === 0 ? [] : [describe(removals)];
}

function findRemovals(request: AdmissionRequest): Removal[] {
  const { object, oldObject, cluster, settings } = request;
  const fleet = fleetWith(request);
  const selectors = [object, oldObject].flatMap((policy) => policy ?? []).map(nodeSelectorOf);
  const labelsOf = new Map(cluster.nodes.map(({ metadata: { name, labels = {} } }) => [name, labels]));
  const plans = new Map<string, readonly DesiredInterface[]>();
  return cluster.nodeStates.flatMap((state) => {
    const { name } = state.metadata;
    const labels = labelsOf.get(name);
    const isAbout = labels !== undefined && selectors.some((selector) => matchesLabels(selector, labels));
    if (!isAbout || namespaceOf(state, settings) !== settings.operatorNamespace) return [];
    const key = JSON.stringify([
      fleet.policyIndex.about(labels).map((policy) => policy.name),
      ordered(state),
      told(state),
    ]);
    const known = plans.get(key);
    if (known === undefined && plans.size >= MOST_PLANS) return [];
    const planned = known ?? planNode(fleet, { name, labels, state }).spec.interfaces ?? [];
    plans.set(key, planned);
    return removalsOn(state, planned);
  });
}

/** The fleet as it will be: the policy as it shall be, beside all others. */
function fleetWith({ object, cluster, settings }: AdmissionRequest): Fleet {
  const others = cluster.policies.filter(
    (policy) =>
      namespaceOf(policy, settings) === settings.operatorNamespace && policy.metadata.name !== object.metadata.name,
  );
  return prepareFleet({
    policies: [...others, object as SriovNetworkNodePolicy],
    pools: [],
    operatorConfig: undefined,
    supportedNics: cluster.supportedNics,
    supportedNicsOnly: settings.supportedNicsOnly,
  });
}

function nodeSelectorOf(policy: KubeObject): Record<string, string> {
  const { nodeSelector } = (policy as SriovNetworkNodePolicy).spec ?? {};
  return typeof nodeSelector === 'object' && nodeSelector !== null ? nodeSelector : {};
}

function ordered({ spec }: SriovNetworkNodeState): readonly DesiredInterface[] {
  return spec?.interfaces ?? [];
}

function told({ status }: SriovNetworkNodeState): readonly ObservedInterface[] {
  return status?.interfaces ?? [];
}

/** Only what this write changes: where another number was ordered already, the VFs go in any case. */
function removalsOn(state: SriovNetworkNodeState, planned: readonly DesiredInterface[]): Removal[] {
  const [before, after] = [ordered(state), planned].map(
    (entries) => new Map(entries.map((entry) => [entry.pciAddress, entry])),
  );
  return told(state).flatMap((nic) => {
    const change = changeOf(nic, before?.get(nic.pciAddress), after?.get(nic.pciAddress));
    return change === undefined ? [] : [{ node: state.metadata.name, pf: nic.name ?? nic.pciAddress, ...change }];
  });
}

/** VFs that go, and those that come instead. */
function changeOf(
  nic: ObservedInterface,
  was: DesiredInterface | undefined,
  willBe: DesiredInterface | undefined,
): Pick<Removal, 'removed' | 'made'> | undefined {
  const entry = willBe ?? was;
  if (entry === undefined || entry.externallyManaged === true) return undefined;
  const removed = tellsOfVfs(nic) ? presentVfs(nic) : numberOf(was);
  const made = numberOf(willBe);
  const wasDue = was !== undefined && numberOf(was) !== removed;
  if (removed === 0 || made === removed || wasDue) return undefined;
  return isRefused(nic, willBe) ? undefined : { removed, made };
}

/** What the daemon refuses takes nothing away. */
function isRefused(nic: ObservedInterface, entry: DesiredInterface | undefined): boolean {
  return entry !== undefined && findRefusal(entry, factsOfStatus(nic)) !== undefined;
}

function numberOf(entry: DesiredInterface | undefined): number {
  return entry?.numVfs ?? 0;
}

const SHOWN = 3;

function describe(removals: readonly Removal[]): string {
  const total = removals.reduce((sum, { removed }) => sum + removed, 0);
  const made = removals.reduce((sum, removal) => sum + removal.made, 0);
  const places = removals.slice(0, SHOWN).map(({ node, pf, removed }) => `${removed} of ${pf} on node ${node}`);
  const rest = removals.length > SHOWN ? ` and those of ${removals.length - SHOWN} more PFs` : '';
  const instead = made > 0 ? `, and ${made} are made instead` : '';
  return `${total} ${total === 1 ? 'VF' : 'VFs'} that are there now will be removed, as soon as nobody uses them: ${places.join(', ')}${rest}${instead}`;
}
