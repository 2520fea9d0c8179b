import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type KubeObject,
  LABEL,
  REGISTRATIONS,
  type ServiceName,
  type SriovNetworkNodePolicy,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
  WEBHOOK_CONFIGURATION,
  type WebhookConfiguration,
} from '@sriov/api';
import { service as admissionWebhook } from '@sriov/admission-webhook';
import { simulatedService as configDaemon } from '@sriov/config-daemon';
import { findFreePort } from '@sriov/control-plane';
import { type KubeEvent, type Lease } from '@sriov/kube';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as operandController } from '@sriov/operand-controller';
import { service as policyController } from '@sriov/policy-controller';
import { readSettings, serve, type ServiceDefinition, type ServiceSchema } from '@sriov/runtime';
import { createNamespace, eventually, request, testControlPlane, tryRequest } from '@sriov/testing';
import { applyChart } from './apply.ts';
import { type Account, actAs } from './test/accounts.ts';

jest.setTimeout(120_000);

const NODE = 'services-node';
const PF = '0000:01:00.0';
const API_VERSION = 'sriovnetwork.openshift.io/v1';
const running: { readonly stop: AbortController; readonly ended: Promise<void> }[] = [];
const accounts: Account[] = [];
let operator: string;
let team: string;
let folder: string;

const at = (plural: string, name = '', namespace = operator): string =>
  `/apis/${API_VERSION}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
const attachmentPath = (name: string): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${team}/network-attachment-definitions/${name}`;
const create = (kind: string, plural: string, object: { metadata: object; spec: object }): Promise<unknown> =>
  request('POST', at(plural), { apiVersion: API_VERSION, kind, ...object });

/** Runs the service as its process would, with the account's kubeconfig and nothing else. */
const start = async <S extends ServiceSchema>(
  name: ServiceName,
  definition: ServiceDefinition<S>,
  { flags = [], node }: { readonly flags?: readonly string[]; readonly node?: string } = {},
): Promise<void> => {
  const { access } = testControlPlane();
  const account = await actAs(access, { namespace: operator, service: name, ...(node && { node }) });
  accounts.push(account);
  const common = ['--listen', '127.0.0.1:0', '--log-level', 'silent', '--namespace', operator];
  const read = readSettings(definition, {
    argv: [...common, '--kubeconfig', account.kubeconfigPath, ...flags],
    env: {},
  });
  if (!('settings' in read)) throw new Error('no settings');
  const stop = new AbortController();
  running.push({ stop, ended: serve(definition, read.settings, stop.signal) });
};

beforeAll(async () => {
  operator = await createNamespace('operator');
  team = await createNamespace('team');
  folder = mkdtempSync(join(tmpdir(), 'sriov-services-'));
  const port = await findFreePort();
  const chart = {
    namespace: operator,
    release: 'services',
    values: {
      crds: { networkAttachmentDefinition: true },
      sriovOperatorConfig: { configDaemonNodeSelector: { own: NODE }, featureGates: { metricsExporter: true } },
      images: { metricsExporter: 'exporter:1', metricsExporterKubeRbacProxy: 'proxy:1', sriovCni: 'cni:1' },
      admissionWebhook: { url: `https://127.0.0.1:${port}` },
    },
  };
  const { access } = testControlPlane();
  await applyChart(access, { ...chart, parts: ['crds', 'rights', 'configuration'] });
  const labels = { [LABEL.os]: 'linux', own: NODE };
  await request('POST', '/api/v1/nodes', { metadata: { name: NODE, labels } });
  const world = {
    latency: 'none',
    modules: ['igbvf'],
    nics: [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10' }],
  };
  writeFileSync(join(folder, 'world.json'), JSON.stringify(world));
  await start('admission-webhook', admissionWebhook, {
    flags: ['--port', String(port), '--bind-address', '127.0.0.1', '--certificate-names', '127.0.0.1'],
  });
  await start('policy-controller', policyController, { flags: ['--stale-node-state-cleanup-delay-minutes', '0'] });
  await start('network-renderer', networkRenderer);
  await start('operand-controller', operandController);
  await start('config-daemon', configDaemon, {
    node: NODE,
    flags: [
      ...['--node-name', NODE, '--simulate', join(folder, 'world.json')],
      ...['--simulate-state', join(folder, 'machine.json')],
    ],
  });
  await applyChart(access, { ...chart, parts: ['registration'] });
});
afterAll(async () => {
  for (const { plural } of REGISTRATIONS) {
    await tryRequest('DELETE', `/apis/admissionregistration.k8s.io/v1/${plural}/${WEBHOOK_CONFIGURATION}`);
  }
  running.forEach(({ stop }) => stop.abort());
  await Promise.all(running.map(({ ended }) => ended));
  accounts.forEach((account) => account.close());
  rmSync(folder, { recursive: true, force: true });
});

/** Components that have recorded an Event about the object. */
const reportersOf = async (name: string): Promise<string[]> => {
  const { items } = (await request('GET', '/api/v1/events')) as { items: KubeEvent[] };
  const about = items.filter(({ involvedObject }) => involvedObject.name === name);
  return [...new Set(about.map(({ source }) => source.component))];
};

// Each step builds on the one before it: together they call for every right that the accounts have.
describe('the services, each under its own account of the chart', () => {
  it('lead by leases of their own', async () => {
    for (const name of ['policy-controller', 'network-renderer', 'operand-controller']) {
      await eventually(async () => {
        const path = `/apis/coordination.k8s.io/v1/namespaces/${operator}/leases/${name}`;
        return ((await request('GET', path)) as Lease).spec.holderIdentity;
      });
    }
  });

  it('make the SriovOperatorConfig that the chart asks for, and its operands', async () => {
    const sets = `/apis/apps/v1/namespaces/${operator}/daemonsets`;
    await eventually(async () => {
      const { items } = (await request('GET', sets)) as { items: KubeObject[] };
      expect(items.map(({ metadata }) => metadata.name)).toEqual([
        'sriov-cni-plugins',
        'sriov-network-config-daemon',
        'sriov-network-metrics-exporter',
        'sriov-operator-device-plugin',
      ]);
      return true;
    });
    await eventually(async () => {
      const { status } = (await request('GET', at('sriovoperatorconfigs', 'default'))) as SriovOperatorConfig;
      return status?.conditions?.some(({ type }) => type === 'MetricsExporterDeployed');
    });
    const name = 'sriov-network-metrics-exporter-service';
    await request('GET', `/api/v1/namespaces/${operator}/services/${name}`);
    await request('PATCH', at('sriovoperatorconfigs', 'default'), {
      spec: { featureGates: { metricsExporter: false } },
    });
    await eventually(
      async () => (await tryRequest('GET', `/api/v1/namespaces/${operator}/services/${name}`)).status === 404,
    );
  });

  it('make the API server trust the webhook and ask it, which sets defaults and refuses', async () => {
    for (const { kind, plural, wanted } of REGISTRATIONS) {
      const path = `/apis/admissionregistration.k8s.io/v1/${plural}/${WEBHOOK_CONFIGURATION}`;
      await eventually(async () => {
        const { webhooks: [entry] = [] } = (await request('GET', path)) as WebhookConfiguration;
        expect([kind, entry?.rules]).toMatchObject([kind, [wanted]]);
        return true;
      });
    }
    const policy = (spec: object): object => ({
      apiVersion: API_VERSION,
      kind: 'SriovNetworkNodePolicy',
      metadata: { name: 'services-judged' },
      spec: { resourceName: 'x', nodeSelector: { own: 'x' }, numVfs: 1, nicSelector: { pfNames: ['ens1'] }, ...spec },
    });
    const path = `${at('sriovnetworknodepolicies')}?dryRun=All`;
    // The API server takes a moment to do what it was told.
    await eventually(async () => {
      expect(await request('POST', path, policy({}))).toMatchObject({ spec: { priority: 99 } });
      return true;
    });
    const refused = await tryRequest('POST', path, policy({ deviceType: 'vfio-pci', isRdma: true }));
    expect(refused.status).toBeGreaterThanOrEqual(400);
  });

  it('have the API server ask the webhook no longer while an administrator says so', async () => {
    const path = at('sriovoperatorconfigs', 'default');
    const doubtful = {
      apiVersion: API_VERSION,
      kind: 'SriovNetwork',
      metadata: { name: 'services-doubtful' },
      spec: { resourceName: 'x', ipam: '{' },
    };
    const judged = async (): Promise<boolean> =>
      (await tryRequest('POST', `${at('sriovnetworks')}?dryRun=All`, doubtful)).status >= 400;
    expect(await judged()).toBe(true);
    await request('PATCH', path, { spec: { enableOperatorWebhook: false } });
    await eventually(async () => !(await judged()));
    await request('PATCH', path, { spec: { enableOperatorWebhook: true } });
    await eventually(judged);
  });

  it('turn a policy into VFs, and report them', async () => {
    await eventually(async () => {
      const { status } = (await request('GET', at('sriovnetworknodestates', NODE))) as SriovNetworkNodeState;
      return status?.interfaces?.length === 1;
    });
    await create('SriovNetworkNodePolicy', 'sriovnetworknodepolicies', {
      metadata: { name: 'services-policy' },
      spec: {
        resourceName: 'igb',
        nodeSelector: { own: NODE },
        numVfs: 2,
        nicSelector: { pfNames: ['ens1'] },
        deviceType: 'netdevice',
      },
    });
    await eventually(async () => {
      const { status } = (await request('GET', at('sriovnetworknodestates', NODE))) as SriovNetworkNodeState;
      return status?.syncStatus === 'Succeeded' && status.interfaces?.[0]?.Vfs?.length === 2;
    });
    await eventually(async () => {
      const path = at('sriovnetworknodepolicies', 'services-policy');
      const { status } = (await request('GET', path)) as SriovNetworkNodePolicy;
      return status?.readyNodeCount === 1;
    });
    await eventually(async () => (await reportersOf(NODE)).includes('config-daemon'));
  });

  it('label the node, and configure the device plugin', async () => {
    await eventually(async () => {
      const { metadata } = (await request('GET', `/api/v1/nodes/${NODE}`)) as { metadata: { labels: object } };
      return LABEL.devicePlugin in metadata.labels;
    });
    const path = `/api/v1/namespaces/${operator}/configmaps/device-plugin-config`;
    await eventually(async () => {
      const { data } = (await request('GET', path)) as { data: Record<string, string> };
      return data[NODE]?.includes('"igb"');
    });
  });

  it('say on a pool and on the SriovOperatorConfig how they are', async () => {
    const metadata = { name: 'services-pool' };
    await create('SriovNetworkPoolConfig', 'sriovnetworkpoolconfigs', { metadata, spec: { maxUnavailable: 1 } });
    for (const path of [at('sriovnetworkpoolconfigs', 'services-pool'), at('sriovoperatorconfigs', 'default')]) {
      await eventually(async () => {
        const { status } = (await request('GET', path)) as SriovNetworkPoolConfig;
        return status?.conditions?.length;
      });
    }
  });

  it('tell a policy in the wrong namespace so', async () => {
    await request('POST', at('sriovnetworknodepolicies', '', team), {
      apiVersion: API_VERSION,
      kind: 'SriovNetworkNodePolicy',
      metadata: { name: 'services-stray' },
      spec: { resourceName: 'x', nodeSelector: { own: 'x' }, numVfs: 1, nicSelector: { pfNames: ['ens1'] } },
    });
    await eventually(async () => (await reportersOf('services-stray')).includes('policy-controller'));
    const path = at('sriovnetworknodepolicies', 'services-stray', team);
    expect(((await request('GET', path)) as SriovNetworkNodePolicy).status?.conditions).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'Degraded', status: 'True' })]),
    );
  });

  it.each([
    ['SriovNetwork', 'sriovnetworks'],
    ['SriovIBNetwork', 'sriovibnetworks'],
    ['OVSNetwork', 'ovsnetworks'],
  ])('make an attachment of a %s in another namespace, and take it back', async (kind, plural) => {
    const name = `services-${plural}`;
    await create(kind, plural, { metadata: { name }, spec: { resourceName: 'igb', networkNamespace: team } });
    await eventually(async () => (await tryRequest('GET', attachmentPath(name))).status === 200);
    await eventually(async () => (await reportersOf(name)).includes('network-renderer'));
    await request('DELETE', at(plural, name));
    await eventually(async () => (await tryRequest('GET', attachmentPath(name))).status === 404);
    await eventually(async () => (await tryRequest('GET', at(plural, name))).status === 404);
  });

  it('forget a node that is managed no more', async () => {
    await request('PATCH', `/api/v1/nodes/${NODE}`, { metadata: { labels: { own: null } } });
    await eventually(async () => (await tryRequest('GET', at('sriovnetworknodestates', NODE))).status === 404);
  });
});
