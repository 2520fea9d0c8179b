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
import { PodsUnreadError } from './pods-of-nodes.ts';
import { type NodeContext, reconcileNode } from './reconcile-node.ts';

const NAMESPACE = 'operator';

/** A node that is being drained and cordoned, with a pod that has a VF. */
class DrainingNode {
  readonly reports: DrainedCondition[] = [];
  /** Why no pod can be evicted; none where they can. */
  blockedBy: string | undefined;
  /** What the API server answers instead of evicting the pod of that name. */
  readonly failures = new Map<string, ApiError>();
  /** Why the pods cannot be listed. */
  unread: string | undefined;
  /** Its pool forces drains, and this one is overdue. */
  isForced = false;
  readonly deleted: string[] = [];
  readonly claimError = new ApiError('resourceclaims "vf" is forbidden', { status: 403 });
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
      [ANNOTATION.drainGrant]: '2025-05-01T10:00:00Z',
    };
    const condition = { type: 'Drained', status: 'False', message: '', lastTransitionTime: '2026-05-01T10:00:00Z' };
    this.#nodeStates.upsert({
      metadata: { name: 'n1', namespace: NAMESPACE, resourceVersion: '6', annotations },
      status: { conditions: reason === undefined ? [] : [{ ...condition, status: 'False', reason }] },
    });
  }

  /** One look at it. */
  reconcile(): Promise<Outcome> {
    const { blockedBy } = this;
    const budget = blockedBy === undefined ? undefined : budgetError(blockedBy);
    const evict = ({ name }: { readonly name: string }): Promise<void> => {
      const error = this.failures.get(name) ?? budget;
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    };
    const remove = (_: unknown, { name }: { readonly name: string }): Promise<void> =>
      Promise.resolve(void this.deleted.push(name));
    const written = (): Promise<KubeObject> => Promise.resolve({ metadata: { name: 'n1', resourceVersion: '7' } });
    const { isWatched, pods } = this;
    const context = {
      caches: {
        nodes: { store: this.#nodes },
        nodeStates: { store: this.#nodeStates },
        pools: { store: this.#pools() },
        configs: { store: new Store<SriovOperatorConfig>() },
      },
      settings: { namespace: NAMESPACE, resourcePrefix: 'example.org', draDriver: DEFAULT_DRA_DRIVER },
      pods: {
        of: () =>
          this.unread !== undefined
            ? Promise.reject(new PodsUnreadError(this.unread))
            : Promise.resolve({ pods, claimDrivers: new Map(), leaving: new Set(), isWatched }),
        forget: () => undefined,
      },
      orchestrator: { hold: () => Promise.resolve(undefined) },
      client: { evict, delete: remove, get: () => Promise.reject(this.claimError), mergePatch: written },
      namespace: NAMESPACE,
      clock: this.#clock,
      log: { info: () => undefined },
      expectations: new Expectations(this.#clock),
      report: (_: string, condition: DrainedCondition) => Promise.resolve(void this.reports.push(condition)),
      record: () => undefined,
    };
    return reconcileNode(context as unknown as NodeContext, 'n1');
  }

  #pools(): Store<SriovNetworkPoolConfig> {
    const pools = new Store<SriovNetworkPoolConfig>();
    const drain = { timeoutSeconds: 1, onTimeout: 'force' } as const;
    if (this.isForced) pools.upsert({ metadata: { name: 'forced', namespace: NAMESPACE }, spec: { drain } });
    return pools;
  }

  get reasons(): string[] {
    return this.reports.map(({ reason }) => reason);
  }
}

/** As the API server refuses an eviction because of a budget. */
const budgetError = (message: string): ApiError =>
  new ApiError('Cannot evict pod', { status: 429, reason: 'TooManyRequests', causes: [message] });

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

  it('tells of each pod that the API server cannot evict, and asks all others to leave', async () => {
    const node = new DrainingNode();
    node.pods.push(podOf('db'), podOf('web'));
    node.failures.set('dpdk', new ApiError('etcdserver: request timed out', { status: 500 }));
    node.failures.set('db', new ApiError('pods "db" is forbidden', { status: 403 }));
    expect(await node.reconcile()).toMatchObject({ kind: 'wait', ms: 5_000, reason: REASON.drainBlocked });
    expect(node.reports[0]?.message).toContain(
      'apps/dpdk: etcdserver: request timed out; apps/db: pods "db" is forbidden',
    );
  });

  it.each([
    ['a budget', budgetError('the budget db-budget is in the way'), true],
    ['several budgets', new ApiError('This pod has more than one PodDisruptionBudget', { status: 500 }), true],
    ['a webhook', new ApiError('admission webhook "vms" denied the request: it moves', { status: 429 }), true],
    ['an API server that has too much to do', new ApiError('too many requests', { status: 429 }), false],
    ['a failure of the API server', new ApiError('etcdserver: request timed out', { status: 500 }), false],
    ['an answer that was lost', new ApiError('socket hang up', { status: 0 }), false],
  ])('that takes too long, and is forced by its pool, passes over %s as that allows', async (_, error, isDeleted) => {
    const node = new DrainingNode();
    node.isForced = true;
    node.failures.set('dpdk', error);
    await node.reconcile();
    expect(node.deleted).toEqual(isDeleted ? ['dpdk'] : []);
  });

  it('is not done while nobody knows what a pod holds, and says why', async () => {
    const node = new DrainingNode();
    node.pods[0] = { ...podOf('train'), spec: { resourceClaims: [{ name: 'vf', resourceClaimName: 'vf' }] } };
    expect(await node.reconcile()).toMatchObject({ kind: 'wait', ms: 5_000 });
    expect(node.reports[0]?.message).toContain('apps/train: its ResourceClaims cannot be read: resourceclaims "vf" is');
  });

  it('is not done while its pods cannot be listed, and says why', async () => {
    const node = new DrainingNode();
    node.unread = 'pods is forbidden';
    expect(await node.reconcile()).toMatchObject({ kind: 'wait', ms: 5_000, reason: REASON.drainBlocked });
    expect(node.reports[0]?.message).toBe('cannot list the pods of the node, and evicts none: pods is forbidden');
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
