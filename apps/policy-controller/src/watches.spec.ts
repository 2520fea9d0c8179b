import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type KubeObject, type SriovNetworkPoolConfig } from '@sriov/api';
import { Controller, createControllerMetrics, done } from '@sriov/controller';
import { type ConfigMapWriter } from './config-map/config-map-writer.ts';
import { FleetView } from './caches/fleet-view.ts';
import { type Findings, NodeFindings } from './status/node-findings.ts';
import { subjectOf } from './subject.ts';
import {
  createOfflineParts,
  NAMESPACE,
  nodeOf,
  type OfflineParts,
  operatorConfigOf,
  policyOf,
  reportOf,
  stateOf,
} from './test/offline-controllers.ts';
import { connectWatches, enqueueSubjects } from './watches.ts';

interface Rig extends OfflineParts {
  readonly findings: NodeFindings;
  readonly refused: string[];
  readonly enqueueSubjects: (subjects: readonly string[]) => void;
  /** What is reconciled within so many milliseconds, as `controller key`, sorted. */
  readonly within: (ms: number) => Promise<string[]>;
}

/** The watches, connected to controllers that take down what they are asked for. */
function connect(fill: (parts: OfflineParts) => void = () => undefined): Rig {
  const parts = createOfflineParts();
  const { caches, settings, clock, log, metrics } = parts;
  const taken: string[] = [];
  const controllerMetrics = createControllerMetrics(metrics);
  const create = (name: string): Controller =>
    new Controller({
      name,
      timers: clock,
      log,
      metrics: controllerMetrics,
      workers: 100,
      reconcile(key) {
        taken.push(`${name} ${key}`);
        return Promise.resolve(done('Ok', ''));
      },
    });
  const controllers = {
    nodes: create('node'),
    policies: create('policy'),
    pools: create('pool'),
    operatorConfig: create('config'),
  };
  const findings = new NodeFindings();
  const refused: string[] = [];
  const configMaps = { refusedNodes: () => refused } as unknown as ConfigMapWriter;
  const wiring = {
    ...controllers,
    caches,
    view: new FleetView(caches, settings),
    findings,
    configMaps,
    namespace: NAMESPACE,
  };
  fill(parts);
  connectWatches(wiring);
  for (const controller of Object.values(controllers)) void controller.run(new AbortController().signal);
  return {
    ...parts,
    findings,
    refused,
    enqueueSubjects: (subjects) => enqueueSubjects(wiring, subjects),
    async within(ms) {
      await clock.advance(ms);
      await clock.advance(0);
      return taken.splice(0).sort();
    },
  };
}

const poolOf = (
  name: string,
  selector: Record<string, string>,
  metadata: Partial<KubeObject['metadata']> = {},
): SriovNetworkPoolConfig => ({
  metadata: { name, namespace: NAMESPACE, generation: 1, resourceVersion: String((versions += 1)), ...metadata },
  spec: { nodeSelector: { matchLabels: selector } },
});
let versions = 1_000;

/** Two nodes, of which `a` is in the zone of the policy and the pool. */
const fillFleet = ({ caches }: OfflineParts): void => {
  caches.operatorConfigs.store.upsert(operatorConfigOf());
  caches.nodes.store.upsert(nodeOf('a', { zone: 'east' }));
  caches.nodes.store.upsert(nodeOf('b', { zone: 'west' }));
};
const PAUSED = { [ANNOTATION.paused]: 'true' };
const heldBy = (policy: string): Findings => ({
  ...{ subjects: new Set(), undecided: new Set(), problems: [], generations: new Map(), isSettled: false },
  hold: { reason: 'RolloutPaused', message: '', policies: [policy] },
});
const east = { nodeSelector: { zone: 'east' } };

async function connectFleet(fill: (parts: OfflineParts) => void = () => undefined): Promise<Rig> {
  const rig = connect((parts) => {
    fillFleet(parts);
    fill(parts);
  });
  await rig.within(20_000);
  return rig;
}

describe('a change of a policy', () => {
  it('asks for the nodes that it selects or selected at once, and for its status a second later', async () => {
    const { caches, within } = await connectFleet();
    caches.policies.store.upsert(policyOf('p', east));
    expect(await within(999)).toEqual(['node a']);
    expect(await within(1)).toEqual([`policy ${NAMESPACE}/p`]);
    caches.policies.store.upsert(policyOf('p', { nodeSelector: { zone: 'west' } }, { generation: 2 }));
    expect(await within(0)).toEqual(['node a', 'node b']);
    caches.policies.store.remove(`${NAMESPACE}/p`);
    expect(await within(0)).toEqual(['node b']);
  });

  it.each<[string, (rig: Rig) => void, string[]]>([
    [
      'of its status asks for its status alone',
      ({ caches }) => caches.policies.store.upsert({ ...policyOf('p', east), status: { matchedNodeCount: 3 } }),
      [`policy ${NAMESPACE}/p`],
    ],
    [
      'that pauses it asks for its nodes',
      ({ caches }) => caches.policies.store.upsert(policyOf('p', east, { annotations: PAUSED })),
      ['node a', `policy ${NAMESPACE}/p`],
    ],
    [
      'of another annotation asks for its status alone',
      ({ caches }) => caches.policies.store.upsert(policyOf('p', east, { annotations: { a: 'b' } })),
      [`policy ${NAMESPACE}/p`],
    ],
    [
      'that ends its pause also asks for nodes that it holds and no longer selects',
      ({ caches, findings }) => {
        findings.set('held', heldBy('p'));
        findings.set('of-another', heldBy('q'));
        caches.policies.store.upsert(policyOf('p', east, { annotations: PAUSED }));
        caches.policies.store.remove(`${NAMESPACE}/p`);
      },
      ['node a', 'node held', `policy ${NAMESPACE}/p`],
    ],
    [
      'that is told again asks for its status alone',
      ({ caches }) => caches.policies.store.resync(),
      [`policy ${NAMESPACE}/p`],
    ],
    [
      'in another namespace asks for its status alone',
      ({ caches }) => caches.policies.store.upsert(policyOf('q', east, { namespace: 'other' })),
      ['policy other/q'],
    ],
    [
      "that is upstream's default asks for its status alone",
      ({ caches }) => caches.policies.store.upsert(policyOf('default', east)),
      [`policy ${NAMESPACE}/default`],
    ],
    [
      'that is not well-formed asks for all nodes',
      ({ caches }) =>
        caches.policies.store.upsert({ ...policyOf('p', {}, { generation: 2 }), spec: { nodeSelector: 'x' } } as never),
      ['node a', 'node b', `policy ${NAMESPACE}/p`],
    ],
    [
      'without a spec asks for all nodes',
      ({ caches }) =>
        caches.policies.store.upsert({ ...policyOf('p', {}, { generation: 2 }), spec: undefined } as never),
      ['node a', 'node b', `policy ${NAMESPACE}/p`],
    ],
    [
      'whose selector is null asks for all nodes',
      ({ caches }) =>
        caches.policies.store.upsert({
          ...policyOf('p', {}, { generation: 2 }),
          spec: { nodeSelector: null },
        } as never),
      ['node a', 'node b', `policy ${NAMESPACE}/p`],
    ],
  ])('%s', async (_, change, expected) => {
    const rig = await connectFleet(({ caches }) => caches.policies.store.upsert(policyOf('p', east)));
    change(rig);
    expect(await rig.within(1_000)).toEqual(expected);
  });
});

describe('a change of a pool', () => {
  it('asks for the nodes that are or were in it at once, and for its status a second later', async () => {
    const { caches, within } = await connectFleet();
    caches.pools.store.upsert(poolOf('p', { zone: 'east' }));
    expect(await within(999)).toEqual(['node a']);
    expect(await within(1)).toEqual([`pool ${NAMESPACE}/p`]);
    caches.pools.store.upsert(poolOf('p', { zone: 'west' }, { generation: 2 }));
    expect(await within(0)).toEqual(['node a', 'node b']);
  });

  it.each<[string, (rig: Rig) => void, string]>([
    ['of its status', ({ caches }) => caches.pools.store.upsert(poolOf('p', { zone: 'east' })), `${NAMESPACE}/p`],
    ['that is told again', ({ caches }) => caches.pools.store.resync(), `${NAMESPACE}/p`],
    [
      'in another namespace',
      ({ caches }) => caches.pools.store.upsert(poolOf('q', { zone: 'east' }, { namespace: 'other' })),
      'other/q',
    ],
  ])('%s asks for its status alone', async (_, change, key) => {
    const rig = await connectFleet(({ caches }) => caches.pools.store.upsert(poolOf('p', { zone: 'east' })));
    change(rig);
    expect(await rig.within(1_000)).toEqual([`pool ${key}`]);
  });
});

describe('a change of the SriovOperatorConfig or of the list of NICs', () => {
  const fill = ({ caches }: OfflineParts): void => {
    caches.policies.store.upsert(policyOf('p', east));
    caches.pools.store.upsert(poolOf('q', { zone: 'east' }));
    caches.nodeStates.store.upsert(stateOf('gone'));
  };
  const ALL = ['node a', 'node b', 'node gone'];
  const STATUSES = [`policy ${NAMESPACE}/p`, `pool ${NAMESPACE}/q`];

  it('asks for everything: nodes and its own status at once, the statuses of policies and pools later', async () => {
    const { caches, within } = await connectFleet(fill);
    caches.operatorConfigs.store.upsert(operatorConfigOf({ generation: 2 }));
    expect(await within(999)).toEqual(['config default', ...ALL]);
    expect(await within(1)).toEqual(STATUSES);
    const metadata = { name: 'supported-nic-ids', namespace: NAMESPACE, resourceVersion: '1' };
    caches.supportedNics.store.upsert({ metadata, data: {} });
    expect(await within(1_000)).toEqual(['config default', ...ALL, ...STATUSES]);
  });

  it('asks for its own status alone when only that was written, or when it is told again', async () => {
    const { caches, within } = await connectFleet(fill);
    caches.operatorConfigs.store.upsert({ ...operatorConfigOf(), status: { conditions: [] } });
    expect(await within(999)).toEqual([]);
    expect(await within(1)).toEqual(['config default']);
    caches.operatorConfigs.store.resync();
    expect(await within(1_000)).toEqual(['config default']);
  });
});

describe('a change of a node', () => {
  const fill = ({ caches }: OfflineParts): void => {
    caches.policies.store.upsert(policyOf('east', east));
    caches.policies.store.upsert(policyOf('west', { nodeSelector: { zone: 'west' } }));
    caches.pools.store.upsert(poolOf('east', { zone: 'east' }));
    caches.pools.store.upsert(poolOf('west', { zone: 'west' }));
  };

  it('asks for the node at once, and later for what is about it by its labels', async () => {
    const { caches, within } = await connectFleet(fill);
    caches.nodes.store.upsert(nodeOf('c', { zone: 'east' }));
    expect(await within(999)).toEqual(['node c']);
    expect(await within(1)).toEqual([`policy ${NAMESPACE}/east`, `pool ${NAMESPACE}/east`]);
  });

  it('asks for what was about it before as well', async () => {
    const { caches, within } = await connectFleet(fill);
    caches.nodes.store.upsert(nodeOf('a', { zone: 'west' }));
    expect(await within(1_000)).toEqual([
      'node a',
      ...['east', 'west'].map((name) => `policy ${NAMESPACE}/${name}`),
      ...['east', 'west'].map((name) => `pool ${NAMESPACE}/${name}`),
    ]);
  });

  it('asks for nothing when its labels are the same, and for the node alone when it is told again', async () => {
    const { caches, within } = await connectFleet(fill);
    caches.nodes.store.upsert(nodeOf('a', { zone: 'east' }));
    expect(await within(1_000)).toEqual([]);
    caches.nodes.store.resync();
    expect(await within(1_000)).toEqual(['node a', 'node b']);
  });
});

describe('a change of a node state', () => {
  const state = { spec: {}, status: reportOf() };
  const fill = ({ caches }: OfflineParts): void => caches.nodeStates.store.upsert(stateOf('a', state));
  const found = {
    subjects: new Set([subjectOf('SriovNetworkNodePolicy', 'p'), subjectOf('SriovNetworkPoolConfig', 'q')]),
    undecided: new Set<string>(),
    problems: [],
    generations: new Map(),
    isSettled: true,
  };
  const [nic] = reportOf().interfaces ?? [];

  it.each([
    ['another owner', { ...state, metadata: { ownerReferences: [{ uid: 'x' }] } }],
    ['another annotation', { ...state, metadata: { annotations: { [ANNOTATION.plannedFrom]: 'x' } } }],
    ['another spec', { ...state, spec: { interfaces: [] } }],
    ['another PF', { ...state, status: reportOf({ interfaces: [] }) }],
    ['another limit of a PF', { ...state, status: reportOf({ interfaces: [{ ...nic, totalvfs: 4 }] as never }) }],
    ['another RDMA mode', { ...state, status: reportOf({ system: { rdmaMode: 'shared' } }) }],
    ['a first report', { ...state, status: {} }],
  ])('asks for the node when it shows %s', async (_, next) => {
    const { caches, within } = await connectFleet(fill);
    caches.nodeStates.store.upsert(stateOf('a', next as never));
    expect(await within(0)).toEqual(['node a']);
  });

  it('asks for the statuses that speak of the node when only its progress changed', async () => {
    const { caches, findings, within } = await connectFleet(fill);
    findings.set('a', found);
    caches.nodeStates.store.upsert(stateOf('a', { ...state, status: reportOf({ syncStatus: 'Failed' }) }));
    expect(await within(999)).toEqual([]);
    expect(await within(1)).toEqual([`policy ${NAMESPACE}/p`, `pool ${NAMESPACE}/q`]);
  });

  it('asks for the node when it is gone, or told again', async () => {
    const { caches, within } = await connectFleet(fill);
    caches.nodeStates.store.resync();
    expect(await within(0)).toEqual(['node a']);
    caches.nodeStates.store.remove(`${NAMESPACE}/a`);
    expect(await within(0)).toEqual(['node a']);
  });
});

describe('a change of the configuration of the device plugin', () => {
  it('asks for the nodes whose keys changed, for those that found no room, and for the SriovOperatorConfig', async () => {
    const { caches, refused, within } = await connectFleet();
    const store = caches.devicePluginConfigs.get('device-plugin-config')?.store;
    const map = (resourceVersion: string, data: Record<string, string>): void =>
      store?.upsert({ metadata: { name: 'device-plugin-config', namespace: NAMESPACE, resourceVersion }, data });
    map('1', { a: '1', b: '1' });
    expect(await within(999)).toEqual(['node a', 'node b']);
    expect(await within(1)).toEqual(['config default']);
    refused.push('full');
    map('2', { a: '2', b: '1' });
    expect(await within(1_000)).toEqual(['config default', 'node a', 'node full']);
    map('3', { a: '2', b: '1' });
    expect(await within(1_000)).toEqual(['config default']);
  });
});

describe('enqueueSubjects', () => {
  it('waits longer for a status that speaks of many nodes, and not for ever', async () => {
    const { findings, enqueueSubjects: enqueue, within } = await connectFleet();
    const subjects = [subjectOf('SriovNetworkNodePolicy', 'p'), subjectOf('SriovNetworkPoolConfig', 'q')];
    const set = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        findings.set(`n${index}`, {
          subjects: new Set(subjects),
          undecided: new Set(),
          problems: [],
          generations: new Map(),
          isSettled: true,
        });
      }
    };
    set(200);
    enqueue(subjects);
    expect(await within(1_999)).toEqual([]);
    expect(await within(1)).toEqual([`policy ${NAMESPACE}/p`, `pool ${NAMESPACE}/q`]);
    set(2_000);
    enqueue([...subjects, 'SriovOperatorConfig/default']);
    expect(await within(9_999)).toEqual([]);
    expect(await within(1)).toEqual([`policy ${NAMESPACE}/p`, `pool ${NAMESPACE}/q`]);
  });
});
