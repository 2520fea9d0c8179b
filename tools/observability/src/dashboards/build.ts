import { type Builder, type Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  SortOrder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  MappingType,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { type DashboardSpec, type PanelSpec, type Query } from './panel.ts';

/** The uid of the dashboard that the names of nodes lead to. */
export const NODE_DASHBOARD = 'sriov-operator-node';

const TAG = 'sriov-network-operator';
const SOURCE = { type: 'prometheus', uid: '${datasource}' };
const HEIGHT = { stat: 4, graph: 8, stack: 8, bars: 8, table: 8 };

/** A dashboard as the text of a file of Grafana. */
export function dashboardFile(spec: DashboardSpec): string {
  // Grafana reads files of dashboards of version 2 only in its newest releases, and the sidecar knows version 1.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see above
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(linkToOthers())
    .variables(variablesOf(spec));
  // Each row and panel has its place as its number.
  let id = 0;
  for (const row of spec.rows) {
    builder.withRow(new RowBuilder(row.title).id((id += 1)));
    for (const panel of row.panels) builder.withPanel(buildPanel(panel, (id += 1)));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

function linkToOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('SR-IOV')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

function variablesOf({ isOfNode }: DashboardSpec): (DatasourceVariableBuilder | QueryVariableBuilder)[] {
  const source = new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
  const ask = (name: string, label: string, query: string): QueryVariableBuilder =>
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(SOURCE)
      .query(query)
      .definition(query)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc);
  const namespace = ask('namespace', 'Namespace', 'label_values(sriov_kube_lists_total, namespace)')
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: 'All', value: '$__all' });
  const node = ask('node', 'Node', 'label_values(sriov_node_in_sync{namespace=~"$namespace"}, node)');
  return [source, namespace, ...(isOfNode ? [node] : [])];
}

function buildPanel(spec: PanelSpec, id: number): Builder<Panel> {
  const panel = builderOf(spec)
    .id(id)
    .title(spec.title)
    .description(`${spec.description} See ${spec.see}`)
    .datasource(SOURCE)
    .unit(spec.unit)
    .span(spec.width)
    .height(HEIGHT[spec.kind])
    .targets(spec.queries.map((query, index) => buildQuery(spec, query, index)));
  if (spec.none !== undefined) panel.noValue(spec.none);
  if (spec.bad !== undefined) panel.thresholds(badFrom(spec.bad));
  if (spec.words !== undefined) panel.mappings([mappingOf(spec.words)]);
  return panel;
}

type AnyPanelBuilder = StatBuilder | GraphBuilder | TableBuilder;

function builderOf(spec: PanelSpec): AnyPanelBuilder {
  switch (spec.kind) {
    case 'stat':
      return new StatBuilder()
        .colorMode(
          spec.bad === undefined && spec.words === undefined ? BigValueColorMode.None : BigValueColorMode.Value,
        )
        .graphMode(BigValueGraphMode.Area)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
    case 'table':
      return tableOf(spec);
    case 'graph':
      return graph().lineWidth(1).fillOpacity(5);
    case 'stack':
      return graph().fillOpacity(40).stacking(stacked());
    case 'bars':
      return graph().drawStyle(GraphDrawStyle.Bars).fillOpacity(60).stacking(stacked());
  }
}

function graph(): GraphBuilder {
  return new GraphBuilder()
    .min(0)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

function stacked(): StackingConfigBuilder {
  return new StackingConfigBuilder().mode(StackingMode.Normal).group('A');
}

/** One row for each set of labels, with the value of each query in a column of its own. */
function tableOf({ queries }: PanelSpec): TableBuilder {
  const columns = queries.map(({ legend }, index): [string, string] => [
    queries.length === 1 ? 'Value' : `Value #${refId(index)}`,
    legend,
  ]);
  return new TableBuilder()
    .filterable(true)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: { excludeByName: { Time: true }, indexByName: {}, renameByName: Object.fromEntries(columns) },
    })
    .overrideByName('node', [{ id: 'links', value: [linkToNode()] }]);
}

function linkToNode(): object {
  const carried = ['${datasource:queryparam}', '${namespace:queryparam}', '${__url_time_range}'].join('&');
  return {
    title: 'Dashboard of this node',
    url: `/d/${NODE_DASHBOARD}?var-node=\${__value.raw:percentencode}&${carried}`,
  };
}

function buildQuery({ kind }: PanelSpec, { expr, legend }: Query, index: number): Builder<Dataquery> {
  const query = new DataqueryBuilder().refId(refId(index)).datasource(SOURCE).expr(expr).legendFormat(legend);
  return kind === 'table' ? query.instant().format(PromQueryFormat.Table) : query.range();
}

/** A, B, C, as Grafana names queries. */
function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function badFrom(value: number): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: 'green' },
    { value, color: 'red' },
  ]);
}

function mappingOf(words: NonNullable<PanelSpec['words']>): {
  type: MappingType.ValueToText;
  options: Record<string, { text: string; color: string }>;
} {
  const options = Object.entries(words).map(([value, [text, color]]) => [value, { text, color }] as const);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}
