/** What is drawn. */
export interface Query {
  readonly expr: string;
  /** Name of the series, with labels in double braces. In a table: title of the column of values. */
  readonly legend: string;
}

/** A panel as it is written down. Grafana's form of it is made in one place. */
export interface PanelSpec {
  /**
   * `stat` has a number for each query, `graph` lines, `stack` areas that add up, `bars` bars that add up, and `table`
   * a row for each set of labels.
   */
  readonly kind: 'stat' | 'graph' | 'stack' | 'bars' | 'table';
  readonly title: string;
  /** An identifier of Grafana's list of units. */
  readonly unit: string;
  /** What it shows, when that is bad, and what to do then. */
  readonly description: string;
  /** Where the documents say more: path and heading. */
  readonly see: string;
  readonly queries: readonly Query[];
  /** Columns of 24. */
  readonly width: number;
  /** The value from which it is bad. */
  readonly bad?: number;
  /** Words for values, with their colours. */
  readonly words?: Readonly<Record<string, readonly [text: string, color: 'green' | 'orange' | 'red']>>;
  /** What stands there when there is no result. */
  readonly none?: string;
}

/** Panels under a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** A dashboard as it is written down. */
export interface DashboardSpec {
  /** Identifier in addresses, and the name of the file. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
  /** Selects one node, instead of showing all of them. */
  readonly isOfNode: boolean;
}
