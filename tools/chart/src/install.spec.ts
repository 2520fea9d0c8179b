import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES, type KubeObject, type SriovOperatorConfig } from '@sriov/api';
import { adminRequest, type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { buildCrd } from '@sriov/crds';
import { service as operandController } from '@sriov/operand-controller';
import { serve } from '@sriov/runtime';
import { eventually, readObject } from '@sriov/testing';
import { resolveHelm } from './helm.ts';
import { CHART_FOLDER, runHelm, withValuesFile } from './render.ts';
import { actAs } from './test/accounts.ts';

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

const WITHOUT_WEBHOOK = { operator: { admissionControllers: { enabled: false } } };
const WITHOUT_JOB = { networkRenderer: { releaseFinalizers: false } };
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
  it('is installed on a fresh cluster in one step, and says what to wait for', async () => {
    expect(await install('install', {})).toContain(
      `kubectl wait sriovoperatorconfig/default --for=condition=Ready --namespace ${NAMESPACE}`,
    );
    expect(await namesAt(CRDS)).toHaveLength(7);
    expect(await namesAt(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`)).toHaveLength(4);
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
    await install('upgrade', ORIGINAL);
    await ask('DELETE', `${DAEMON_SETS}/sriov-device-plugin`);
    await install('upgrade', { images: { sriovDevicePlugin: '' } });
  });

  it('takes the registration away with the webhook', async () => {
    await install('upgrade', WITHOUT_WEBHOOK);
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

  it('has the SriovOperatorConfig made as its values say, and changed with them', async () => {
    const account = await actAs(plane.access, {
      namespace: NAMESPACE,
      service: 'operand-controller',
    });
    const stop = new AbortController();
    const settings = {
      listen: '127.0.0.1:0',
      logLevel: 'silent' as const,
      kubeconfig: account.kubeconfigPath,
      namespace: NAMESPACE,
    };
    const running = serve(operandController, settings, stop.signal);
    const configNow = async (): Promise<SriovOperatorConfig> =>
      (await ask('GET', `${ours}/sriovoperatorconfigs/default`)) as SriovOperatorConfig;
    const made = await eventually(configNow);
    expect(made.spec).toMatchObject({ enableOperatorWebhook: false, logLevel: 1 });
    const wish = (await ask('GET', `/api/v1/namespaces/${NAMESPACE}/configmaps/operator-config`)) as KubeObject;
    // The garbage collector, which does not run here, removes it at the end of the release.
    expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'ConfigMap', uid: wish.metadata.uid }]);
    await eventually(async () => {
      expect(await namesAt(DAEMON_SETS)).toEqual(['sriov-network-config-daemon', 'sriov-operator-device-plugin']);
      return true;
    });
    // At uninstall no Job: there are no nodes here to run it. See deletion.spec.ts.
    await install('upgrade', { ...WITHOUT_WEBHOOK, ...WITHOUT_JOB, sriovOperatorConfig: { logLevel: 2 } });
    await eventually(async () => (await configNow()).spec?.logLevel === 2);
    stop.abort();
    await running;
    account.close();
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
