import { CONDITION, IGNORED_POLICY_NAME, type KubeObject } from '@sriov/api';
import { type Metrics } from '@sriov/runtime';
import { type Caches } from '../caches/caches.ts';
import { isCurrent } from './write-status.ts';

/** An object whose status has conditions. */
type Conditioned = Parameters<typeof isCurrent>[0];

/** Registers the metric of objects by their condition Ready: counted from the caches each time somebody asks. */
export function createReadinessMetric(metrics: Metrics, caches: Caches): void {
  metrics.gauge(
    'sriov_objects',
    'Policies, pools and SriovOperatorConfig, by kind and by status and reason of their condition Ready',
    ['kind', 'ready', 'reason'],
    (gauge) => {
      gauge.reset();
      const count = (kind: string, objects: readonly Conditioned[]): void => {
        for (const object of objects) gauge.inc({ kind, ...readinessOf(object) });
      };
      count('SriovNetworkNodePolicy', caches.policies.store.list().filter(hasStatus));
      count('SriovNetworkPoolConfig', caches.pools.store.list());
      count('SriovOperatorConfig', caches.operatorConfigs.store.list());
    },
  );
}

/** The policy of that name counts nowhere: no controller ever says anything about it. */
function hasStatus({ metadata }: KubeObject): boolean {
  return metadata.name !== IGNORED_POLICY_NAME;
}

/** A condition about an older generation says nothing of what the object asks for now. */
function readinessOf(object: Conditioned): { ready: string; reason: string } {
  const ready = object.status?.conditions?.find(({ type }) => type === CONDITION.ready);
  return ready !== undefined && isCurrent(object)
    ? { ready: ready.status, reason: ready.reason }
    : { ready: 'Unknown', reason: '' };
}
