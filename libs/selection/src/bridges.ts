import { type Bridges, type NodeStateSpec, type ObservedInterface, REASON } from '@sriov/api';
import { type ReadablePolicy } from './prepare.ts';

type OvsBridge = NonNullable<Bridges['ovs']>[number];

/** Bridges by the PCI address of the PF that is their uplink. */
export type BridgesByPf = ReadonlyMap<string, OvsBridge>;

/** Why a policy can have no bridge; nothing when it can. The admission checks say the same. */
export function findBridgeFault({ spec }: Pick<ReadablePolicy, 'spec'>): string | undefined {
  if (!spec.bridge?.ovs) return undefined;
  if (spec.eSwitchMode !== 'switchdev') return 'spec.bridge requires eSwitchMode switchdev';
  if (spec.linkType && spec.linkType.toLowerCase() !== 'eth') return 'spec.bridge requires linkType eth';
  return spec.externallyManaged ? 'spec.bridge cannot be combined with externallyManaged' : undefined;
}

/**
 * The bridges after one more policy, in rising precedence: a policy with a bridge sets the PF's, one without takes
 * it away.
 */
export function applyBridge(
  bridges: BridgesByPf,
  policy: ReadablePolicy,
  nic: ObservedInterface,
): Map<string, OvsBridge> {
  const next = new Map(bridges);
  const wanted = policy.spec.bridge?.ovs;
  if (wanted) next.set(nic.pciAddress, bridgeOf(policy, nic));
  else next.delete(nic.pciAddress);
  return next;
}

/** The bridges that stand in a spec. */
export function presentBridges(spec: NodeStateSpec | undefined): BridgesByPf {
  const uplinks = (spec?.bridges?.ovs ?? []).flatMap((bridge) =>
    (bridge.uplinks ?? []).map(({ pciAddress }) => [pciAddress, bridge] as const),
  );
  return new Map(uplinks);
}

/** The bridges after a policy that can no longer be read: the PF's stays as it stands. */
export function keepBridge(bridges: BridgesByPf, before: BridgesByPf, pciAddress: string): BridgesByPf {
  const kept = before.get(pciAddress);
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
        // The uplink carries what the VFs send: the policy's MTU goes before one that was set for the bridge alone.
        interface: { ...settings?.uplink?.interface, ...(spec.mtu !== undefined && { mtuRequest: spec.mtu }) },
      },
    ],
  };
}

/** The bridges as they stand in the spec: by name. */
export function bridgesInOrder(bridges: BridgesByPf): Bridges | undefined {
  if (bridges.size === 0) return undefined;
  return { ovs: [...bridges.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Reason of the problem that {@link findBridgeFault} tells of. */
export const BRIDGE_FAULT = REASON.policyInvalid;
