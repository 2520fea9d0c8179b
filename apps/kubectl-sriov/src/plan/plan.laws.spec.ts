import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, type SriovNetworkNodePolicy, type SriovNetworkNodeState } from '@sriov/api';
import { planNodeState, prepareFleet } from '@sriov/policy';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { node, nodeState, object, OPTIONS, policy, port, PORTS, runWith } from '../test/test-run.ts';

const NODES = ['n1', 'n2'];
const IB = port('ib0', '0000:5e:00.0', { vendor: '15b3', deviceID: '1017', Vfs: [] });
const spec: fc.Arbitrary<object> = fc.record(
  {
    priority: fc.nat(99),
    numVfs: fc.oneof(fc.nat(70), fc.constant('8')),
    mtu: fc.constantFrom(1500, 9000),
    resourceName: fc.constantFrom('a', 'b-c', 'a.b'),
    deviceType: fc.constantFrom('netdevice', 'vfio-pci'),
    linkType: fc.constantFrom('eth', 'IB'),
    eSwitchMode: fc.constantFrom('legacy', 'switchdev'),
    bridge: fc.constantFrom({}, { ovs: {} }, { ovs: { bridge: { otherConfig: { z: '1e3', a: 'on' } } } }),
    isRdma: fc.boolean(),
    excludeTopology: fc.boolean(),
    nodeSelector: fc.constantFrom({}, { zone: 'n1' }),
    nicSelector: fc.record(
      {
        vendor: fc.constantFrom('8086', '15b3'),
        deviceID: fc.constantFrom('1592', '1017'),
        pfNames: fc.subarray(['ens2f0', 'left#0-3', 'ens2f0#2-5', 'ens2f1#4-7', 'ib0', 'x#1']),
        rootDevices: fc.constant(['0000:3b:00.1']),
        netFilter: fc.constant('aws/NetworkID:a'),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const cluster = fc.record({
  policies: fc.array(spec, { maxLength: 6 }).map((specs) => specs.map((each, index) => policy(`p${index}`, each))),
  pools: fc.subarray([
    object('SriovNetworkPoolConfig', 'one', { rdmaMode: 'exclusive' }),
    object('SriovNetworkPoolConfig', 'two', { nodeSelector: { matchLabels: { zone: 'n2' } } }),
    object('SriovNetworkPoolConfig', 'odd', { rdmaMode: 'other' }),
  ]),
  operatorConfig: fc
    .boolean()
    .map((manageSoftwareBridges) =>
      object('SriovOperatorConfig', 'default', { featureGates: { manageSoftwareBridges } }),
    ),
  states: fc
    .tuple(...NODES.map(() => fc.subarray([...PORTS, IB])))
    .map((reported) => reported.map((interfaces, index) => nodeState(NODES[index] ?? '', interfaces))),
  format: fc.constantFrom('json', 'yaml'),
});

/** What is written for each node, by the library that the policy controller plans with, from objects as they are. */
function expected({
  policies,
  pools,
  operatorConfig,
  states,
}: typeof cluster extends fc.Arbitrary<infer T> ? T : never): unknown {
  const fleet = prepareFleet({
    policies: policies as (SriovNetworkNodePolicy & { spec: NodePolicySpec })[],
    pools: pools as never[],
    operatorConfig: operatorConfig as never,
    supportedNics: undefined,
    supportedNicsOnly: false,
  });
  const plans = (states as SriovNetworkNodeState[]).map((state, index) => {
    const name = NODES[index] ?? '';
    return planNodeState(fleet, { name, labels: { zone: name }, state });
  });
  return {
    nodes: plans.map(({ name, spec, devicePluginConfig, devicePluginLabel }) => ({
      name,
      spec,
      devicePluginConfig,
      devicePluginLabel,
    })),
    problems: [...fleet.problems, ...plans.flatMap(({ problems }) => problems)],
  };
}

describe('laws of plan', () => {
  it('prints what the library plans, byte for byte, in whatever form the objects come', async () => {
    await fc.assert(
      fc.asyncProperty(cluster, async (given) => {
        const { policies, pools, operatorConfig, states, format } = given;
        const nodes = NODES.map((name) => node(name, { zone: name }));
        const objects = [...states, operatorConfig, ...policies, ...nodes, ...pools];
        const write = (each: object): string => (format === 'json' ? JSON.stringify(each) : dump(each));
        const { stdout } = await runWith(
          objects.map(write).join('\n---\n'),
          'plan',
          '-f',
          '-',
          '-o',
          'json',
          ...OPTIONS,
        );
        expect(stdout).toBe(`${JSON.stringify(expected(given), undefined, 2)}\n`);
      }),
    );
  });
});
