import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_OPERATOR_NAMESPACE } from '@sriov/api';
import { type Access, applyObject, isServed, type Manifest } from '@sriov/control-plane';
import { type ChartPart, partOf } from './manifest.ts';
import { renderChart, type RenderOptions } from './render.ts';

/** What of the chart is installed, and how. */
export interface ApplyOptions extends RenderOptions {
  /** Parts to install; all unless said. Without `workloads` the services can run as processes of this machine. */
  readonly parts?: readonly ChartPart[];
}

/** Order of installation: each part may need those before it, and the webhook is asked once all else stands. */
const ORDER: readonly ChartPart[] = ['crds', 'rights', 'configuration', 'workloads', 'registration'];

/** Longest wait until the API server serves a CRD. */
const SERVED_MS = 30_000;
const POLL_MS = 50;

/**
 * Installs the chart as administrator, by server-side apply: repeating it changes nothing. The namespace is made when
 * it is not there. Resolves with the objects, once the API server serves all CRDs among them.
 * @throws {NoToolError} {@link ChartError} Error of the API server that names the object
 */
export async function applyChart(access: Access, options: ApplyOptions = {}): Promise<Manifest[]> {
  const { namespace = DEFAULT_OPERATOR_NAMESPACE, parts = ORDER } = options;
  const objects = (await renderChart({ ...options, namespace }))
    .filter((object) => parts.includes(partOf(object)))
    .sort((a, b) => ORDER.indexOf(partOf(a)) - ORDER.indexOf(partOf(b)));
  await applyObject(access, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const crds = objects.filter((object) => partOf(object) === 'crds');
  await Promise.all(crds.map((crd) => applyObject(access, crd)));
  for (const crd of crds) await waitUntilServed(access, crd);
  for (const object of objects.slice(crds.length)) await applyObject(access, object);
  return objects;
}

async function waitUntilServed(access: Access, crd: Manifest): Promise<void> {
  const deadline = Date.now() + SERVED_MS;
  while (!(await isServed(access, crd.metadata.name))) {
    if (Date.now() > deadline) {
      throw new Error(`the API server does not serve ${crd.metadata.name} after ${SERVED_MS / 1000} s`);
    }
    await delay(POLL_MS);
  }
}
