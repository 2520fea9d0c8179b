import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES } from '@sriov/api';
import { adminRequest, type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { buildCrd } from '@sriov/crds';
import { readObject } from '@sriov/testing';
import { resolveHelm } from './helm.ts';
import { CHART_FOLDER, runHelm, withValuesFile } from './render.ts';

jest.setTimeout(120_000);

const NAMESPACE = 'sriov-network-operator';
let plane: ControlPlane;
let helmPath: string;
let folder: string;

/** A control plane of its own: helm takes over nothing that others have installed. */
beforeAll(async () => {
  helmPath = (await resolveHelm()).path;
  plane = await startControlPlane();
  folder = mkdtempSync(join(tmpdir(), 'sriov-install-'));
});
afterAll(async () => {
  await plane.stop();
  rmSync(folder, { recursive: true, force: true });
});

const helm = (...args: readonly string[]): Promise<string> =>
  runHelm(helmPath, [...args, '--namespace', NAMESPACE, '--kubeconfig', plane.kubeconfigPath], {
    ...process.env,
    HOME: folder,
    KUBECACHEDIR: join(folder, 'kube'),
  });
const install = (verb: 'install' | 'upgrade', values: object): Promise<string> =>
  withValuesFile(values, (file) =>
    helm(verb, 'sriov', CHART_FOLDER, '--values', file, ...(verb === 'install' ? ['--create-namespace'] : [])),
  );

const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
  const contentType = method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
  const answer = await adminRequest(plane.access, { method, path, contentType, ...(body && { body }) });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${(answer.body as { message: string }).message}`);
  return answer.body;
};
const namesAt = async (path: string): Promise<string[]> =>
  ((await ask('GET', path)) as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
/** What the API server adds to the spec of a CRD. */
const DEFAULTED_SPEC = { conversion: { strategy: 'None' } };
const ours = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}`;

const ORIGINAL = { images: { sriovDevicePlugin: 'plugin:1' } };
const DAEMON_SETS = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets`;
/** As upstream's operator leaves it behind. */
const FOREIGN_PLUGIN = {
  metadata: { name: 'sriov-device-plugin' },
  spec: {
    selector: { matchLabels: { app: 'sriov-device-plugin' } },
    template: {
      metadata: { labels: { app: 'sriov-device-plugin' } },
      spec: { containers: [{ name: 'c', image: 'c' }] },
    },
  },
};

// One life of a release: each step begins where the one before it ended.
describe('a release of the chart', () => {
  it('cannot begin with a SriovOperatorConfig, says what to do instead, and leaves nothing', async () => {
    await expect(install('install', { sriovOperatorConfig: { deploy: true } })).rejects.toThrow(
      'install without it, then run helm upgrade with --set sriovOperatorConfig.deploy=true',
    );
    expect(await namesAt(CRDS)).toEqual([]);
  });

  it('is installed on a fresh cluster, and says how to go on', async () => {
    expect(await install('install', {})).toContain('--set sriovOperatorConfig.deploy=true');
    expect(await namesAt(CRDS)).toHaveLength(7);
    expect(await namesAt(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`)).toHaveLength(3);
  });

  it.each(CUSTOM_RESOURCES.map((resource) => [resource.kind, resource] as const))(
    'has brought the API server the CRD of %s as it is meant',
    async (_, resource) => {
      const meant = buildCrd(resource) as { spec: object };
      const stored = (await ask('GET', `${CRDS}/${resource.plural}.${resource.group}`)) as { spec: object };
      expect(stored.spec).toEqual({ ...DEFAULTED_SPEC, ...readObject(JSON.stringify(meant.spec)) });
    },
  );

  it('leaves to the webhook, through upgrades, the authority that the webhook has put into its registration', async () => {
    const path = `${WEBHOOKS}/sriov-operator-webhook-config`;
    const caBundle = Buffer.from(plane.access.ca).toString('base64');
    await ask('PATCH', path, [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }]);
    await install('upgrade', { logLevel: 'debug' });
    expect(await ask('GET', path)).toMatchObject({ webhooks: [{ clientConfig: { caBundle } }] });
  });

  it('refuses to run a device plugin beside one that it does not manage, and says how to keep or replace that', async () => {
    await ask('POST', DAEMON_SETS, FOREIGN_PLUGIN);
    const command = `kubectl delete daemonset sriov-device-plugin --namespace ${NAMESPACE}`;
    await expect(install('upgrade', {})).rejects.toThrow(
      `two device plugins would run on each node. To have it replaced: ${command}.`,
    );
    await expect(install('upgrade', ORIGINAL)).rejects.toThrow(`${command} --cascade=orphan`);
    await ask('DELETE', `${DAEMON_SETS}/sriov-device-plugin`);
  });

  it('brings the original device plugin when it is told its image, and takes it away without', async () => {
    await install('upgrade', ORIGINAL);
    expect(await namesAt(DAEMON_SETS)).toContain('sriov-device-plugin');
    await install('upgrade', { images: { sriovDevicePlugin: '' } });
    expect(await namesAt(DAEMON_SETS)).toEqual(['sriov-network-config-daemon', 'sriov-operator-device-plugin']);
  });

  it('takes the registration away with the webhook', async () => {
    await install('upgrade', { operator: { admissionControllers: { enabled: false } } });
    expect(await namesAt(WEBHOOKS)).toEqual([]);
  });

  it('lets a network be made that says spoofChk and trust', async () => {
    await ask('POST', `${ours}/sriovnetworks?dryRun=All`, {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovNetwork',
      metadata: { name: 'guarded' },
      spec: { resourceName: 'x', spoofChk: 'on', trust: 'off' },
    });
  });

  it('makes the SriovOperatorConfig once the CRDs are there', async () => {
    const operator = { admissionControllers: { enabled: false } };
    // At uninstall no Job: there are no nodes here to run it. See deletion.spec.ts.
    const networkRenderer = { releaseFinalizers: false };
    await install('upgrade', { sriovOperatorConfig: { deploy: true }, operator, networkRenderer });
    expect(await namesAt(`${ours}/sriovoperatorconfigs`)).toEqual(['default']);
  });

  it('ends without taking the CRDs, and the policies of people, with it', async () => {
    await ask('POST', `${ours}/sriovnetworknodepolicies`, {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovNetworkNodePolicy',
      metadata: { name: 'kept' },
      spec: { resourceName: 'x', nodeSelector: { a: 'b' }, numVfs: 1, nicSelector: { pfNames: ['ens1'] } },
    });
    await helm('uninstall', 'sriov');
    expect(await namesAt(CRDS)).toHaveLength(7);
    expect(await namesAt(`${ours}/sriovnetworknodepolicies`)).toEqual(['kept']);
    for (const kind of ['serviceaccounts', 'services', 'configmaps']) {
      expect(await namesAt(`/api/v1/namespaces/${NAMESPACE}/${kind}`)).toEqual([]);
    }
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    expect(await namesAt(policies)).toEqual([]);
  });

  it('begins again under another name, over the CRDs that were left, when it is told to take them over', async () => {
    await expect(helm('install', 'another', CHART_FOLDER)).rejects.toThrow('cannot be imported');
    await helm('install', 'another', CHART_FOLDER, '--take-ownership');
    expect(await namesAt(`${ours}/sriovnetworknodepolicies`)).toEqual(['kept']);
  });
});
