// Measures what one tenant can do to the others: latency and memory of the webhook and the renderer under hostile objects.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CUSTOM_RESOURCES, type KubeObject, NETWORK_ATTACHMENT_DEFINITION } from '@sriov/api';
import { type ControlPlane, readManifests, startControlPlane } from '@sriov/control-plane';
import { connect, KubeClient, loadKubeConfig, NAMESPACE } from '@sriov/kube';
import { systemClock } from '@sriov/runtime';
import { type Row, tableOf } from '../report.ts';
import { CRD } from '../status-schema.ts';
import { benchRenderer } from './renderer.ts';
import { benchWebhook, type Surroundings } from './webhook.ts';

const CRDS = join(import.meta.dirname, '../../../../charts/sriov-network-operator/files/crds');
const NAMESPACES = ['sriov-network-operator', 'tenant', 'other'];

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, only: { type: 'string', default: 'webhook,renderer' } },
});

/** The CRD of NetworkAttachmentDefinitions, as far as this benchmark needs it. */
function attachmentCrd(): KubeObject {
  const { group, version, kind, plural } = NETWORK_ATTACHMENT_DEFINITION;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const spec = {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: 'network-attachment-definition', listKind: `${kind}List` },
    versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
  };
  return { metadata: { name: `${plural}.${group}` }, ...{ spec } };
}

async function populate(client: KubeClient): Promise<void> {
  const crds = readdirSync(CRDS).flatMap((file) => readManifests(readFileSync(join(CRDS, file), 'utf8')));
  for (const crd of [...crds, attachmentCrd()]) await client.apply(CRD, crd);
  for (const resource of [...CUSTOM_RESOURCES, NETWORK_ATTACHMENT_DEFINITION]) {
    const isServed = (): Promise<boolean> =>
      client.page(resource, { limit: 1 }).then(
        () => true,
        () => false,
      );
    while (!(await isServed())) await delay(100);
  }
  for (const name of NAMESPACES) await client.create(NAMESPACE, { metadata: { name } });
}

async function measure(plane: ControlPlane, say: (line: string) => void): Promise<Row[]> {
  const connection = connect(loadKubeConfig(plane.kubeconfigPath), systemClock);
  const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'bench' });
  const folder = mkdtempSync(join(tmpdir(), 'sriov-tenants-'));
  try {
    await populate(client);
    const [namespace = ''] = NAMESPACES;
    const seconds = Number(values.seconds);
    const around: Surroundings = { client, kubeconfig: plane.kubeconfigPath, namespace, folder, seconds, say };
    const rows: Row[] = [];
    if (values.only.includes('webhook')) rows.push(...(await benchWebhook(around)));
    if (values.only.includes('renderer')) rows.push(...(await benchRenderer(around)));
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const load = loadavg()[0] ?? 0;
const plane = await startControlPlane({ onProgress: say });
try {
  const rows = await measure(plane, say);
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores shared with API server, etcd and load; load before: ${load.toFixed(1)}\n`,
  );
  console.log(tableOf(rows));
} finally {
  await plane.stop();
}
// Kept connections may still be open.
process.exit();
