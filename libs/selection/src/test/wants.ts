import {
  type NodeStateSpec,
  nodeStateSpecSchema,
  type ObservedInterface,
  type SriovNetworkNodePolicy,
  toWire,
} from '@sriov/api';
import { PORTS } from '@sriov/testing/objects';
import { bridgesOf } from '../bridges.ts';
import { layersOf, mergeLayers } from '../pf-layers.ts';
import { PolicyIndex } from '../policy-index.ts';
import { preparePolicies } from '../prepare.ts';
import { type Problem } from '../problem.ts';
import { readSupportedNics } from '../supported-nics.ts';

/** A node of which everything has a default. */
export interface TestNode {
  readonly interfaces?: readonly ObservedInterface[];
  readonly labels?: Record<string, string>;
  readonly spec?: NodeStateSpec;
  readonly supportedNicsOnly?: boolean;
}

/** What the policies want of a node: its PFs and bridges as they are written, and what is wrong with the policies. */
export function wants(
  policies: readonly SriovNetworkNodePolicy[],
  { interfaces = PORTS, labels = {}, spec = {}, supportedNicsOnly = false }: TestNode = {},
): { readonly spec: NodeStateSpec; readonly problems: readonly Problem[] } {
  const { nics } = readSupportedNics(undefined);
  const about = new PolicyIndex(preparePolicies(policies).prepared).about(labels);
  const state = { metadata: { name: 'n1' }, spec };
  const facts = { node: 'n1', state, policies: about, rules: { nics, supportedNicsOnly } };
  const results = interfaces.map((nic) => layersOf(facts, nic));
  const layers = results.map((result) => result.layers);
  const merged = layers.filter(({ contributions }) => contributions.length > 0).map((each) => mergeLayers('n1', each));
  const bridged = bridgesOf({ node: 'n1', policies: about, layers, spec, kept: new Set() });
  const desired = merged.map((each) => each.desired).sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1));
  return {
    spec: toWire(nodeStateSpecSchema, { interfaces: desired, bridges: bridged.bridges }),
    problems: [...results, ...merged, bridged].flatMap(({ problems }) => problems),
  };
}
