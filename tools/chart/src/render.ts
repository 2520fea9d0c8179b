import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { type GoToolOptions, type Manifest, readManifests, runCommand, VERSIONS } from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { resolveHelm } from './helm.ts';

/** Folder of the chart. */
export const CHART_FOLDER = join(import.meta.dirname, '../../../charts/sriov-network-operator');

/** How the chart is rendered. */
export interface RenderOptions extends GoToolOptions {
  /** Values that differ from those of the chart, as in a values file. */
  readonly values?: object;
  /** A file with values, that helm reads itself; `values` override it. */
  readonly valuesFile?: string | undefined;
  /** The operator's namespace. */
  readonly namespace?: string;
  /** Name of the release, which stands in the names of cluster-wide objects. */
  readonly release?: string;
  /** Also what helm makes at uninstall alone. */
  readonly hooks?: boolean;
}

/** The chart refuses the values, or is itself wrong. */
export class ChartError extends Error {
  override readonly name = 'ChartError';
  readonly code = 'CHART_FAILED';
}

/** The release that is rendered unless another is named. */
export const DEFAULT_RELEASE = 'sriov-network-operator';

/**
 * The objects of the chart, as `helm template` gives them; no cluster is asked.
 * @throws {NoToolError} {@link ChartError} with helm's own words, such as the value that the schema refuses
 */
export async function renderChart(options: RenderOptions = {}): Promise<Manifest[]> {
  return readManifests(await renderChartText(options));
}

/** The same as the text that helm prints. @throws {NoToolError} {@link ChartError} */
export async function renderChartText(options: RenderOptions = {}): Promise<string> {
  const { release = DEFAULT_RELEASE, namespace = DEFAULT_OPERATOR_NAMESPACE, valuesFile } = options;
  const helm = await resolveHelm(options);
  return withValuesFile(options.values ?? {}, (path) =>
    runHelm(helm.path, [
      ...['template', release, CHART_FOLDER, '--namespace', namespace],
      ...[valuesFile, path].flatMap((file) => (file === undefined ? [] : ['--values', file])),
      ...['--kube-version', VERSIONS.kubernetes],
      ...(options.hooks === true ? [] : ['--no-hooks']),
    ]),
  );
}

/** Runs helm and returns what it printed. @throws {ChartError} */
export async function runHelm(helm: string, args: readonly string[], env = process.env): Promise<string> {
  const lines: string[] = [];
  try {
    return await runCommand(helm, args, { env, onErrorLine: (line) => lines.push(line) });
  } catch (cause) {
    throw new ChartError(lines.length > 0 ? lines.join('\n') : messageOf(cause), { cause });
  }
}

/** Gives `use` a file with the values, and removes it afterwards. */
export async function withValuesFile<T>(values: object, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sriov-chart-'));
  try {
    // JSON, because helm reads YAML 1.1, where an unquoted "yes" is a boolean.
    const path = join(folder, 'values.json');
    await writeFile(path, JSON.stringify(values));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
