import { type NodeStateSpec, type ObservedInterface, type SriovNetworkNodePolicy } from '@sriov/api';
import { PORTS } from '@sriov/testing/objects';
import { type Fleet, prepareFleet } from '../fleet.ts';
import { type NodeStatePlan } from '../node-state-plan.ts';
import { planNodeState } from '../plan-node-state.ts';

/** A fleet with these policies. */
export function fleet(
  policies: readonly SriovNetworkNodePolicy[],
  rest: Partial<Parameters<typeof prepareFleet>[0]> = {},
): Fleet {
  return prepareFleet({
    policies,
    pools: [],
    operatorConfig: undefined,
    supportedNics: undefined,
    supportedNicsOnly: false,
    ...rest,
  });
}

/** What of a node a case says; the rest is as usual. */
export interface TestNode {
  readonly interfaces?: readonly ObservedInterface[];
  readonly labels?: Record<string, string>;
  readonly spec?: NodeStateSpec;
  readonly config?: string;
  readonly vanished?: readonly string[];
  readonly fleet?: Partial<Parameters<typeof prepareFleet>[0]>;
}

/** The plan of a node that has reported, and these interfaces. */
export function plan(
  policies: readonly SriovNetworkNodePolicy[],
  node: TestNode = {},
): NodeStatePlan & { readonly devicePluginConfig: string } {
  const { interfaces = PORTS, labels = {}, spec = {}, config, vanished = [] } = node;
  const state = { metadata: { name: 'n1' }, spec, status: { interfaces: [...interfaces], syncStatus: 'Succeeded' } };
  const facts = { name: 'n1', labels, state, devicePluginConfig: config, vanished: new Set(vanished) };
  const { devicePluginConfig, ...planned } = planNodeState(fleet(policies, node.fleet), facts);
  if (devicePluginConfig === undefined) throw new Error('a node that has reported is planned');
  return { ...planned, devicePluginConfig };
}
