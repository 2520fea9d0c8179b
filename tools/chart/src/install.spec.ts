import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { service as admissionWebhook } from '@sriov/admission-webhook';
import {
  CUSTOM_RESOURCES,
  type Registration,
  REGISTRATIONS,
  type SriovOperatorConfig,
  WEBHOOK_CONFIGURATION,
  type WebhookConfiguration,
} from '@sriov/api';
import { adminRequest, applyObject, type ControlPlane, findFreePort, startControlPlane } from '@sriov/control-plane';
import { buildCrd } from '@sriov/crds';
import { service as operandController } from '@sriov/operand-controller';
import { readSettings, serve } from '@sriov/runtime';
import { eventually, readObject } from '@sriov/testing';
import { resolveHelm } from './helm.ts';
import { partOf } from './manifest.ts';
import { CHART_FOLDER, renderChart, runHelm, withValuesFile } from './render.ts';
import { actAs } from './test/accounts.ts';

jest.setTimeout(120_000);

const NAMESPACE = 'sriov-network-operator';
let plane: ControlPlane;
let helmPath: string;
let folder: string;
/** Port of the webhook, while it runs and when it does not. */
let port: number;
let webhook: { readonly stop: () => Promise<void> } | undefined;

/** A control plane of its own: helm takes over nothing that others have installed. */
beforeAll(async () => {
  helmPath = (await resolveHelm()).path;
  plane = await startControlPlane();
  folder = mkdtempSync(join(tmpdir(), 'sriov-install-'));
  port = await findFreePort();
});
afterAll(async () => {
  await webhook?.stop();
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

const VALIDATING = REGISTRATIONS.find(({ kind }) => kind.startsWith('Validating')) as Registration;
const registrationNow = async (): Promise<WebhookConfiguration> =>
  (await ask('GET', `${WEBHOOKS}/${WEBHOOK_CONFIGURATION}`)) as WebhookConfiguration;
const untilAsked = (): Promise<true> =>
  eventually(async () => {
    for (const { plural, wanted } of REGISTRATIONS) {
      const path = `/apis/admissionregistration.k8s.io/v1/${plural}/${WEBHOOK_CONFIGURATION}`;
      expect(((await ask('GET', path)) as WebhookConfiguration).webhooks?.[0]?.rules).toMatchObject([wanted]);
    }
    return true;
  });

/** What the webhook refuses, and no rule of the CRD. */
const doubtful = {
  apiVersion: 'sriovnetwork.openshift.io/v1',
  kind: 'SriovNetwork',
  metadata: { name: 'doubtful' },
  spec: { resourceName: 'x', ipam: '{' },
};
const DOUBTFUL = { method: 'POST', path: `${ours}/sriovnetworks?dryRun=All` };
const untilJudged = (): Promise<true> =>
  eventually(async () => {
    const { status, body } = await adminRequest(plane.access, { ...DOUBTFUL, body: doubtful });
    expect([status, (body as { message: string }).message]).toEqual([
      403,
      expect.stringContaining('denied the request'),
    ]);
    return true;
  });

/** A webhook that runs on this machine, under the account of the chart. */
const withWebhookAt = (at: number): object => ({ admissionWebhook: { url: `https://127.0.0.1:${at}` } });
const startWebhook = async (): Promise<void> => {
  const account = await actAs(plane.access, { namespace: NAMESPACE, service: 'admission-webhook' });
  const read = readSettings(admissionWebhook, {
    argv: [
      ...['--listen', '127.0.0.1:0', '--log-level', 'silent', '--namespace', NAMESPACE, '--stop-delay-seconds', '0'],
      ...['--kubeconfig', account.kubeconfigPath, '--port', String(port), '--bind-address', '127.0.0.1'],
      ...['--certificate-names', '127.0.0.1'],
    ],
    env: {},
  });
  if (!('settings' in read)) throw new Error('no settings');
  const abort = new AbortController();
  const running = serve(admissionWebhook, read.settings, abort.signal);
  webhook = {
    async stop() {
      webhook = undefined;
      abort.abort();
      await running;
      account.close();
    },
  };
};
/** Applies the registration of the chart as its installer would, whose fields are all that the chart has. */
const applyRegistration = async (values: object): Promise<void> => {
  for (const object of await renderChart({ namespace: NAMESPACE, release: 'sriov', values })) {
    if (partOf(object) === 'registration') await applyObject(plane.access, object);
  }
};
const policyOf = (name: string): object => ({
  apiVersion: 'sriovnetwork.openshift.io/v1',
  kind: 'SriovNetworkNodePolicy',
  metadata: { name },
  spec: { resourceName: 'x', nodeSelector: { a: 'b' }, numVfs: 1, nicSelector: { pfNames: ['ens1'] } },
});

const WITHOUT_WEBHOOK = { operator: { admissionControllers: { enabled: false } } };
const WITHOUT_JOBS = { networkRenderer: { releaseFinalizers: false }, operandController: { removeOperands: false } };
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
    expect(await namesAt(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`)).toHaveLength(5);
  });

  it.each(CUSTOM_RESOURCES.map((resource) => [resource.kind, resource] as const))(
    'has brought the API server the CRD of %s as it is meant',
    async (_, resource) => {
      const meant = buildCrd(resource) as { spec: object };
      const stored = (await ask('GET', `${CRDS}/${resource.plural}.${resource.group}`)) as { spec: object };
      expect(stored.spec).toEqual({ ...DEFAULTED_SPEC, ...readObject(JSON.stringify(meant.spec)) });
    },
  );

  it('takes a policy at once: the API server does not ask the webhook, which does not run yet', async () => {
    const { webhooks: [entry] = [] } = await registrationNow();
    expect(entry).not.toHaveProperty('rules');
    await ask('POST', `${ours}/sriovnetworknodepolicies?dryRun=All`, policyOf('at-once'));
  });

  it('leaves to others what only looks like a probe, while the webhook is not reached', async () => {
    await install('upgrade', withWebhookAt(port));
    const metadata = { name: 'no-probe', labels: { 'sriovnetwork.openshift.io/admission-probe': '' } };
    const secrets = `/api/v1/namespaces/${NAMESPACE}/secrets`;
    for (const query of ['?dryRun=All', '']) {
      await ask('POST', `${secrets}${query}`, { apiVersion: 'v1', kind: 'Secret', metadata });
    }
    await ask('DELETE', `${secrets}/no-probe`);
  });

  it('has the API server ask the webhook as soon as that runs and is reached, beside an entry of others', async () => {
    const added = {
      ...{ name: 'copy.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Ignore' },
      clientConfig: { url: `https://127.0.0.1:${port}/validating-custom-resource` },
      rules: [{ ...VALIDATING.wanted, operations: ['CREATE'] }],
    };
    await ask('PATCH', `${WEBHOOKS}/${WEBHOOK_CONFIGURATION}`, [{ op: 'add', path: '/webhooks/-', value: added }]);
    await startWebhook();
    await untilAsked();
    await untilJudged();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['an upgrade', () => install('upgrade', { ...withWebhookAt(port), logLevel: 'debug' })],
    ['a rollback', () => helm('rollback', 'sriov', '2')],
    ['server-side apply, as helm 4 does it', () => applyRegistration(withWebhookAt(port))],
    ['a second one', () => applyRegistration(withWebhookAt(port))],
  ])('leaves to the webhook what the webhook has put into its registration, through %s', async (_, change) => {
    const before = await registrationNow();
    await change();
    expect((await registrationNow()).webhooks).toEqual(before.webhooks);
    await untilJudged();
  });

  const upgradeByForce = (): Promise<string> =>
    withValuesFile(withWebhookAt(port), (file) => helm('upgrade', 'sriov', CHART_FOLDER, '--values', file, '--force'));
  const upgradeFromRules = async (): Promise<void> => {
    const custom = { enabled: true, operator: { caCrt: plane.access.ca } };
    const operator = { admissionControllers: { certificates: { custom } } };
    await install('upgrade', { ...withWebhookAt(port), operator });
    expect((await registrationNow()).webhooks).toMatchObject([{ rules: [VALIDATING.wanted] }]);
    await install('upgrade', withWebhookAt(port));
  };
  it.each<[string, () => Promise<unknown>]>([
    ['by force, which replaces all objects', upgradeByForce],
    ['after a chart that had them itself', upgradeFromRules],
  ])('has the webhook set the rules again that an upgrade takes away %s', async (_, upgrade) => {
    await webhook?.stop();
    await upgrade();
    expect((await registrationNow()).webhooks?.[0]).not.toHaveProperty('rules');
    await startWebhook();
    await untilAsked();
    await untilJudged();
  });

  it('stops asking when an administrator says so, and asks again when the object that said so is gone', async () => {
    await ask('POST', `${ours}/sriovoperatorconfigs`, {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovOperatorConfig',
      metadata: { name: 'default' },
      spec: { enableOperatorWebhook: false },
    });
    await eventually(async () => {
      const { status } = await adminRequest(plane.access, { ...DOUBTFUL, body: doubtful });
      return status === 201;
    });
    expect((await registrationNow()).webhooks?.[0]).not.toHaveProperty('rules');
    await ask('DELETE', `${ours}/sriovoperatorconfigs/default`);
    await untilAsked();
    await untilJudged();
  });

  it('goes on asking when the webhook has gone: nothing is let through unseen', async () => {
    await webhook?.stop();
    const stored = await adminRequest(plane.access, { ...DOUBTFUL, body: doubtful });
    expect(stored).toMatchObject({ status: 500, body: { message: expect.stringContaining('failed calling webhook') } });
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
    await eventually(async () => {
      expect(await namesAt(DAEMON_SETS)).toEqual(['sriov-network-config-daemon', 'sriov-operator-device-plugin']);
      return true;
    });
    // At uninstall no Jobs: there are no nodes here to run them. See uninstall.spec.ts.
    await install('upgrade', { ...WITHOUT_WEBHOOK, ...WITHOUT_JOBS, sriovOperatorConfig: { logLevel: 2 } });
    await eventually(async () => (await configNow()).spec?.logLevel === 2);
    stop.abort();
    await running;
    account.close();
  });

  it('ends without taking the CRDs, and the policies of people, with it', async () => {
    await ask('POST', `${ours}/sriovnetworknodepolicies`, policyOf('kept'));
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
