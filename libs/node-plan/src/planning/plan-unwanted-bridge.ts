import { type OvsBridge, REASON } from '@sriov/api';
import { type ObservedBridge, type ObservedPf } from '@sriov/observed-host';
import { type BridgeCase, type BridgeResult, problemOf, uplinkNames, usersOf } from './bridge-case.ts';
import { type OwnBridge } from './own-bridges.ts';
import { identityOf } from './pf-rules.ts';

/** A bridge of ours that the spec does not have, if the spec was planned by someone who had seen its PF. */
export function planUnwanted(facts: BridgeCase, own: OwnBridge): BridgeResult {
  const observed = facts.seen.find(({ name }) => name === own.name);
  if (observed === undefined) return {};
  const [uplink] = own.uplinks ?? [];
  if (uplink === undefined) return { own };
  if (facts.plannedFrom?.has(uplink.pciAddress) !== true)
    return isGone(facts, uplink.pciAddress) ? goneUplink(own) : { own };
  if (facts.blocked.has(uplink.pciAddress)) return { own };
  return planRemoval(own, observed, { uplink, pf: facts.pfs.get(uplink.pciAddress) });
}

type Uplink = NonNullable<OvsBridge['uplinks']>[number];

function planRemoval(
  own: OwnBridge,
  observed: ObservedBridge,
  { uplink, pf }: { readonly uplink: Uplink; readonly pf: ObservedPf | undefined },
): BridgeResult {
  const known = uplinkNames(own, pf);
  const users = usersOf(observed, known);
  if (users !== undefined) {
    const message = `no policy wants it any more, and it is in use by ${users}: it stays until it is free`;
    return { problem: problemOf(own, REASON.bridgeInUse, message), own };
  }
  const identity = pf ? identityOf(pf) : { pciAddress: uplink.pciAddress, name: uplink.name ?? uplink.pciAddress };
  const step = { kind: 'remove-bridge', ports: [own.name, ...known] } as const;
  return { plan: { name: own.name, pf: identity, because: ['no policy wants the bridge any more'], step }, own };
}

function isGone({ pfs, observed }: BridgeCase, pciAddress: string): boolean {
  return !pfs.has(pciAddress) && !observed.problems.some((problem) => problem.pciAddress === pciAddress);
}

/** A PF that has come is planned soon. One that is gone never is, and it may come back with a policy for it. */
function goneUplink(own: OwnBridge): BridgeResult {
  const { pciAddress = '' } = own.uplinks?.[0] ?? {};
  const warning = `Open vSwitch bridge ${own.name}: the spec does not have it, and its PF ${pciAddress} is gone, so nobody knows whether a policy wants it: it stays. If nobody does, delete it (ovs-vsctl del-br ${own.name})`;
  return { own, warning };
}
