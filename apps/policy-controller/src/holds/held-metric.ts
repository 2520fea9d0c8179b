import { type Metrics } from '@sriov/runtime';
import { type NodeFindings } from '../status/node-findings.ts';

/** Registers the metric of nodes that are held back: counted from what planning found each time somebody asks. */
export function createHeldMetric(metrics: Metrics, findings: NodeFindings): void {
  metrics.gauge(
    'sriov_nodes_held_back',
    'Nodes that keep what they have although the policies want something else, by reason',
    ['reason'],
    (gauge) => {
      gauge.reset();
      for (const { reason } of findings.held().values()) gauge.inc({ reason });
    },
  );
}
