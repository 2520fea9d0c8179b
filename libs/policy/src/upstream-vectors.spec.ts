import { describe, expect, it } from '@jest/globals';
import {
  nodeStateSpecSchema,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
  wireText,
} from '@sriov/api';
import {
  type ExpectedNode,
  findObject,
  missingRows,
  nicListOf,
  ofKind,
  type Vector,
  VECTORS,
} from '@sriov/testing/upstream-vectors';
import { isManaged, prepareFleet } from './fleet.ts';
import { type NodeStatePlan } from './node-state-plan.ts';
import { planNodeState } from './plan-node-state.ts';

/** Where the device plugin's configuration differs on purpose: what stands there for a part of upstream's text. */
interface Difference {
  /** The first cell of the row of docs/differences.md that says why. */
  readonly row: string;
  readonly theirs: string;
  readonly ours: string;
  /** The only node on which it stands there; absent for all. */
  readonly node?: string;
}

const SHARED_ID =
  '`vendor` and `deviceID` of one PF model, on a node where another model has VFs with the same device id';
const RDMA_OF_VDPA: Difference = {
  row: '`isRdma: true` with a `vdpaType` in one policy',
  theirs: '"IsRdma":true,"NeedVhostNet":false,"vdpaType"',
  ours: '"IsRdma":false,"NeedVhostNet":false,"vdpaType"',
};
const SAME_VFS = 'Policies of different resources that want the same VFs';
/** Other policies take all VFs of this resource. */
const without = (element: string): Difference => ({ row: SAME_VFS, theirs: element, ours: '' });
const DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  'input-01': [{ row: SHARED_ID, theirs: '"devices":["101e"]', ours: '"rootDevices":["0000:17:00.0"]' }],
  'input-03': [
    {
      row: SAME_VFS,
      theirs: '"rootDevices":["0000:1f:00.0","0000:17:00.0"]',
      ours: '"rootDevices":["0000:17:00.0"]',
    },
  ],
  'input-04': [RDMA_OF_VDPA],
  'input-07': [
    without(
      '{"resourceName":"dpdk","selectors":{"pfNames":["ens3f0np0"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null},',
    ),
  ],
  'input-10': [
    RDMA_OF_VDPA,
    without(
      '{"resourceName":"storage","selectors":{"rootDevices":["0000:17:00.0"],"IsRdma":true,"NeedVhostNet":false},"SelectorObj":null},',
    ),
    {
      row: SAME_VFS,
      node: 'node-0',
      theirs: '["0000:17:00.0"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null},{"resourceName":"res_0"',
      ours: '["0000:17:00.0#0-0"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null},{"resourceName":"res_0"',
    },
  ],
  'input-16': [{ row: SHARED_ID, theirs: '"devices":["1889"]', ours: '"rootDevices":["0000:48:00.0"]' }, RDMA_OF_VDPA],
  'input-18': [
    without(
      '{"resourceName":"res_1","selectors":{"pfNames":["ens4f0np0"],"IsRdma":false,"NeedVhostNet":false,"vdpaType":"vhost"},"SelectorObj":null},',
    ),
  ],
  'input-20': [{ row: SAME_VFS, theirs: '"devices":["16dc"]', ours: '"rootDevices":["0000:2e:00.1"]' }],
  'input-22': [
    {
      row: SAME_VFS,
      theirs: '"rootDevices":["0000:1d:00.0","0000:17:00.0"]',
      ours: '"rootDevices":["0000:1d:00.0"]',
    },
  ],
};

const withDifferences = (input: string, name: string, text: string): string =>
  (DIFFERENCES[input] ?? [])
    .filter(({ node = name }) => node === name)
    .reduce((so, { theirs, ours }) => so.replace(theirs, ours), text);

function plansOf(vector: Vector): NodeStatePlan[] {
  const fleet = prepareFleet({
    policies: ofKind<SriovNetworkNodePolicy>(vector, 'SriovNetworkNodePolicy'),
    pools: ofKind<SriovNetworkPoolConfig>(vector, 'SriovNetworkPoolConfig'),
    operatorConfig: findObject<SriovOperatorConfig>(vector, 'SriovOperatorConfig', 'default'),
    supportedNics: nicListOf(vector),
    supportedNicsOnly: vector.supportedNicsOnly,
  });
  return ofKind(vector, 'Node')
    .filter(({ metadata }) => isManaged(fleet, metadata.labels ?? {}))
    .map(({ metadata: { name, labels = {} } }) =>
      planNodeState(fleet, {
        name,
        labels,
        state: findObject<SriovNetworkNodeState>(vector, 'SriovNetworkNodeState', name),
      }),
    );
}

it('differences are explained in docs/differences.md', () => {
  expect(missingRows(Object.values(DIFFERENCES).flatMap((each) => each.map(({ row }) => row)))).toEqual([]);
});

describe.each(VECTORS)('what upstream wrote for %s', (input, vector) => {
  it('is what the planner wants of the hosts, and the bytes that the device plugin reads', () => {
    // A node that has not reported is not planned: upstream writes an empty configuration for it.
    const written = plansOf(vector)
      .filter(({ devicePluginConfig }) => devicePluginConfig !== undefined)
      .map(({ name, spec, devicePluginConfig, devicePluginLabel }) => [
        name,
        { spec: wireText(nodeStateSpecSchema, spec), devicePluginConfig, devicePluginLabel },
      ]);
    const hasState = ([name]: readonly [string, ExpectedNode]): boolean =>
      findObject<SriovNetworkNodeState>(vector, 'SriovNetworkNodeState', name) !== undefined;
    const expected = Object.entries(vector.expected.nodes)
      .filter(hasState)
      .map(([name, node]) => [
        name,
        {
          ...node,
          spec: wireText(nodeStateSpecSchema, node.spec),
          devicePluginConfig: withDifferences(input, name, node.devicePluginConfig),
        },
      ]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(expected));
  });
});
