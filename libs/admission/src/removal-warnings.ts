import { type DesiredInterface, type KubeObject, type ObservedInterface, type SriovNetworkNodeState } from '@sriov/api';
import { factsOfStatus, findUnreadMode, presentVfs, staysAsItIs, tellsOfVfs } from '@sriov/node-limits';
import { type Fleet, type FleetNode, planNodeState, prepareFleet } from '@sriov/policy';
import { matchesLabels } from '@sriov/selection';
import { FEW } from '@sriov/words';
import { namespaceOf } from './placement.ts';
import { type AdmissionRequest } from './request.ts';

/** VFs of a PF that a write removes. */
interface Removal {
  readonly node: string;
  readonly pf: string;
  readonly removed: number;
  /** VFs that are made instead; 0 when none are. */
  readonly made: number;
}

/** Most different nodes that are planned for one answer, which has to come in milliseconds. */
const MOST_PLANS = 100;

/**
 * Warns of the VFs that a write of a policy removes: those that the policy controller will remove with the write and
 * would not remove without it. Removals that are due in any case, because other policies changed or a controller lags
 * behind, are not counted.
 */
export function removalWarnings(request: AdmissionRequest): string[] {
  const { object, settings } = request;
  if (namespaceOf(object, settings) !== settings.operatorNamespace) return [];
  const removals = findRemovals(request);
  return removals.length === 0 ? [] : [describe(removals)];
}

function findRemovals(request: AdmissionRequest): Removal[] {
  const { object, oldObject, cluster, settings } = request;
  const fleets = fleetsOf(request);
  const selectors = [object, oldObject].flatMap((policy) => policy ?? []).map(nodeSelectorOf);
  const labelsOf = new Map(cluster.nodes.map(({ metadata: { name, labels = {} } }) => [name, labels]));
  const plans = new Map<string, Plans>();
  return cluster.nodeStates.flatMap((state) => {
    const { name } = state.metadata;
    const labels = labelsOf.get(name);
    if (labels === undefined || namespaceOf(state, settings) !== settings.operatorNamespace) return [];
    const own = ordersOf(request, state);
    const isAbout = own.size > 0 || selectors.some((selector) => matchesLabels(selector, labels));
    if (!isAbout) return [];
    const key = JSON.stringify([
      policiesAbout(fleets.after, labels),
      policiesAbout(fleets.before, labels),
      ordered(state),
      told(state),
    ]);
    const known = plans.get(key);
    if (known === undefined && plans.size >= MOST_PLANS) return [];
    const planned = known ?? plansOf(fleets, { name, labels, state });
    plans.set(key, planned);
    return removalsOn(state, planned, own);
  });
}

/** The fleet with the write, and without it. */
interface Fleets {
  readonly after: Fleet;
  readonly before: Fleet;
}

/** The entries of a node by PCI address, with the write and without it. */
interface Plans {
  readonly after: EntriesByPf;
  /** Planned only when it is asked for, which is where VFs are removed. */
  readonly before: () => EntriesByPf;
}

type EntriesByPf = ReadonlyMap<string, DesiredInterface>;

function fleetsOf({ object, oldObject, cluster, settings }: AdmissionRequest): Fleets {
  const others = cluster.policies.filter(
    (policy) =>
      namespaceOf(policy, settings) === settings.operatorNamespace && policy.metadata.name !== object.metadata.name,
  );
  const fleetWith = (policy: KubeObject | undefined): Fleet =>
    prepareFleet({
      policies: policy === undefined ? others : [...others, policy],
      pools: [],
      operatorConfig: undefined,
      supportedNics: cluster.supportedNics,
      supportedNicsOnly: settings.supportedNicsOnly,
    });
  return { after: fleetWith(object), before: fleetWith(oldObject) };
}

function policiesAbout({ policyIndex }: Fleet, labels: Readonly<Record<string, string>>): string[] {
  return policyIndex.about(labels).map(({ name }) => name);
}

function plansOf({ after, before }: Fleets, node: FleetNode): Plans {
  let without: EntriesByPf | undefined;
  return {
    after: byPf(planNodeState(after, node).spec.interfaces),
    before: () => (without ??= byPf(planNodeState(before, node).spec.interfaces)),
  };
}

function nodeSelectorOf(policy: KubeObject): Record<string, string> {
  const { nodeSelector } = (policy as { readonly spec?: { readonly nodeSelector?: unknown } | null }).spec ?? {};
  return typeof nodeSelector === 'object' && nodeSelector !== null ? (nodeSelector as Record<string, string>) : {};
}

function ordered({ spec }: SriovNetworkNodeState): readonly DesiredInterface[] {
  return spec?.interfaces ?? [];
}

/**
 * The present entries with VFs of a policy whose earlier form is not known, since `validate` is given the new form
 * only. The write is judged as a change of those entries.
 */
function ordersOf({ object, oldObject }: AdmissionRequest, state: SriovNetworkNodeState): EntriesByPf {
  if (oldObject !== undefined) return new Map();
  const isOwn = ({ vfGroups = [] }: DesiredInterface): boolean =>
    vfGroups.some(({ policyName }) => policyName === object.metadata.name);
  return byPf(ordered(state).filter(isOwn));
}

function byPf(entries: readonly DesiredInterface[] = []): EntriesByPf {
  return new Map(entries.map((entry) => [entry.pciAddress, entry]));
}

function told({ status }: SriovNetworkNodeState): readonly ObservedInterface[] {
  return status?.interfaces ?? [];
}

function removalsOn(state: SriovNetworkNodeState, { after, before }: Plans, own: EntriesByPf): Removal[] {
  const standing = byPf(ordered(state));
  return told(state).flatMap((nic) => {
    const { pciAddress } = nic;
    const stands = standing.get(pciAddress);
    const change = changeOf(nic, stands, after.get(pciAddress));
    if (change === undefined) return [];
    const without = changeOf(nic, stands, own.get(pciAddress) ?? before().get(pciAddress));
    return without === undefined ? [{ node: state.metadata.name, pf: nic.name ?? pciAddress, ...change }] : [];
  });
}

/** How many VFs are removed, and how many are made instead, when the present entry becomes another one, or none. */
function changeOf(
  nic: ObservedInterface,
  stands: DesiredInterface | undefined,
  willBe: DesiredInterface | undefined,
): Pick<Removal, 'removed' | 'made'> | undefined {
  const entry = willBe ?? stands;
  if (entry === undefined || entry.externallyManaged === true) return undefined;
  const removed = tellsOfVfs(nic) ? presentVfs(nic) : numberOf(stands);
  const made = numberOf(willBe);
  if (removed === 0 || made === removed) return undefined;
  return isRefused(nic, willBe) ? undefined : { removed, made };
}

/** An entry that the daemon refuses, or that waits for a reboot, removes nothing now. */
function isRefused(nic: ObservedInterface, entry: DesiredInterface | undefined): boolean {
  const facts = factsOfStatus(nic);
  return entry === undefined ? findUnreadMode(facts) !== undefined : staysAsItIs(entry, facts);
}

function numberOf(entry: DesiredInterface | undefined): number {
  return entry?.numVfs ?? 0;
}

function describe(removals: readonly Removal[]): string {
  const total = removals.reduce((sum, { removed }) => sum + removed, 0);
  const made = removals.reduce((sum, removal) => sum + removal.made, 0);
  const places = removals.slice(0, FEW).map(({ node, pf, removed }) => `${removed} of ${pf} on node ${node}`);
  const rest = removals.length > FEW ? ` and those of ${removals.length - FEW} more PFs` : '';
  const instead = made > 0 ? `, and ${made} are made instead` : '';
  return `${total} ${total === 1 ? 'VF' : 'VFs'} that exist now will be removed: ${places.join(', ')}${rest}${instead}. Where pods have them, the node is drained first, and those pods are evicted; with spec.disableDrain of the SriovOperatorConfig they lose their VFs at once`;
}
