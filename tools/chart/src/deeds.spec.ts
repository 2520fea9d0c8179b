import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ServiceName } from '@sriov/api';
import { adminRequest, type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { eventually } from '@sriov/testing';
import { applyChart } from './apply.ts';
import { askAbout } from './test/ask-about.ts';
import { type Deed, DEEDS, newDaemonSet, OPERATOR, OTHER_NODE, OWN_NODE, TAINTS, TEAM } from './deeds.cases.ts';
import { requestToken, SERVICE_ACCOUNTS } from './service-account.ts';

jest.setTimeout(120_000);

/** One of its own: the registration of the webhook, which does not run here, is part of it. */
let plane: ControlPlane;
const tokens = new Map<ServiceName, string>();

const create = async (path: string, body: object): Promise<void> => {
  const answer = await adminRequest(plane.access, { method: 'POST', path, body });
  if (answer.status >= 400) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
};

const API_VERSION = 'sriovnetwork.openshift.io/v1';
const createOurs = (
  kind: string,
  plural: string,
  object: { readonly namespace?: string; readonly metadata: object; readonly spec?: object },
): Promise<void> =>
  create(`/apis/${API_VERSION}/namespaces/${object.namespace ?? OPERATOR}/${plural}`, {
    apiVersion: API_VERSION,
    kind,
    metadata: object.metadata,
    ...(object.spec && { spec: object.spec }),
  });

async function createObjects(): Promise<void> {
  await create('/api/v1/namespaces', { metadata: { name: TEAM } });
  for (const name of [OWN_NODE, OTHER_NODE]) {
    await create('/api/v1/nodes', { metadata: { name, labels: { kept: 'yes' } }, spec: { taints: TAINTS } });
    await createOurs('SriovNetworkNodeState', 'sriovnetworknodestates', { metadata: { name } });
  }
  const metadata = { name: 'policy' };
  const nicSelector = { pfNames: ['ens1'] };
  const spec = { resourceName: 'x', nodeSelector: { a: 'b' }, numVfs: 1, nicSelector };
  await createOurs('SriovNetworkNodePolicy', 'sriovnetworknodepolicies', { metadata, spec });
  await createOurs('SriovOperatorConfig', 'sriovoperatorconfigs', { metadata: { name: 'default' }, spec: {} });
  await createOurs('SriovNetworkPoolConfig', 'sriovnetworkpoolconfigs', {
    metadata: { name: 'pool', finalizers: ['poolconfig.finalizers.sriovnetwork.openshift.io', 'kept.io/finalizer'] },
    spec: {},
  });
  await createOurs('SriovNetwork', 'sriovnetworks', {
    namespace: TEAM,
    metadata: { name: 'blue', annotations: { kept: 'yes' }, finalizers: ['kept.io/finalizer'] },
    spec: { resourceName: 'x' },
  });
  await createCoreObjects();
}

async function createCoreObjects(): Promise<void> {
  const owner = { apiVersion: API_VERSION, kind: 'SriovNetwork', name: 'blue', uid: 'a' };
  for (const [name, annotations, ownerReferences] of [
    ['by-hand', {}, []],
    ['referenced', {}, [owner]],
    ['rendered', { 'sriovnetwork.openshift.io/owner-ref': `SriovNetwork.sriovnetwork.openshift.io/${TEAM}/blue` }, []],
  ] as const) {
    await create(`/apis/k8s.cni.cncf.io/v1/namespaces/${TEAM}/network-attachment-definitions`, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name, annotations, ownerReferences },
      spec: { config: '{}' },
    });
  }
  for (const [name, nodeName, app] of [
    ['plugin-here', OWN_NODE, 'sriov-device-plugin'],
    ['plugin-there', OTHER_NODE, 'sriov-device-plugin'],
    ['own-plugin-here', OWN_NODE, 'sriov-operator-device-plugin'],
    ['something-here', OWN_NODE, 'something'],
  ]) {
    const pod = { metadata: { name, labels: { app } }, spec: { nodeName, containers: [{ name: 'c', image: 'c' }] } };
    await create(`/api/v1/namespaces/${OPERATOR}/pods`, pod);
  }
  await create(`/api/v1/namespaces/${TEAM}/events`, {
    metadata: { name: 'about-a-pod' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: TEAM },
    type: 'Warning',
    reason: 'Failed',
    message: 'it is broken',
  });
  await create(`/api/v1/namespaces/${OPERATOR}/secrets`, { metadata: { name: 'of-others' } });
  const service = { metadata: { name: 'of-others' }, spec: { ports: [{ port: 1 }] } };
  await create(`/api/v1/namespaces/${OPERATOR}/services`, service);
  for (const [name, account] of [
    ['sriov-network-config-daemon', 'sriov-network-config-daemon'],
    ['of-others', 'default'],
  ] as const) {
    await create(`/apis/apps/v1/namespaces/${OPERATOR}/daemonsets`, newDaemonSet(name, account));
  }
}

/** What the API server answers to the service's token, once the storage of new CRDs is up. Nothing is changed by it. */
async function attempt(deed: Deed): Promise<{ status: number; message: string }> {
  return eventually(async () => {
    const answer = await attemptOnce(deed);
    return answer.status !== 429 && answer;
  });
}

async function attemptOnce(deed: Deed): Promise<{ status: number; message: string }> {
  const { service, method, path, body } = deed;
  const patch = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json';
  const answer = await adminRequest(plane.access, {
    method,
    path: method === 'GET' ? path : `${path}${path.includes('?') ? '&' : '?'}dryRun=All`,
    contentType: method === 'PATCH' ? patch : 'application/json',
    token: tokens.get(service) ?? '',
    ...(body && { body }),
  });
  return { status: answer.status, message: (answer.body as { message?: string }).message ?? '' };
}

beforeAll(async () => {
  plane = await startControlPlane();
  const values = {
    crds: { networkAttachmentDefinition: true },
    // Nothing serves there.
    admissionWebhook: { url: 'https://127.0.0.1:1' },
    configDaemon: { metricsProxy: { image: 'proxy:1' } },
    drainController: { startupTaint: true },
  };
  const { access } = plane;
  const chart = { namespace: OPERATOR, values };
  await applyChart(access, { ...chart, parts: ['crds', 'rights', 'configuration'] });
  await createObjects();
  await applyChart(access, { ...chart, parts: ['registration'] });
  await askAbout(access, 'MutatingWebhookConfiguration');
  for (const service of Object.keys(SERVICE_ACCOUNTS) as ServiceName[]) {
    const node = service === 'config-daemon' ? { node: OWN_NODE } : {};
    tokens.set(service, await requestToken(access, { namespace: OPERATOR, service, ...node }));
  }
  // A policy is in force a moment after it was made. What is never refused is told by the tests below.
  const isRefused = async (deed: Deed): Promise<boolean> => (await attempt(deed)).status >= 400;
  for (const deed of DEEDS.filter(({ may }) => !may)) {
    await eventually(() => isRefused(deed), 5_000).catch(() => undefined);
  }
});
afterAll(() => plane.stop());

describe.each(Object.keys(SERVICE_ACCOUNTS) as ServiceName[])('the token of %s', (service) => {
  const deeds = DEEDS.filter((deed) => deed.service === service);

  it.each(deeds.filter(({ may }) => may).map((deed) => [deed.what, deed] as const))('can %s', async (_, deed) => {
    expect(await attempt(deed)).toMatchObject({ status: deed.method === 'POST' ? 201 : 200 });
  });

  it.each(deeds.filter(({ may }) => !may).map((deed) => [deed.what, deed] as const))('cannot %s', async (_, deed) => {
    expect(await attempt(deed)).toEqual({ status: 403, message: expect.stringMatching(/forbidden/i) });
  });
});
