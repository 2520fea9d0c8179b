import { describe, expect, it } from '@jest/globals';
import { SRIOV_NETWORK_NODE_POLICY, type SriovNetworkNodePolicy } from '@sriov/api';
import { type Outcome } from '@sriov/controller';
import { refusal } from '@sriov/testing';
import { createOfflineParts, NAMESPACE, type OfflineParts, policyOf } from '../test/offline-controllers.ts';
import { ProgressThrottle } from './progress-throttle.ts';
import { reconcileStatus, type StatusContext } from './reconcile-status.ts';

type State = 'Ready' | 'Progressing' | 'Degraded';
const KEY = `${NAMESPACE}/p`;
const PATH = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}/sriovnetworknodepolicies/p/status`;

const conditionsOf = (state: State): { type: string; status: 'True' | 'False'; reason: string; message: string }[] =>
  ['Ready', 'Progressing', 'Degraded'].map((type) => ({
    type,
    status: type === state ? 'True' : 'False',
    reason: `Is${state}`,
    message: `it is ${state}`,
  }));
const policyWith = (state: State | undefined, observedGeneration = 1, readyNodeCount = 1): SriovNetworkNodePolicy => {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const conditions = (state ? conditionsOf(state) : []).map((each) => ({
    ...each,
    observedGeneration,
    lastTransitionTime,
  }));
  return { ...policyOf('p'), ...(state && { status: { conditions, matchedNodeCount: 3, readyNodeCount } }) };
};

interface Rig extends OfflineParts {
  readonly reconcile: (
    object: SriovNetworkNodePolicy,
    state: State,
    rest?: { readyNodeCount?: number; isPlanned?: boolean; isBeingConfigured?: boolean },
  ) => Promise<Outcome>;
  readonly events: () => unknown[];
}

function create(): Rig {
  const parts = createOfflineParts();
  const { client, recorder, clock, connection } = parts;
  const throttle = new ProgressThrottle(clock);
  const context = { client, recorder, throttle, now: () => clock.now() } as unknown as StatusContext;
  return {
    ...parts,
    reconcile: (object, state, { readyNodeCount = 1, isPlanned = true, isBeingConfigured = false } = {}) =>
      reconcileStatus(
        context,
        { key: KEY, resource: SRIOV_NETWORK_NODE_POLICY, object },
        {
          conditions: conditionsOf(state),
          matchedNodeCount: 3,
          readyNodeCount,
          isPlanned,
          isBeingConfigured,
        },
      ),
    events: () =>
      connection.writes.flatMap(({ path, body }) => {
        const { type, reason, message } = body as { type: string; reason: string; message: string };
        return path.endsWith('/events') ? [[type, reason, message]] : [];
      }),
  };
}

const statusWrites = ({ connection }: Rig): unknown[] => connection.writes.filter(({ path }) => path === PATH);
const UP_TO_DATE = { kind: 'done', reason: 'InSync', message: 'the status is up to date' };

describe('reconcileStatus', () => {
  it('writes what is new by server-side apply of the status, and tells of what people wait for', async () => {
    const rig = create();
    expect(await rig.reconcile(policyWith(undefined), 'Ready')).toEqual(UP_TO_DATE);
    expect(statusWrites(rig)).toMatchObject([
      {
        method: 'PATCH',
        query: { force: 'true', fieldManager: 'policy-controller' },
        body: {
          metadata: { name: 'p', namespace: NAMESPACE },
          status: {
            matchedNodeCount: 3,
            readyNodeCount: 1,
            conditions: conditionsOf('Ready').map((each) => ({
              ...each,
              observedGeneration: 1,
              lastTransitionTime: '2026-01-01T00:00:00Z',
            })),
          },
        },
      },
    ]);
    expect(rig.events()).toEqual([['Normal', 'IsReady', 'it is Ready']]);
  });

  it.each<[State, unknown[]]>([
    ['Progressing', []],
    ['Degraded', [['Warning', 'IsDegraded', 'it is Degraded']]],
  ])('tells of a policy that is %s what is news', async (state, events) => {
    const rig = create();
    await rig.reconcile(policyWith(undefined), state);
    expect(rig.events()).toEqual(events);
  });

  it('writes nothing when the status says it already', async () => {
    const rig = create();
    expect(await rig.reconcile(policyWith('Ready'), 'Ready')).toEqual(UP_TO_DATE);
    expect(rig.connection.writes).toEqual([]);
  });

  it('leaves a status of this generation alone until all nodes are planned, and writes over one of another', async () => {
    const rig = create();
    expect(await rig.reconcile(policyWith('Ready'), 'Progressing', { isPlanned: false })).toEqual({
      kind: 'wait',
      ms: 1_000,
      reason: 'NodesProgressing',
      message: 'nodes are being planned',
    });
    expect(rig.connection.writes).toEqual([]);
    expect(await rig.reconcile(policyWith('Ready', 0), 'Progressing', { isPlanned: false })).toEqual(UP_TO_DATE);
    expect(statusWrites(rig)).toHaveLength(1);
  });

  it('writes counts that rise every ten seconds at most', async () => {
    const rig = create();
    const held = { kind: 'wait', reason: 'NodesProgressing', message: 'there is progress to be written in a while' };
    const progress = (readyNodeCount: number): Promise<Outcome> =>
      rig.reconcile(policyWith('Progressing'), 'Progressing', { readyNodeCount });
    expect(await progress(2)).toEqual({ ...held, ms: 10_000 });
    await rig.clock.advance(9_000);
    expect(await progress(3)).toEqual({ ...held, ms: 1_000 });
    await rig.clock.advance(1_000);
    expect(await progress(3)).toEqual(UP_TO_DATE);
    expect(statusWrites(rig)).toMatchObject([{ body: { status: { readyNodeCount: 3 } } }]);
    expect(await progress(3)).toEqual({ ...held, ms: 10_000 });
  });

  it('counts a number of nodes that is missing as none', async () => {
    const rig = create();
    const object = policyWith('Ready');
    const bare = { ...object, status: { conditions: object.status?.conditions } } as SriovNetworkNodePolicy;
    expect(await rig.reconcile(bare, 'Ready')).toMatchObject({ kind: 'wait' });
  });

  it('lets a policy be ready for a minute while its nodes are configured for others', async () => {
    const rig = create();
    const change = (isBeingConfigured: boolean): Promise<Outcome> =>
      rig.reconcile(policyWith('Ready'), 'Progressing', { isBeingConfigured });
    expect(await change(true)).toMatchObject({ kind: 'wait', ms: 60_000 });
    expect(await change(false)).toMatchObject({ kind: 'wait', ms: 10_000 });
  });

  it('fails when the status cannot be written, and tells nothing that does not stand there', async () => {
    const rig = create();
    rig.connection.script = ({ path }) => (path === PATH ? refusal(403) : undefined);
    await expect(rig.reconcile(policyWith(undefined), 'Degraded')).rejects.toMatchObject({ status: 403 });
    expect(rig.events()).toEqual([]);
  });
});
