import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type KubeObject } from '@sriov/api';
import { adminRequest, type Answer, type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { service as networkRenderer } from '@sriov/network-renderer';
import { serve } from '@sriov/runtime';
import { eventually } from '@sriov/testing';
import { resolveHelm } from './helm.ts';
import { CHART_FOLDER, runHelm, withValuesFile } from './render.ts';
import { type Account, actAs } from './test/accounts.ts';
import { askAbout } from './test/ask-about.ts';

jest.setTimeout(120_000);

const OPERATOR = 'sriov-network-operator';
const TEAM = 'team';
const API_VERSION = 'sriovnetwork.openshift.io/v1';

let plane: ControlPlane;
let folder: string;
let helmPath: string;
let stopRenderer: () => Promise<void>;

const ask = (method: string, path: string, body?: object): Promise<Answer> => {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return adminRequest(plane.access, { method, path, contentType, ...(body && { body }) });
};
const must = async (method: string, path: string, body?: object): Promise<KubeObject> => {
  const answer = await ask(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${(answer.body as { message: string }).message}`);
  return answer.body as KubeObject;
};
const untilGone = (path: string): Promise<true> => eventually(async () => (await ask('GET', path)).status === 404);

const ours = (plural: string, name = ''): string =>
  `/apis/${API_VERSION}/namespaces/${OPERATOR}/${plural}/${name}`.replace(/\/$/, '');
const attachment = (name: string): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${TEAM}/network-attachment-definitions/${name}`;
const policy = (name: string): object => ({
  apiVersion: API_VERSION,
  kind: 'SriovNetworkNodePolicy',
  metadata: { name, finalizers: ['kept.io/finalizer'] },
  spec: { resourceName: 'x', nodeSelector: { a: 'b' }, numVfs: 1, nicSelector: { pfNames: ['ens1'] } },
});

const helm = (...args: readonly string[]): Promise<string> =>
  runHelm(helmPath, [...args, '--namespace', OPERATOR, '--kubeconfig', plane.kubeconfigPath], {
    ...process.env,
    HOME: folder,
    KUBECACHEDIR: join(folder, 'kube'),
  });
const install = (values: object): Promise<string> =>
  withValuesFile({ crds: { networkAttachmentDefinition: true }, ...values }, (file) =>
    helm('upgrade', '--install', '--create-namespace', 'sriov', CHART_FOLDER, '--values', file),
  );

/** Runs the renderer as its process would. Returns how to end it. */
const runRenderer = (account: Account): (() => Promise<void>) => {
  const abort = new AbortController();
  const settings = {
    listen: '127.0.0.1:0',
    logLevel: 'silent' as const,
    kubeconfig: account.kubeconfigPath,
    namespace: OPERATOR,
    resourcePrefix: 'openshift.io',
    releaseFinalizers: false,
  };
  const ended = serve(networkRenderer, settings, abort.signal);
  return async () => {
    abort.abort();
    await ended;
    account.close();
  };
};

beforeAll(async () => {
  helmPath = (await resolveHelm()).path;
  plane = await startControlPlane();
  folder = mkdtempSync(join(tmpdir(), 'sriov-deletion-'));
  await install({ operator: { admissionControllers: { enabled: false } } });
  await must('POST', '/api/v1/namespaces', { metadata: { name: TEAM } });
  stopRenderer = runRenderer(await actAs(plane.access, { namespace: OPERATOR, service: 'network-renderer' }));
  await eventually(() =>
    must('POST', ours('sriovnetworks'), {
      apiVersion: API_VERSION,
      kind: 'SriovNetwork',
      metadata: { name: 'green' },
      spec: { resourceName: 'x', networkNamespace: TEAM },
    }),
  );
  await eventually(async () => (await ask('GET', attachment('green'))).status === 200);
  await must('POST', ours('sriovnetworknodepolicies'), policy('standing'));
  // From now on the API server is to ask a webhook that was there once, and nothing serves there.
  await install({ admissionWebhook: { url: 'https://127.0.0.1:1' } });
  await askAbout(plane.access);
  await eventually(
    async () => (await ask('POST', `${ours('sriovnetworknodepolicies')}?dryRun=All`, policy('new'))).status >= 500,
  );
});
afterAll(async () => {
  await stopRenderer();
  await plane.stop();
  rmSync(folder, { recursive: true, force: true });
});

// One life: each step begins where the one before it ended.
describe('while the webhook is down', () => {
  it('nothing can be created, nor a spec changed', async () => {
    const created = await ask('POST', ours('sriovnetworknodepolicies'), policy('new'));
    expect((created.body as { message: string }).message).toContain('failed calling webhook');
    const changed = await ask('PATCH', ours('sriovnetworknodepolicies', 'standing'), { spec: { numVfs: 2 } });
    expect((changed.body as { message: string }).message).toContain('failed calling webhook');
  });

  it('labels and finalizers come and go', async () => {
    const path = ours('sriovnetworknodepolicies', 'standing');
    await must('PATCH', path, { metadata: { labels: { a: 'b' }, finalizers: ['kept.io/finalizer', 'other.io/one'] } });
    await must('PATCH', path, { metadata: { labels: { a: null }, finalizers: ['kept.io/finalizer'] } });
  });

  it('a policy is deleted, and whoever held it can let it go', async () => {
    const path = ours('sriovnetworknodepolicies', 'standing');
    await must('DELETE', path);
    expect((await must('GET', path)).metadata.deletionTimestamp).toBeDefined();
    await must('PATCH', path, { metadata: { finalizers: null } });
    await untilGone(path);
  });

  it('a network is deleted, and its attachment in another namespace with it', async () => {
    await must('DELETE', ours('sriovnetworks', 'green'));
    await untilGone(ours('sriovnetworks', 'green'));
    await untilGone(attachment('green'));
  });
});
