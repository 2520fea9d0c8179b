import { describe, expect, it } from '@jest/globals';
import {
  ANNOTATION,
  DEFAULT_DRA_DRIVER,
  type KubeObject,
  REASON,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
} from '@sriov/api';
import { Expectations, type Outcome } from '@sriov/controller';
import { ApiError, type Node, type Pod, Store } from '@sriov/kube';
import { FakeClock } from '@sriov/testing';
import { type DrainedCondition } from './drained-condition.ts';
import { type NodeContext, reconcileNode } from './reconcile-node.ts';

const NAMESPACE = 'operator';

/** A node that is being drained and cordoned, with a pod that has a VF. */
class DrainingNode {
  readonly reports: DrainedCondition[] = [];
  /** Why no pod can be evicted; none where they can. */
  blockedBy: string | undefined;
  isWatched = true;
  readonly pods: Pod[] = [podOf('dpdk')];
  readonly #nodes = new Store<Node>();
  readonly #nodeStates = new Store<SriovNetworkNodeState>();
  readonly #clock = new FakeClock();

  constructor(progress = 'Draining', reason?: string) {
    const asked = { [ANNOTATION.nodeState]: 'Drain_Required', [ANNOTATION.cordoned]: '{"wasUnschedulable":false}' };
    this.#nodes.upsert({
      metadata: { name: 'n1', resourceVersion: '5', annotations: asked },
      spec: { unschedulable: true },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const annotations = {
      [ANNOTATION.desiredState]: 'Drain_Required',
      [ANNOTATION.currentState]: progress,
      [ANNOTATION.drainGrant]: '2026-05-01T10:00:00Z',
    };
    const condition = { type: 'Drained', status: 'False', message: '', lastTransitionTime: '2026-05-01T10:00:00Z' };
    this.#nodeStates.upsert({
      metadata: { name: 'n1', namespace: NAMESPACE, resourceVersion: '6', annotations },
      status: { conditions: reason === undefined ? [] : [{ ...condition, status: 'False', reason }] },
    });
  }

  /** One look at it. */
  reconcile(): Promise<Outcome> {
    const evict = (): Promise<void> =>
      this.blockedBy === undefined
        ? Promise.resolve()
        : Promise.reject(new ApiError(this.blockedBy, { status: 429, reason: 'TooManyRequests' }));
    const written = (): Promise<KubeObject> => Promise.resolve({ metadata: { name: 'n1', resourceVersion: '7' } });
    const { isWatched, pods } = this;
    const context = {
      caches: {
        nodes: { store: this.#nodes },
        nodeStates: { store: this.#nodeStates },
        pools: { store: new Store<SriovNetworkPoolConfig>() },
        configs: { store: new Store<SriovOperatorConfig>() },
      },
      settings: { namespace: NAMESPACE, resourcePrefix: 'example.org', draDriver: DEFAULT_DRA_DRIVER },
      pods: {
        of: () => Promise.resolve({ pods, claimDrivers: new Map(), leaving: new Set(), isWatched }),
        forget: () => undefined,
      },
      orchestrator: { hold: () => Promise.resolve(undefined) },
      client: { evict, mergePatch: written },
      namespace: NAMESPACE,
      clock: this.#clock,
      log: { info: () => undefined },
      expectations: new Expectations(this.#clock),
      report: (_: string, condition: DrainedCondition) => Promise.resolve(void this.reports.push(condition)),
      record: () => undefined,
    };
    return reconcileNode(context as unknown as NodeContext, 'n1');
  }

  get reasons(): string[] {
    return this.reports.map(({ reason }) => reason);
  }
}

function podOf(name: string): Pod {
  const resources = { requests: { 'example.org/vfs': '1' } };
  return { metadata: { name, namespace: 'apps', uid: name }, spec: { containers: [{ resources }] } };
}

describe('a drain', () => {
  it('that a budget blocks is looked at again within 5 s, so that what is in its way is told in that time', async () => {
    const node = new DrainingNode();
    node.blockedBy = 'the budget db-budget is in the way';
    expect(await node.reconcile()).toMatchObject({ kind: 'wait', ms: 5_000, reason: REASON.drainBlocked });
    expect(node.reports[0]?.message).toContain('apps/dpdk: the budget db-budget is in the way');
    node.blockedBy = 'the budget of the backup is in the way';
    await node.reconcile();
    expect(node.reports[1]?.message).toContain('the budget of the backup is in the way');
  });

  it('waits for the events of its pods, and looks again within 5 s where nobody watches them', async () => {
    const node = new DrainingNode();
    expect((await node.reconcile()).kind).toBe('done');
    node.isWatched = false;
    expect(await node.reconcile()).toMatchObject({ kind: 'wait', ms: 5_000 });
    node.pods.length = 0;
    expect((await node.reconcile()).kind).toBe('done');
    expect(node.reasons).toEqual([REASON.draining, REASON.draining, REASON.drainComplete]);
  });

  it('that was completed by a leader who was killed before it could say so is told to be complete', async () => {
    const node = new DrainingNode('DrainComplete', REASON.draining);
    await node.reconcile();
    expect(node.reasons).toEqual([REASON.drainComplete]);
    const told = new DrainingNode('DrainComplete', REASON.drainComplete);
    await told.reconcile();
    expect(told.reasons).toEqual([]);
    const skipped = new DrainingNode('DrainComplete', REASON.drainSkipped);
    await skipped.reconcile();
    expect(skipped.reasons).toEqual([]);
  });
});
