import { rangesOverlap } from '@sriov/api';
import { explainMismatch, findUntoldNetwork, type ReadablePolicy, selects, wantedRanges } from '@sriov/selection';
import { FEW, listSome } from '@sriov/words';
import { type PlacedNode, type Placement, sharedNodes } from './placement.ts';
import { type PolicyFields, unknownIds } from './policy-rules.ts';
import { type Rule } from './rule.ts';

/** What a warning about a policy looks at. */
export interface PolicyContext extends PolicyFields {
  /** Namespace of the policy. */
  readonly namespace: string;
  readonly placement: Placement;
  /** VFs that exist now will be removed. */
  readonly removes: boolean;
}

/** What the person who writes a policy should know. The policy is let in all the same. */
export const POLICY_WARNINGS: readonly Rule<PolicyContext>[] = [
  {
    name: 'the policy stands where it is read',
    check: ({ namespace, settings: { operatorNamespace } }) =>
      namespace === operatorNamespace
        ? undefined
        : `policies are read from the namespace ${operatorNamespace} only: in ${namespace} this one is not used`,
  },
  {
    name: 'the ids are in the list of NICs',
    check: (context) => (context.settings.supportedNicsOnly ? undefined : unknownIds(context)),
  },
  {
    name: 'a node is selected',
    check: ({ placement: { nodes }, removes }) =>
      nodes.length === 0 ? `spec.nodeSelector selects no node now${outlook(removes)}` : undefined,
  },
  {
    name: 'a PF is selected',
    check: ({ placement: { policy, nodes }, removes }) =>
      nodes.every(({ selected }) => selected.length === 0) && nodes.some((node) => untoldOn(policy, node) === undefined)
        ? `spec.nicSelector selects no PF that can have VFs on ${describeNodes(nodes)} now${outlook(removes)}`
        : undefined,
  },
  {
    name: 'the nodes tell the networks of their ports',
    check({ placement: { policy, nodes } }) {
      const untold = nodes.filter((node) => untoldOn(policy, node) !== undefined);
      const [first] = untold;
      return first && `on ${describeNodes(untold)}: ${untoldOn(policy, first)}`;
    },
  },
  {
    name: 'the selector is written as the nodes write their PFs',
    check: ({ placement: { policy, nodes } }) =>
      explainMismatch(
        policy.selector,
        nodes.flatMap(({ interfaces }) => interfaces),
      ),
  },
  {
    name: 'a bridge is made',
    check: ({ spec: { bridge } }) =>
      bridge?.ovs === undefined
        ? undefined
        : 'spec.bridge: bridges are made where the feature gate manageSoftwareBridges of the SriovOperatorConfig is on, and Open vSwitch runs on the node',
  },
  {
    name: 'no VF is wanted by two policies',
    check({ placement }) {
      const contested = placement.others.filter((other) => isContested(placement, other));
      if (contested.length === 0) return undefined;
      const without = contested.filter(({ spec }) => spec.priority === undefined).map(({ name }) => name);
      const wanted = `VFs of the same PFs are wanted by ${describePolicies(contested.map(({ name }) => name))}: the policy with the lower spec.priority number gets them, and between equal numbers the one with the later name`;
      return without.length === 0
        ? wanted
        : `${wanted}; no priority counts as 0, as with ${describePolicies(without)}, stored before the API server asked the webhook`;
    },
  },
  {
    name: 'vDPA and RDMA are not wanted of the same VFs',
    check: ({ spec: { isRdma, vdpaType } }) =>
      isRdma && vdpaType
        ? `spec.isRdma true cannot be combined with spec.vdpaType ${vdpaType}: the VFs are handed out without RDMA`
        : undefined,
  },
  {
    // Not refused: where NICs of several vendors make one resource for DPDK, each has its own way.
    name: 'a resource has VFs of one kind on a node',
    check({ spec: { resourceName, deviceType }, placement }) {
      const unlike = placement.others.filter(
        (other) =>
          other.spec.resourceName === resourceName &&
          other.spec.deviceType !== deviceType &&
          sharedNodes(placement, other).some((node) => node.isShared(other)),
      );
      return unlike.length === 0
        ? undefined
        : `spec.deviceType is ${deviceType}, and not that of ${describePolicies(unlike.map(({ name }) => name))} of the same resource ${resourceName}: a pod on a node with both gets VFs of either kind`;
    },
  },
];

/** A policy that removes VFs does something even while it selects nothing, so that must not be denied. */
function outlook(removes: boolean): string {
  return removes ? '' : ': nothing happens until there is one';
}

function untoldOn({ selector }: ReadablePolicy, { interfaces }: PlacedNode): string | undefined {
  return findUntoldNetwork(selector, interfaces);
}

function describeNodes(nodes: readonly PlacedNode[]): string {
  return nodes.length === 1 ? `node ${nodes[0]?.name}` : `the ${nodes.length} selected nodes`;
}

function describePolicies(names: readonly string[]): string {
  return `${names.length === 1 ? 'policy' : 'the policies'} ${listSome(names, FEW)}`;
}

/** True when both policies want a VF of a PF, however each selects it. */
function isContested(placement: Placement, other: ReadablePolicy): boolean {
  const { policy } = placement;
  return sharedNodes(placement, other).some((node) =>
    node.selected.some((nic) => {
      if (!selects(other.selector, nic)) return false;
      const theirs = wantedRanges(other, nic);
      return wantedRanges(policy, nic).some((mine) => theirs.some((range) => rangesOverlap(mine, range)));
    }),
  );
}
