import { type NodeStateSpec, type OvsBridge, type PlannedFrom } from '@sriov/api';
import { type ObservedBridge, type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { FEW, listSome } from '@sriov/words';
import { holderOf } from './in-use.ts';
import { type BridgeFacts, type OwnBridge } from './own-bridges.ts';
import { type BridgePlan, type PfPlan, type PlanProblem, type PlanProblemReason } from './steps.ts';

/** Everything that bears on the bridges of a node; `HostFacts` says what each fact is. */
export interface BridgeInputs {
  readonly spec: NodeStateSpec;
  readonly plannedFrom: PlannedFrom | undefined;
  readonly observed: ObservedHost;
  readonly blocked: ReadonlyMap<string, string>;
  readonly allowHostInterfaces: boolean;
  readonly bridges?: BridgeFacts;
}

/** What becomes of one bridge, and its entry among the operator's own from now on. */
export interface BridgeResult {
  /** What is done before the PF is changed, where that is not all. */
  readonly first?: BridgePlan;
  /** Interfaces that it lets go, before that as well, because other bridges want them for their uplinks. */
  readonly releases?: readonly BridgePlan[];
  readonly plan?: BridgePlan;
  readonly warning?: string;
  readonly problem?: PlanProblem;
  readonly own?: OwnBridge | undefined;
}

/** The bridges of a node as they are known and seen, and its PFs. */
export interface BridgeCase extends BridgeInputs {
  readonly known: BridgeFacts;
  readonly seen: readonly ObservedBridge[];
  readonly pfs: ReadonlyMap<string, ObservedPf>;
  /** What is done to PFs, by PCI address. */
  readonly changes: ReadonlyMap<string, PfPlan>;
}

/** A problem of a bridge, in the name of the PF that is its uplink. */
export function problemOf(bridge: OvsBridge, reason: PlanProblemReason, message: string): PlanProblem {
  return {
    pciAddress: bridge.uplinks?.[0]?.pciAddress,
    reason,
    message: `Open vSwitch bridge ${bridge.name}: ${message}`,
  };
}

/** Who uses a bridge beside its uplink, in words that follow "in use by"; nothing when nobody does. */
export function usersOf({ name, ports, uses = [] }: ObservedBridge, known: readonly string[]): string | undefined {
  const others = ports.map((port) => port.name).filter((port) => port !== name && !known.includes(port));
  const holder = holderOf({ uses });
  const users = [...others.map((port) => `port ${port}`), ...(holder === undefined ? [] : [holder])];
  return users.length === 0 ? undefined : listSome(users, FEW);
}

/** Names of the interfaces that are, or were, uplinks of a bridge of ours. */
export function uplinkNames({ uplinks = [] }: OvsBridge, pf: ObservedPf | undefined): string[] {
  return [...uplinks.map(({ name }) => name), pf?.link?.name].flatMap((name) => name ?? []);
}
