import { parser } from '@prometheus-io/lezer-promql';
import { type MetricAbout } from '@sriov/runtime';

/** Metrics of others that alerts and dashboards use, with the labels that they may name. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // Of Prometheus itself, about each of its targets, and about alerts with the labels of ours.
  up: [],
  ALERTS: ['alertname', 'alertstate', 'severity', 'service', 'resource', 'controller'],
  // Of kube-state-metrics.
  kube_daemonset_status_number_unavailable: ['daemonset'],
};
/** Labels that come from the collector, see docs/metrics.md. */
const COLLECTED = ['namespace', 'node', 'pod', 'container', 'instance'];
/** Series that a histogram has, and their further labels. */
const PARTS: Readonly<Record<string, readonly string[]>> = { _bucket: ['le'], _sum: [], _count: [] };

/** What an expression names that nobody has: metrics, and labels of metrics; a sentence for each. */
export function findStrangers(expr: string, registries: ReadonlyMap<string, readonly MetricAbout[]>): string[] {
  const known = labelsByMetric(registries);
  return [...selectorsOf(expr), ...groupsOf(expr)].flatMap(({ metrics, labels }) =>
    metrics.flatMap((metric) => {
      const allowed = known.get(metric);
      if (allowed === undefined) return [`no service has the metric ${metric}`];
      return labels
        .filter((label) => !allowed.has(label) && !COLLECTED.includes(label))
        .map((label) => `the metric ${metric} has no label ${label}`);
    }),
  );
}

/** Names of the metrics in an expression. @throws Error when it is no PromQL */
export function metricsIn(expr: string): string[] {
  return selectorsOf(expr).flatMap(({ metrics }) => metrics);
}

function labelsByMetric(registries: ReadonlyMap<string, readonly MetricAbout[]>): Map<string, ReadonlySet<string>> {
  const known = new Map(Object.entries(ELSEWHERE).map(([name, labels]) => [name, new Set(labels)]));
  for (const { name, type, labels } of [...registries.values()].flat()) {
    if (type !== 'histogram') known.set(name, new Set(labels));
    else for (const [part, more] of Object.entries(PARTS)) known.set(`${name}${part}`, new Set([...labels, ...more]));
  }
  return known;
}

/** Metrics, and labels that they must have. */
interface Use {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** Each selector: its metric, and the labels that it compares. */
function selectorsOf(expr: string): Use[] {
  const text = textIn(expr);
  return nodesOf(parse(expr), 'VectorSelector').map((selector) => ({
    metrics: selector.getChildren('Identifier').map(text),
    labels: nodesOf(selector, 'LabelName').map(text),
  }));
}

/** Each aggregation: all metrics below it, and the labels that it groups by. */
function groupsOf(expr: string): Use[] {
  const text = textIn(expr);
  return nodesOf(parse(expr), 'AggregateExpr').map((aggregate) => ({
    metrics: resultsOf(aggregate).flatMap((each) => each.getChildren('Identifier').map(text)),
    labels: nodesOf(aggregate, 'GroupingLabels').flatMap((each) => nodesOf(each, 'LabelName').map(text)),
  }));
}

function textIn(expr: string): (node: SyntaxNode) => string {
  return ({ from, to }) => expr.slice(from, to);
}

function parse(expr: string): SyntaxNode {
  const { topNode } = parser.parse(expr);
  if (nodesOf(topNode, '⚠').length > 0) throw new Error(`no PromQL: ${expr}`);
  return topNode;
}

/** The selectors whose labels a result has: what stands behind `and` and `unless` only chooses among the others. */
function resultsOf(node: SyntaxNode): SyntaxNode[] {
  if (node.type.name === 'VectorSelector') return [node];
  const isChoice = node.getChild('And') !== null || node.getChild('Unless') !== null;
  const children = childrenOf(node);
  return (isChoice ? children.slice(0, 1) : children).flatMap(resultsOf);
}

/** All nodes of that type, the node itself among them. */
function nodesOf(root: SyntaxNode, type: string): SyntaxNode[] {
  const found: SyntaxNode[] = root.type.name === type || (type === '⚠' && root.type.isError) ? [root] : [];
  for (const child of childrenOf(root)) found.push(...nodesOf(child, type));
  return found;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
