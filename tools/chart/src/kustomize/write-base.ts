import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest } from '@sriov/control-plane';
import { stringify } from 'yaml';
import { type ChartPart, partOf } from '../manifest.ts';
import { renderChart, type RenderOptions } from '../render.ts';

/** The files with objects, in the order in which kustomize gives them on. */
const PARTS: readonly ChartPart[] = ['crds', 'rights', 'configuration', 'workloads', 'registration'];
const KUSTOMIZATION = 'kustomization.yaml';
const fileOf = (part: ChartPart): string => `${part}.yaml`;

/** helm and kustomize read YAML 1.1, where an unquoted `yes` is a boolean. */
const YAML = { version: '1.1' } as const;

/**
 * Writes the chart as a base of kustomize: a file for each part, and a kustomization that names them. Files of the same
 * names are replaced, and others stay. The Jobs of an uninstallation are hooks of helm, and not among them.
 * @returns the paths that were written @throws {NoToolError} {@link ChartError} with helm's own words
 */
export async function writeBase(folder: string, options: RenderOptions): Promise<string[]> {
  const objects = await renderChart(options);
  const files = new Map(PARTS.map((part) => [fileOf(part), objects.filter((object) => partOf(object) === part)]));
  await mkdir(folder, { recursive: true });
  // A part that the values leave out must not stay from an earlier call.
  for (const name of [...files.keys(), KUSTOMIZATION]) await rm(join(folder, name), { force: true });
  const resources = [...files].flatMap(([name, ofPart]) => (ofPart.length > 0 ? [name] : []));
  for (const name of resources) await writeFile(join(folder, name), textOf(files.get(name) ?? []));
  // The last one, so that a base that is half written is none.
  await writeFile(join(folder, KUSTOMIZATION), stringify({ ...HEAD, resources }, YAML));
  return [...resources, KUSTOMIZATION].map((name) => join(folder, name));
}

const HEAD = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };

const textOf = (objects: readonly Manifest[]): string =>
  objects.map((object) => stringify(object, { ...YAML, directives: false })).join('---\n');
