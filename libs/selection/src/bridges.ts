import { type Bridges, type NodeStateSpec, type ObservedInterface, type OvsBridge, REASON } from '@sriov/api';
import { type PfLayers } from './pf-layers.ts';
import { type PreparedPolicy, type ReadablePolicy } from './prepare.ts';
import { policyProblem, type Problem } from './problem.ts';

/** Bridges by the PCI address of the PF that is their uplink. */
type BridgesByPf = ReadonlyMap<string, OvsBridge>;

/** Why a policy can have no bridge; nothing when it can. Admission asks the same. */
export function findBridgeFault({ spec }: Pick<ReadablePolicy, 'spec'>): string | undefined {
  if (!spec.bridge?.ovs) return undefined;
  if (spec.eSwitchMode !== 'switchdev') return 'spec.bridge requires eSwitchMode switchdev';
  if (spec.linkType && spec.linkType.toLowerCase() !== 'eth') return 'spec.bridge requires linkType eth';
  return spec.externallyManaged ? 'spec.bridge cannot be combined with externallyManaged' : undefined;
}

/** What the bridges of a node depend on. */
export interface BridgeFacts {
  /** Name of the node. */
  readonly node: string;
  /** The policies about the node, in rising precedence. */
  readonly policies: readonly PreparedPolicy[];
  readonly layers: readonly PfLayers[];
  /** The present spec of the node. */
  readonly spec: NodeStateSpec | undefined;
  /** PCI addresses of PFs whose bridges stay as they are. */
  readonly kept: ReadonlySet<string>;
}

/** The bridges that the policies want on a node, by name; `undefined` when there are none. */
export function bridgesOf(facts: BridgeFacts): {
  readonly bridges: Bridges | undefined;
  readonly problems: readonly Problem[];
} {
  const present = presentBridges(facts.spec);
  const problems: Problem[] = [];
  let bridges: BridgesByPf = new Map([...present].filter(([pciAddress]) => facts.kept.has(pciAddress)));
  for (const policy of facts.policies) {
    const fault = policy.kind === 'readable' ? findBridgeFault(policy) : undefined;
    if (fault !== undefined) {
      problems.push(policyProblem({ policy: policy.name, node: facts.node }, REASON.policyInvalid, fault));
      continue;
    }
    for (const layers of facts.layers) bridges = bridgesWith(bridges, policy, { layers, present });
  }
  return { bridges: inOrder(bridges), problems };
}

/** The bridges after one more policy has had its say on a PF. */
function bridgesWith(
  bridges: BridgesByPf,
  policy: PreparedPolicy,
  { layers, present }: { readonly layers: PfLayers; readonly present: BridgesByPf },
): BridgesByPf {
  const { nic, contributions, applied } = layers;
  if (policy.kind === 'readable' && applied.includes(policy.name)) return applyBridge(bridges, policy, nic);
  const isKept = contributions.some((contribution) => contribution.policy === policy.name);
  return isKept ? keepBridge(bridges, present, nic.pciAddress) : bridges;
}

/** A policy with a bridge sets the bridge of the PF, and one without a bridge removes it. */
function applyBridge(bridges: BridgesByPf, policy: ReadablePolicy, nic: ObservedInterface): Map<string, OvsBridge> {
  const next = new Map(bridges);
  const wanted = policy.spec.bridge?.ovs;
  if (wanted) next.set(nic.pciAddress, bridgeOf(policy, nic));
  else next.delete(nic.pciAddress);
  return next;
}

function presentBridges(spec: NodeStateSpec | undefined): BridgesByPf {
  const uplinks = (spec?.bridges?.ovs ?? []).flatMap((bridge) =>
    (bridge.uplinks ?? []).map(({ pciAddress }) => [pciAddress, bridge] as const),
  );
  return new Map(uplinks);
}

/** The policy cannot be applied now: the bridge of the PF stays as it is. */
function keepBridge(bridges: BridgesByPf, present: BridgesByPf, pciAddress: string): BridgesByPf {
  const kept = present.get(pciAddress);
  return kept === undefined ? bridges : new Map(bridges).set(pciAddress, kept);
}

function bridgeOf({ spec }: ReadablePolicy, { pciAddress, name }: ObservedInterface): OvsBridge {
  const settings = spec.bridge?.ovs;
  return {
    name: `br-${pciAddress.replaceAll(':', '_')}`,
    bridge: settings?.bridge,
    uplinks: [
      {
        pciAddress,
        name,
        // The uplink carries what the VFs send: the MTU of the policy overrides one that was set for the bridge alone.
        interface: { ...settings?.uplink?.interface, ...(spec.mtu !== undefined && { mtuRequest: spec.mtu }) },
      },
    ],
  };
}

/** The bridges in the order that the spec has: by name. */
function inOrder(bridges: BridgesByPf): Bridges | undefined {
  if (bridges.size === 0) return undefined;
  return { ovs: [...bridges.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
