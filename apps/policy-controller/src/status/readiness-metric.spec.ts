import { beforeEach, describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodePolicy } from '@sriov/api';
import { createOfflineParts, NAMESPACE, operatorConfigOf, policyOf } from '../test/offline-controllers.ts';
import { createReadinessMetric } from './readiness-metric.ts';

const { metrics, caches } = createOfflineParts();
createReadinessMetric(metrics, caches);

const samples = async (): Promise<string[]> =>
  (await metrics.text())
    .split('\n')
    .filter((line) => line.startsWith('sriov_objects{'))
    .sort();
const sample = (kind: string, [ready, reason]: readonly [string, string], count = 1): string =>
  `sriov_objects{kind="${kind}",ready="${ready}",reason="${reason}"} ${count}`;

const POLICY = 'SriovNetworkNodePolicy';
const statusOf = (status: 'True' | 'False', reason: string): Pick<SriovNetworkNodePolicy, 'status'> => ({
  status: {
    conditions: [
      {
        type: 'Ready',
        status,
        reason,
        message: 'so it is',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  },
});

describe('the metric of objects by readiness', () => {
  beforeEach(() => {
    for (const { metadata } of caches.policies.store.list())
      caches.policies.store.remove(`${NAMESPACE}/${metadata.name}`);
  });

  it('counts the objects of each kind by status and reason of their condition Ready', async () => {
    for (const name of ['a', 'b']) {
      caches.policies.store.upsert({ ...policyOf(name), ...statusOf('False', 'NoMatchingNodes') });
    }
    caches.policies.store.upsert({ ...policyOf('c'), ...statusOf('True', 'PolicyApplied') });
    caches.operatorConfigs.store.upsert(operatorConfigOf());
    expect(await samples()).toEqual([
      sample(POLICY, ['False', 'NoMatchingNodes'], 2),
      sample(POLICY, ['True', 'PolicyApplied']),
      sample('SriovOperatorConfig', ['Unknown', '']),
    ]);
    caches.operatorConfigs.store.remove(`${NAMESPACE}/default`);
  });

  it('forgets what is gone or has another reason now', async () => {
    caches.policies.store.upsert({ ...policyOf('a'), ...statusOf('False', 'NoMatchingNodes') });
    caches.policies.store.upsert({ ...policyOf('b'), ...statusOf('False', 'NoMatchingNodes') });
    await samples();
    caches.policies.store.upsert({ ...policyOf('a'), ...statusOf('True', 'PolicyApplied') });
    caches.policies.store.remove(`${NAMESPACE}/b`);
    expect(await samples()).toEqual([sample(POLICY, ['True', 'PolicyApplied'])]);
  });

  it('does not know about an object whose condition is about what it asked for before', async () => {
    caches.policies.store.upsert({ ...policyOf('a', {}, { generation: 2 }), ...statusOf('True', 'PolicyApplied') });
    expect(await samples()).toEqual([sample(POLICY, ['Unknown', ''])]);
  });

  it('has no policy "default", of which no controller says anything', async () => {
    caches.policies.store.upsert(policyOf('default'));
    expect(await samples()).toEqual([]);
  });
});
