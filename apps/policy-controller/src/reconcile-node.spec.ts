import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL } from '@sriov/api';
import { Expectations, type Outcome } from '@sriov/controller';
import { refusal } from '@sriov/testing';
import pLimit from 'p-limit';
import { FleetView } from './caches/fleet-view.ts';
import { VanishedPfs } from './caches/vanished-pfs.ts';
import { ConfigMapWriter } from './config-map/config-map-writer.ts';
import { gather, WRITTEN } from './gather.ts';
import { PoolCanaries } from './holds/pool-canaries.ts';
import { type NodeContext, reconcileNode } from './reconcile-node.ts';
import { type Findings } from './status/node-findings.ts';
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

const CONFIG = 'device-plugin-config';

interface Rig extends OfflineParts {
  readonly context: NodeContext;
  /** The findings that the last reconcile told; `null` when it told none. */
  readonly found: () => Findings | undefined | null;
  readonly reconcile: () => Promise<Outcome>;
}

function rigWith(fill: (parts: OfflineParts) => void): Rig {
  const parts = createOfflineParts();
  const { caches, client, clock, log, recorder, settings } = parts;
  let found: Findings | undefined | null = null;
  fill(parts);
  const view = new FleetView(caches, settings);
  const context: NodeContext = {
    caches,
    client,
    log,
    settings,
    view,
    recorder,
    canaries: new PoolCanaries({ caches, view, settings, now: () => clock.now(), onProgress: () => undefined }),
    vanishedPfs: new VanishedPfs({ graceMs: 600_000, clock }),
    expectations: new Expectations(clock),
    configMaps: new ConfigMapWriter({
      client,
      namespace: NAMESPACE,
      clock,
      present: (name) => caches.devicePluginConfigs.get(name)?.store.get(`${NAMESPACE}/${name}`),
      onRefusal: () => undefined,
    }),
    writeLimit: pLimit(10),
    now: () => clock.now(),
    onFindings: (_, findings) => (found = findings),
  };
  return {
    ...parts,
    context,
    found: () => found,
    async reconcile() {
      const outcome = reconcileNode(context, 'a');
      // A failure is for whoever awaits it, which is after the writer has slept.
      outcome.catch(() => undefined);
      // The writer of ConfigMaps sleeps, for no time at first.
      for (let turns = 0; turns < 20; turns += 1) await clock.advance(0);
      return outcome;
    },
  };
}

/** A managed node that has reported one PF. */
const managed = ({ caches }: OfflineParts): void => {
  caches.operatorConfigs.store.upsert(operatorConfigOf());
  caches.nodes.store.upsert(nodeOf('a'));
};

describe('the outcome for a node', () => {
  it.each<[string, (parts: OfflineParts) => void, Outcome, Findings | undefined | null]>([
    [
      'is that nothing is managed without an SriovOperatorConfig',
      ({ caches }) => caches.nodes.store.upsert(nodeOf('a')),
      {
        kind: 'done',
        reason: 'NoOperatorConfig',
        message: 'there is no SriovOperatorConfig named default: nothing is managed',
      },
      null,
    ],
    [
      'is that all stays as it is where that cannot be read',
      ({ caches }) => {
        caches.operatorConfigs.store.upsert({
          ...operatorConfigOf(),
          spec: { configDaemonNodeSelector: 'x' },
        } as never);
        caches.nodes.store.upsert(nodeOf('a'));
      },
      {
        kind: 'done',
        reason: 'OperatorConfigInvalid',
        message: 'the SriovOperatorConfig cannot be read: all stays as it is',
      },
      null,
    ],
    [
      'is that it is not managed where it has not the labels for it',
      ({ caches }) => {
        caches.operatorConfigs.store.upsert(operatorConfigOf());
        caches.nodes.store.upsert({ metadata: { name: 'a', resourceVersion: '1' } });
      },
      { kind: 'done', reason: 'NotManaged', message: 'the node is not managed' },
      undefined,
    ],
    [
      'is that it is not managed where it is gone',
      ({ caches }) => caches.operatorConfigs.store.upsert(operatorConfigOf()),
      { kind: 'done', reason: 'NotManaged', message: 'the node is not managed' },
      undefined,
    ],
  ])('%s, and nothing is written', async (_, fill, outcome, found) => {
    const rig = rigWith(fill);
    expect(await rig.reconcile()).toEqual(outcome);
    expect(rig.connection.writes).toEqual([]);
    expect(rig.found()).toBe(found);
  });

  it('is that nothing is planned while its daemon has not reported', async () => {
    const rig = rigWith((parts) => {
      managed(parts);
      parts.caches.policies.store.upsert(policyOf('p'));
      parts.caches.nodeStates.store.upsert(stateOf('a'));
    });
    const message = 'the node has not reported its PFs: nothing is planned for it';
    expect(await rig.reconcile()).toEqual({ kind: 'done', reason: 'InSync', message });
  });

  it('is that it is as the policies want it, once the writes are sent', async () => {
    const rig = rigWith((parts) => {
      managed(parts);
      parts.caches.nodeStates.store.upsert(stateOf('a', { status: reportOf() }));
    });
    const message = 'the node state is as the policies want it';
    expect(await rig.reconcile()).toEqual({ kind: 'done', reason: 'InSync', message });
    expect(rig.found()).toMatchObject({ isSettled: false });
    expect(rig.connection.writes.length).toBeGreaterThan(0);
  });

  it('is to wait while the caches do not show what was written', async () => {
    const rig = rigWith((parts) => {
      managed(parts);
      parts.caches.nodeStates.store.upsert(stateOf('a', { status: reportOf() }));
    });
    await rig.reconcile();
    const written = rig.connection.writes.length;
    const message = 'what was written is not seen yet';
    expect(await rig.reconcile()).toEqual({ kind: 'wait', ms: 2_000, reason: 'InSync', message });
    expect(rig.connection.writes).toHaveLength(written);
  });

  it('is to look again when a PF that is away has been away for too long', async () => {
    const interfaces = [{ name: 'ens2', pciAddress: '0000:5e:00.0', numVfs: 4 }];
    const rig = rigWith((parts) => {
      managed(parts);
      parts.caches.nodeStates.store.upsert(stateOf('a', { spec: { interfaces }, status: reportOf() }));
    });
    expect(await rig.reconcile()).toMatchObject({ kind: 'wait', ms: 600_000, reason: 'InSync' });
  });

  it('is to look again when the state of a node that is managed no more has been kept for long enough', async () => {
    const rig = rigWith(({ caches }) => {
      caches.operatorConfigs.store.upsert(operatorConfigOf());
      const metadata = { ownerReferences: [{ apiVersion: 'v1', kind: 'x', name: 'default', uid: 'config-uid' }] };
      caches.nodeStates.store.upsert(stateOf('a', { metadata: { ...stateOf('a').metadata, ...metadata } }));
    });
    expect(await rig.reconcile()).toMatchObject({ kind: 'wait', reason: 'NotManaged' });
  });
});

it('a node of whose change nobody knows how far it came keeps its place in the canary of its pool', async () => {
  const rig = rigWith((parts) => {
    managed(parts);
    const { caches } = parts;
    caches.policies.store.upsert(policyOf('p'));
    caches.pools.store.upsert({
      metadata: { name: 'q', namespace: NAMESPACE, generation: 1, resourceVersion: '1' },
      spec: { canary: { nodes: 1 } },
    });
    caches.nodeStates.store.upsert(stateOf('a', { status: reportOf() }));
  });
  const { connection, context } = rig;
  connection.script = ({ path }) => (path.endsWith('nodestates/a') ? refusal(409) : undefined);
  await expect(rig.reconcile()).rejects.toThrow('refused 409');
  expect(connection.writes.map(({ path }) => path.split('/').at(-1))).toContain('configmaps');
  const holders = context.view.current.pools.map((pool) => [...context.canaries.of(pool).holders.keys()]);
  expect(holders).toEqual([['a']]);
});

describe('what is gathered about a node', () => {
  const present = (parts: OfflineParts): void => {
    managed(parts);
    const { caches } = parts;
    caches.nodes.store.upsert(nodeOf('a', { [LABEL.devicePlugin]: 'Enabled' }));
    caches.nodeStates.store.upsert(stateOf('a', { status: reportOf() }));
    caches.devicePluginConfigs
      .get(CONFIG)
      ?.store.upsert({ metadata: { name: CONFIG, namespace: NAMESPACE, resourceVersion: '7' }, data: { a: 'text' } });
  };

  it('is what the caches show of it', () => {
    const { context, caches } = rigWith(present);
    const { resourceVersion } = caches.nodes.store.get('a')?.metadata ?? {};
    expect(gather(context, 'a')).toMatchObject({
      facts: { name: 'a', labels: { [LABEL.worker]: '' }, devicePluginConfig: 'text', vanished: new Set() },
      present: {
        exists: true,
        isOwned: false,
        devicePlugin: { home: CONFIG, texts: new Map([[CONFIG, 'text']]) },
        devicePluginLabel: 'Enabled',
      },
      isManaged: true,
      isBehind: false,
      nodeVersion: resourceVersion,
      configMapVersions: new Map([[CONFIG, '7']]),
      lookAgainMs: undefined,
    });
  });

  it('is nothing where the caches show nothing', () => {
    expect(gather(rigWith(() => undefined).context, 'a')).toMatchObject({
      facts: { labels: {}, state: undefined, devicePluginConfig: undefined },
      present: { exists: false, isOwned: false, state: undefined, devicePluginLabel: undefined },
      isManaged: false,
      nodeVersion: undefined,
      configMapVersions: new Map([[CONFIG, undefined]]),
    });
  });

  it.each([
    ['the SriovOperatorConfig that there is', 'config-uid', true],
    ['another one', 'other', false],
  ])('says whether its node state belongs to %s', (_, uid, expected) => {
    const { context } = rigWith((parts) => {
      managed(parts);
      const ownerReferences = [{ apiVersion: 'v1', kind: 'SriovOperatorConfig', name: 'default', uid }];
      const { metadata } = stateOf('a');
      const annotations = { [ANNOTATION.plannedFrom]: '' };
      parts.caches.nodeStates.store.upsert(stateOf('a', { metadata: { ...metadata, ownerReferences, annotations } }));
    });
    expect(gather(context, 'a').present.isOwned).toBe(expected);
  });

  it.each([
    ['its node state', WRITTEN.state],
    ['its Node', WRITTEN.node],
    ['its configuration of the device plugin', WRITTEN.configMap(CONFIG)],
  ])('is behind as long as the caches do not show what was written of %s', (_, object) => {
    const { context } = rigWith(present);
    context.expectations.expect('a', object, '1000000');
    expect([gather(context, 'a').isBehind, gather(context, 'b').isBehind]).toEqual([true, false]);
    context.expectations.expect('a', object, '1');
    expect(gather(context, 'a').isBehind).toBe(false);
  });
});
