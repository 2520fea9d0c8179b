import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION, type Condition, formatTime, type SriovNetworkNodeState, STARTUP_TAINT } from '@sriov/api';
import { eventually, installCrds, request } from '@sriov/testing';
import { findUnconfigured } from './startup-taint.ts';
import { runController } from './test/run-controller.ts';
import { TestFleet } from './test/test-fleet.ts';

jest.setTimeout(90_000);

const condition = (type: string, status: 'True' | 'False', generation = 1): Condition => ({
  ...{ type, status, reason: 'Test', message: 'it says so', observedGeneration: generation },
  lastTransitionTime: formatTime(0),
});
const stateWith = (conditions: Condition[], annotations = { [ANNOTATION.plannedFrom]: '' }): SriovNetworkNodeState => ({
  metadata: { name: 'n', generation: 1, annotations },
  status: { conditions },
});

it.each<[string, SriovNetworkNodeState | undefined, string | undefined]>([
  [
    'without a node state',
    undefined,
    'the node has no SriovNetworkNodeState yet (is it one that the operator manages?)',
  ],
  [
    'for which nothing is planned',
    { metadata: { name: 'n', generation: 1 }, status: { conditions: [condition('Ready', 'True')] } },
    'nothing is planned for the node yet',
  ],
  [
    'that is held back',
    stateWith([condition('Ready', 'True'), condition('RolledOut', 'False')]),
    'the node is held back (Test), as its condition RolledOut says',
  ],
  ['whose daemon has said nothing', stateWith([]), 'the daemon of the node has not said that it is configured'],
  [
    'whose daemon is not done',
    stateWith([condition('Ready', 'False')]),
    'the daemon of the node has not said that it is configured',
  ],
  [
    'whose daemon speaks of an earlier spec',
    stateWith([condition('Ready', 'True', 0)]),
    'the daemon of the node has not carried out its newest spec',
  ],
  ['that is as its spec wants it', stateWith([condition('RolledOut', 'True'), condition('Ready', 'True')]), undefined],
])('a node %s is told of as it is', (_, state, waiting) => {
  expect(findUnconfigured(state)).toBe(waiting);
});

describe('the startup taint of a node', () => {
  const TAINT = { key: STARTUP_TAINT, effect: 'NoSchedule' };
  const OTHER = { key: 'example.org/other', value: 'kept', effect: 'NoSchedule' };
  let fleet: TestFleet;
  let stopController: () => Promise<void> = () => Promise.resolve();
  beforeAll(() => installCrds());
  beforeEach(async () => {
    fleet = await TestFleet.create();
  });
  afterEach(async () => {
    await stopController();
    await fleet.remove();
  });

  const taintsOf = async (name: string): Promise<string[]> =>
    ((await fleet.node(name)).spec?.taints ?? []).map(({ key }) => key).filter((key) => !key.startsWith('node.'));
  const taint = (name: string): Promise<unknown> =>
    request('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: [TAINT, OTHER] } });
  const say = async (name: string, status: 'True' | 'False'): Promise<void> => {
    const { metadata } = await fleet.nodeState(name);
    const path = `/apis/sriovnetwork.openshift.io/v1/namespaces/${fleet.namespace}/sriovnetworknodestates/${name}/status`;
    await request('PATCH', path, { status: { conditions: [condition('Ready', status, metadata.generation)] } });
  };

  it('goes once the node is planned and its daemon is done, and no other taint with it', async () => {
    stopController = runController(fleet, { startupTaint: true });
    await fleet.addNode('t1');
    await fleet.addNode('t2');
    await taint('t1');
    await taint('t2');
    await say('t1', 'True');
    await fleet.annotate('t2', { [ANNOTATION.plannedFrom]: '' });
    await say('t2', 'True');
    await eventually(async () => (await taintsOf('t2')).length === 1);
    expect(await taintsOf('t2')).toEqual([OTHER.key]);
    await eventually(async () =>
      (await fleet.events('SriovNetworkNodeState', 't2')).some(({ reason }) => reason === 'StartupTaintRemoved'),
    );
    expect(await taintsOf('t1')).toEqual([TAINT.key, OTHER.key]);
    await fleet.annotate('t1', { [ANNOTATION.plannedFrom]: '' });
    await eventually(async () => (await taintsOf('t1')).length === 1);
  });

  it('stays without the setting', async () => {
    stopController = runController(fleet);
    await fleet.addNode('t3');
    await taint('t3');
    await fleet.annotate('t3', { [ANNOTATION.plannedFrom]: '' });
    await say('t3', 'True');
    // A drain of the same node has been through the same watches meanwhile.
    await fleet.ask('t3', 'Drain_Required');
    await fleet.until('t3', 'DrainComplete');
    expect(await taintsOf('t3')).toEqual([TAINT.key, OTHER.key]);
  });
});
