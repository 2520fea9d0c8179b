import { type NodeStateSpec, type ObservedInterface, type SriovNetworkNodePolicy } from '@sriov/api';
import { layersOf, mergeLayers, PolicyIndex, preparePolicies, type Problem, readSupportedNics } from '@sriov/selection';
import { PORTS } from '@sriov/testing/objects';
import { devicePluginConfig } from '../device-plugin-config.ts';

/** What policies want of a node, and the device-plugin configuration that goes with it. */
export interface TestPlan {
  readonly spec: NodeStateSpec;
  readonly devicePluginConfig: string;
  readonly problems: readonly Problem[];
}

/**
 * A node with these interfaces; `spec` and `config` are what it has at present, `vanished` the names of missing PFs.
 */
export interface TestNode {
  readonly interfaces?: readonly ObservedInterface[];
  readonly spec?: NodeStateSpec;
  readonly config?: string;
  readonly vanished?: readonly string[];
}

/** Plans the device-plugin configuration of a node. */
export function plan(
  policies: readonly SriovNetworkNodePolicy[],
  { interfaces = PORTS, spec = {}, config, vanished: names = [] }: TestNode = {},
): TestPlan {
  const { nics } = readSupportedNics(undefined);
  const about = new PolicyIndex(preparePolicies(policies).prepared).about({});
  const state = { metadata: { name: 'n1' }, spec };
  const facts = { node: 'n1', state, policies: about, rules: { nics, supportedNicsOnly: false } };
  const results = interfaces.map((nic) => layersOf(facts, nic));
  const layers = results.map((result) => result.layers);
  const vanished = (spec.interfaces ?? []).filter(({ name }) => names.includes(name ?? ''));
  const { text, problems } = devicePluginConfig({
    node: 'n1',
    policies: about,
    interfaces,
    nics,
    layers,
    vanished,
    present: config,
  });
  const planned = layers.filter(({ contributions }) => contributions.length > 0);
  return {
    spec: { interfaces: planned.map((each) => mergeLayers('n1', each).desired) },
    devicePluginConfig: text,
    problems: [...results.flatMap((result) => result.problems), ...problems],
  };
}
