import { type PanelSpec, type Row } from './panel.ts';
import { PODS, selectWithin } from './promql.ts';

const select = selectWithin('namespace=~"$namespace"');

const alerts: readonly PanelSpec[] = [
  {
    kind: 'table',
    title: 'Firing alerts',
    unit: 'short',
    description:
      'Alerts of the operator that fire now. The runbooks have a section for each of them. The table is also empty when Prometheus does not have the rules (metrics.rules.enabled of the chart).',
    see: 'docs/runbooks.md#runbooks',
    queries: [
      {
        // An alert about something that is absent has no namespace.
        expr: 'max by (alertname, severity, namespace, node, pod, service, resource, controller) (ALERTS{alertname=~"Sriov.+", alertstate="firing", namespace=~"$namespace|"})',
        legend: 'firing',
      },
    ],
    width: 24,
    none: 'No alert fires, or the rules are not installed',
  },
];

const objects: readonly PanelSpec[] = [
  {
    kind: 'table',
    title: 'Policies and pools that are not ready',
    unit: 'short',
    description:
      'Policies, pools and the SriovOperatorConfig by the status and the reason of their condition Ready. kubectl get sriov -A names the objects, and the message of the condition says what to correct.',
    see: 'docs/troubleshooting.md#on-a-sriovnetworknodepolicy-or-sriovnetworkpoolconfig',
    queries: [
      {
        expr: `max by (namespace, kind, ready, reason) (${select('sriov_objects', 'ready!="True"')}) > 0`,
        legend: 'objects',
      },
    ],
    width: 12,
    none: 'All of them are ready, or the policy controller does not report',
  },
  {
    kind: 'stack',
    title: 'Policies and pools by readiness',
    unit: 'short',
    description:
      'Policies, pools and the SriovOperatorConfig by the status of their condition Ready. False for long means that a node cannot do what is asked for; the table beside has the reasons. No data means that no policy controller reports.',
    see: 'docs/runbooks.md#sriovservicedown',
    queries: [
      {
        expr: `sum by (kind, ready) (max by (namespace, kind, ready, reason) (${select('sriov_objects')}))`,
        legend: '{{kind}}: {{ready}}',
      },
    ],
    width: 12,
  },
];

const webhook: readonly PanelSpec[] = [
  {
    kind: 'graph',
    title: 'Duration of reviews',
    unit: 's',
    description:
      'How long half of the reviews and 99 of 100 reviews took at most, by path. The API server waits for 10 s and then refuses the write. Above half a second, see who writes so much, and give the webhook more replicas.',
    see: 'docs/runbooks.md#sriovwebhookslow',
    queries: [0.5, 0.99].map((share) => ({
      expr: `histogram_quantile(${share}, sum by (le, path) (rate(${select('sriov_admission_review_duration_seconds_bucket')}[$__rate_interval])))`,
      legend: `${share * 100} %: {{path}}`,
    })),
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Wait before a review',
    unit: 's',
    description:
      'How long a request may wait before the webhook looks at it: how late the event loop is, for one turn of a hundred. The duration of reviews does not show it. Above half a second, give the webhook more replicas or more CPU.',
    see: 'docs/runbooks.md#sriovwebhookbusy',
    queries: [
      {
        expr: `max by (pod) (${select('nodejs_eventloop_lag_p99_seconds', PODS.webhook)})`,
        legend: '{{pod}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Reviews that did not allow',
    unit: 'ops',
    description:
      'Writes that the webhook refused, or left unanswered because it has not read the cluster yet. A refusal tells its author what is wrong, and is in the log of the webhook. Unanswered ones that go on mean that it cannot reach the API server.',
    see: 'docs/runbooks.md#sriovapiunreachable',
    queries: [
      {
        expr: `sum by (kind, verdict) (rate(${select('sriov_admission_reviews_total', 'verdict!="allowed"')}[$__rate_interval]))`,
        legend: '{{kind}}: {{verdict}}',
      },
    ],
    width: 8,
  },
];

const controllers: readonly PanelSpec[] = [
  {
    kind: 'graph',
    title: 'Depth of work queues',
    unit: 'short',
    description:
      'Objects that wait for their turn, by service and controller; those of the daemons are left out. A queue that stays deep means that its service is slower than the changes: look at its CPU and at the latency of the API server.',
    see: 'docs/runbooks.md#sriovreconcilefailing',
    queries: [
      {
        expr: `max by (pod, controller) (${select('sriov_workqueue_depth', PODS.deployments)})`,
        legend: '{{pod}}: {{controller}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Objects whose reconcile keeps failing',
    unit: 'short',
    description:
      'Objects that a controller tries again and again. Their conditions have the answer of the API server. A missing right, a used-up quota and an admission policy of somebody else are the usual causes.',
    see: 'docs/runbooks.md#sriovreconcilefailing',
    queries: [
      {
        expr: `max by (pod, controller) (${select('sriov_reconcile_failing')}) > 0`,
        legend: '{{pod}}: {{controller}}',
      },
    ],
    width: 8,
    none: '0',
  },
  {
    kind: 'graph',
    title: 'Duration of reconciles',
    unit: 's',
    description:
      'How long nineteen of twenty reconciles took at most, by controller of the Deployments. Most of that is waiting for the API server. If it rises together with the depth of the queues, the API server is slow.',
    see: 'docs/runbooks.md#sriovapiunreachable',
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (le, controller) (rate(${select('sriov_reconcile_duration_seconds_bucket', PODS.deployments)}[$__rate_interval])))`,
        legend: '{{controller}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Retries and failures that nobody was told of',
    unit: 'ops',
    description:
      'Objects that were put back after a failure, and failures that could not be written into the status of their object. Some retries are normal. Of a failure that nobody was told, only the log of the service knows.',
    see: 'docs/runbooks.md#sriovfailureunreported',
    queries: [
      {
        expr: `sum by (controller) (rate(${select('sriov_workqueue_retries_total', PODS.deployments)}[$__rate_interval]))`,
        legend: 'retries: {{controller}}',
      },
      {
        expr: `sum by (controller) (rate(${select('sriov_reconcile_unreported_total')}[$__rate_interval])) > 0`,
        legend: 'not reported: {{controller}}',
      },
    ],
    width: 8,
  },
  {
    kind: 'graph',
    title: 'Lists and watches that failed',
    unit: 'ops',
    description:
      'Requests to the API server that failed, by kind and HTTP status. 410 is normal. 0 means that there was no answer, 403 that a right is missing, and 404 that a CRD is not installed. The services go on with what they knew last.',
    see: 'docs/runbooks.md#sriovapiunreachable',
    queries: [
      {
        expr: `sum by (kind, status) (rate(${select('sriov_kube_failures_total')}[$__rate_interval])) > 0`,
        legend: '{{kind}}: {{status}}',
      },
    ],
    width: 8,
    none: '0',
  },
  {
    kind: 'graph',
    title: 'Memory of the Deployments',
    unit: 'bytes',
    description:
      'Memory that the processes of the Deployments have. The limits are in the values of the chart, above what was measured. A process that reaches its limit is killed, and starts again.',
    see: 'docs/runbooks.md#sriovservicedown',
    queries: [
      {
        expr: `max by (pod) (${select('process_resident_memory_bytes', PODS.deployments)})`,
        legend: '{{pod}}',
      },
    ],
    width: 8,
  },
];

/** What the dashboard of the fleet has about alerts, objects and the Deployments. */
export const SERVICE_ROWS: readonly Row[] = [
  { title: 'Alerts', panels: alerts },
  { title: 'Policies and pools', panels: objects },
  { title: 'Admission webhook', panels: webhook },
  { title: 'Controllers', panels: controllers },
];
