import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect as connectPlain, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { REGISTRATIONS, WEBHOOK_CONFIGURATION, WEBHOOK_ENTRY, type WebhookConfiguration } from '@sriov/api';
import { Authority } from '@sriov/certificates';
import { type Secret } from '@sriov/kube';
import { readSettings, serve } from '@sriov/runtime';
import {
  createNamespace,
  eventually,
  findFreePort,
  installCrds,
  readJson,
  request,
  testControlPlane,
  tryRequest,
} from '@sriov/testing';
import { z } from 'zod';
import { secretData } from './certificates/stored.ts';
import { service } from './service.ts';
import { type Settings } from './settings.ts';

jest.setTimeout(90_000);

const GROUP = '/apis/sriovnetwork.openshift.io/v1';
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const KINDS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
const DAY = 86_400_000;

interface Running {
  readonly port: number;
  readonly health: number;
  stop(): Promise<void>;
}
let operator: string;
let webhook: Running;

const secretPath = (name = ''): string => `/api/v1/namespaces/${operator}/secrets/${name}`.replace(/\/$/, '');
const path = (plural: string, name = '', namespace = operator): string =>
  `${GROUP}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');

/** All that ran: one that a failed test left running would keep Jest from ending. */
const started: Running[] = [];

/** Runs the service until it is stopped; does not wait for it to be ready. */
const run = async (settings: Partial<Settings> & { port?: number } = {}): Promise<Running> => {
  const stop = new AbortController();
  const [port, health] = [settings.port ?? (await findFreePort()), await findFreePort()];
  const read = readSettings(service, { argv: ['--certificate-names', '127.0.0.1'], env: {} });
  if ('text' in read) throw new Error(read.text);
  const running = serve(
    service,
    {
      ...read.settings,
      listen: `127.0.0.1:${health}`,
      bindAddress: '127.0.0.1',
      stopDelaySeconds: 0,
      logLevel: 'silent',
      kubeconfig: testControlPlane().kubeconfigPath,
      namespace: operator,
      ...settings,
      port,
    },
    stop.signal,
  );
  const failed = running.then(() => undefined);
  failed.catch(() => undefined);
  const own: Running = {
    port,
    health,
    async stop() {
      stop.abort();
      await running;
    },
  };
  started.push(own);
  return own;
};
const untilReady = async (each: Running): Promise<void> => {
  await eventually(async () => {
    expect(await readyz(each)).toEqual({ status: 200, text: 'ok\n' });
    return true;
  });
};
const readyz = async ({ health }: Running): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://127.0.0.1:${health}/readyz`);
  return { status: response.status, text: await response.text() };
};

/** How a webhook is registered: as the chart does it, unless the rules are there already. */
interface Registering {
  readonly isAsked?: boolean;
  /** Where probes are sent, if not to the webhook. */
  readonly probePort?: number;
}
/** Registers a webhook that runs on this machine, beside entries that are others' business. */
const register = async (port: number, { isAsked = true, probePort = port }: Registering = {}): Promise<void> => {
  const entry = (name: string, clientConfig: object, rules: readonly object[]): object => ({
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    clientConfig,
    rules,
    namespaceSelector: {},
  });
  const foreignRule = {
    apiGroups: ['example.org'],
    apiVersions: ['v1'],
    operations: ['CREATE'],
    resources: ['nothing'],
  };
  const probe = {
    ...entry('probe.operator-webhook.sriovnetwork.openshift.io', { url: `https://127.0.0.1:${probePort}/probe` }, [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] },
    ]),
    objectSelector: { matchExpressions: [{ key: 'sriovnetwork.openshift.io/admission-probe', operator: 'Exists' }] },
  };
  for (const { kind, plural, wanted } of REGISTRATIONS) {
    const isMutating = kind.startsWith('Mutating');
    const where = isMutating ? 'mutating-custom-resource' : 'validating-custom-resource';
    await tryRequest('DELETE', `${REGISTRATION}/${plural}/${WEBHOOK_CONFIGURATION}`);
    await request('POST', `${REGISTRATION}/${plural}`, {
      metadata: { name: WEBHOOK_CONFIGURATION },
      webhooks: [
        entry('other.example.org', { service: { name: 'other', namespace: 'other' } }, [foreignRule]),
        entry(WEBHOOK_ENTRY, { url: `https://127.0.0.1:${port}/${where}` }, isAsked ? [wanted] : []),
        ...(isMutating ? [] : [probe]),
      ],
    });
  }
};
const registrations = async (): Promise<WebhookConfiguration[]> =>
  Promise.all(
    KINDS.map(
      async (plural) =>
        (await request('GET', `${REGISTRATION}/${plural}/${WEBHOOK_CONFIGURATION}`)) as WebhookConfiguration,
    ),
  );
/** The bundle (PEM) of our entries, which has to be one and the same, but for the moment when it is written. */
const trusted = async (): Promise<string> => {
  const bundle = await eventually(async () => {
    const bundles = (await registrations()).map(({ webhooks }) => webhooks?.[1]?.clientConfig.caBundle ?? '');
    expect(new Set(bundles).size).toBe(1);
    return bundles[0] ?? '';
  });
  return Buffer.from(bundle, 'base64').toString();
};

/** A handshake on a connection of its own: fails unless the certificate is of the authority and for this address. */
const handshake = (port: number, ca: string): Promise<PeerCertificate> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca }, () => {
      resolve(socket.getPeerCertificate());
      socket.end();
    });
    socket.once('error', reject);
  });

interface Written {
  readonly status: number;
  readonly message: string;
  readonly warnings: readonly string[];
  readonly object: WrittenObject;
}
/** The object as the API server has stored it, or a Status. */
const writtenSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string().optional() }),
  spec: z.record(z.string(), z.unknown()).optional(),
  message: z.string().optional(),
});
type WrittenObject = z.output<typeof writtenSchema>;
/** Sends an object to the API server, and keeps the warnings, which travel as headers. */
const write = (method: string, where: string, body: object): Promise<Written> => {
  const { server, ca, admin } = testControlPlane().access;
  const options = { method, ca, cert: admin.certificate, key: admin.privateKey, agent: false as const };
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      new URL(where, server),
      { ...options, headers: { 'content-type': type } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const object = readJson(writtenSchema, text);
          const header = [response.headers['warning'] ?? []].flat().join(', ');
          const warnings = [...header.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
            quoted.replaceAll('\\"', '"'),
          );
          resolve({ status: response.statusCode ?? 0, message: object.message ?? '', warnings, object });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(JSON.stringify(body));
  });
};
const PLURALS: Record<string, string> = {
  SriovNetworkNodePolicy: 'sriovnetworknodepolicies',
  SriovOperatorConfig: 'sriovoperatorconfigs',
  SriovNetworkPoolConfig: 'sriovnetworkpoolconfigs',
  SriovNetwork: 'sriovnetworks',
  SriovNetworkNodeState: 'sriovnetworknodestates',
};
const create = (kind: string, name: string, spec: object, query = ''): Promise<Written> => {
  const plural = PLURALS[kind] ?? '';
  const body = { apiVersion: 'sriovnetwork.openshift.io/v1', kind, metadata: { name }, spec };
  return write('POST', `${path(plural)}${query}`, body);
};
const policySpec = (spec: object = {}): object => ({
  resourceName: 'r',
  numVfs: 4,
  nodeSelector: { 'admission/test': 'yes' },
  ...spec,
});
const createPolicy = (name: string, spec: object = {}, query = ''): Promise<Written> =>
  create(
    'SriovNetworkNodePolicy',
    name,
    policySpec({ resourceName: name, nicSelector: { pfNames: [`${name}#0-1`] }, ...spec }),
    query,
  );

beforeAll(async () => {
  await installCrds();
  operator = await createNamespace('operator');
  webhook = await run();
  await register(webhook.port);
  await untilReady(webhook);
});
afterAll(async () => {
  await Promise.allSettled(started.map((each) => each.stop()));
  for (const plural of KINDS) await request('DELETE', `${REGISTRATION}/${plural}/${WEBHOOK_CONFIGURATION}`);
});

describe('the admission webhook', () => {
  it('sets the defaults of a policy', async () => {
    const { status, object } = await createPolicy('defaults');
    expect(status).toBe(201);
    expect(object.spec).toMatchObject({ priority: 99, isRdma: false, deviceType: 'netdevice' });
    const { object: infiniband } = await createPolicy('infiniband', {
      linkType: 'IB',
    });
    expect(infiniband.spec).toMatchObject({ isRdma: true });
  });

  it('refuses in words, and says who is speaking', async () => {
    await createPolicy('first', { nicSelector: { pfNames: ['ens8#0-3'] } });
    const node = { metadata: { name: 'admission-node', labels: { 'admission/test': 'yes' } } };
    await request('POST', '/api/v1/nodes', node);
    const refused = await eventually(async () => {
      const result = await createPolicy(
        'second',
        { resourceName: 's', nicSelector: { pfNames: ['ens8#2-3'] } },
        '?dryRun=All',
      );
      return result.status === 403 && result;
    });
    expect(refused.message).toBe(
      'admission webhook "operator-webhook.sriovnetwork.openshift.io" denied the request: SriovNetworkNodePolicy second: on node admission-node: spec.nicSelector.pfNames: "ens8#2-3" takes VFs that policy first takes with "ens8#0-3": give each policy a range of its own, such as ens8#0-3',
    );
  });

  it('follows nodes and their PFs', async () => {
    const state = {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovNetworkNodeState',
      metadata: { name: 'admission-node' },
    };
    await request('POST', path('sriovnetworknodestates'), state);
    await request('PATCH', `${path('sriovnetworknodestates', 'admission-node')}/status`, {
      status: {
        interfaces: [{ name: 'ens9', pciAddress: '0000:3b:00.0', vendor: '8086', deviceID: '1592', totalvfs: 8 }],
      },
    });
    const spec = { nicSelector: { pfNames: ['ens9'] }, resourceName: 'nine' };
    await eventually(async () => {
      const { status, message } = await createPolicy('greedy', { ...spec, numVfs: 9 }, '?dryRun=All');
      expect({ status, message }).toEqual({
        status: 403,
        message: expect.stringContaining('ens9: 9 VFs are wanted, and the PF can have 8'),
      });
      return true;
    });
    expect((await createPolicy('modest', { ...spec, numVfs: 8 }, '?dryRun=All')).warnings).toEqual([]);
  });

  it('answers on for as long as it is told when it is to stop, and says that it is not ready', async () => {
    const second = await run({ stopDelaySeconds: 1 });
    await untilReady(second);
    const authority = await trusted();
    const ended = second.stop();
    expect(await readyz(second)).toEqual({ status: 503, text: 'process: is stopping\n' });
    await handshake(second.port, authority);
    await ended;
    await expect(handshake(second.port, authority)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('warns', async () => {
    const { status, warnings } = await createPolicy('early', { nodeSelector: { nobody: '' } }, '?dryRun=All');
    expect({ status, warnings }).toEqual({
      status: 201,
      warnings: [
        'SriovNetworkNodePolicy early: spec.nodeSelector selects no node now: nothing happens until there is one',
      ],
    });
  });

  it('knows the list of NICs as it stands now', async () => {
    const spec = { nicSelector: { vendor: '1234' } };
    expect((await createPolicy('odd', spec, '?dryRun=All')).warnings.join()).toContain('"1234" is not in the list');
    const data = { mine: '1234 5678 5679' };
    await request('POST', `/api/v1/namespaces/${operator}/configmaps`, {
      metadata: { name: 'supported-nic-ids' },
      data,
    });
    await eventually(async () => {
      const { warnings } = await createPolicy('odd', spec, '?dryRun=All');
      return !warnings.join().includes('is not in the list');
    });
    await request('DELETE', `/api/v1/namespaces/${operator}/configmaps/supported-nic-ids`);
  });

  it('judges the other kinds', async () => {
    const config = await create('SriovOperatorConfig', 'default', { disableDrain: true }, '?dryRun=All');
    expect(config).toMatchObject({ status: 201, warnings: [expect.stringContaining('without being drained')] });
    const pool = await create('SriovNetworkPoolConfig', 'zero', { maxUnavailable: 0 }, '?dryRun=All');
    expect(pool.warnings.join()).toContain('spec.maxUnavailable is 0');
    const network = await create('SriovNetwork', 'broken', { resourceName: 'r', ipam: '{"type": static}' });
    expect(network).toMatchObject({
      status: 403,
      message: expect.stringContaining('spec.ipam is not valid JSON: line 1, column 10'),
    });
  });

  it('does not let draining be switched off while a node is being configured', async () => {
    expect((await create('SriovOperatorConfig', 'default', {})).status).toBe(201);
    const status = { syncStatus: 'InProgress' };
    await request('PATCH', `${path('sriovnetworknodestates', 'admission-node')}/status`, { status });
    const where = `${path('sriovoperatorconfigs', 'default')}?dryRun=All`;
    const change = (): Promise<Written> => write('PATCH', where, { spec: { disableDrain: true } });
    const { message } = await eventually(async () => {
      const result = await change();
      return result.status === 403 && result;
    });
    expect(message).toContain(
      'spec.disableDrain cannot become true while nodes are being configured (1, such as admission-node)',
    );
    await request('PATCH', `${path('sriovnetworknodestates', 'admission-node')}/status`, {
      status: { syncStatus: 'Succeeded' },
    });
    await eventually(async () => (await change()).status === 200);
  });

  it('survives unknown fields and objects of another form, and leaves the word to the API server', async () => {
    expect((await createPolicy('unknown', { colour: { red: [1] } }, '?dryRun=All')).status).toBe(201);
    const malformed = await createPolicy('malformed', { numVfs: 'four', linkType: 7 }, '?dryRun=All');
    expect(malformed).toMatchObject({ status: 422, message: expect.stringContaining('spec.numVfs: Invalid value') });
    const nothing = await write('POST', path('sriovnetworknodepolicies'), {
      apiVersion: 'sriovnetwork.openshift.io/v1',
      kind: 'SriovNetworkNodePolicy',
      metadata: { generateName: 'nothing-' },
    });
    expect(nothing).toMatchObject({ status: 403, message: expect.stringContaining('spec.resourceName is required') });
  });

  it('lets through what is not a change of the spec, and deletions', async () => {
    const patch = { metadata: { labels: { a: 'b' } } };
    expect((await write('PATCH', path('sriovnetworknodepolicies', 'first'), patch)).status).toBe(200);
    expect((await tryRequest('DELETE', path('sriovnetworknodepolicies', 'first'))).status).toBe(200);
  });

  it('refuses everything that the CRD refuses', async () => {
    // The rules about a policy's own fields stand in two places: nothing may pass one of them only.
    const specs = [
      { resourceName: '-' },
      { nicSelector: {} },
      { nicSelector: { netFilter: 'a:b', vendor: '8086' } },
      { nicSelector: { pfNames: ['a#1'] } },
      { nicSelector: { pfNames: ['a#3-1'] } },
      { nicSelector: { pfNames: ['a#3-9'] } },
      { isRdma: true, deviceType: 'vfio-pci' },
      { eSwitchMode: 'switchdev', linkType: 'ib' },
      { vdpaType: 'vhost' },
      { bridge: { ovs: {} } },
    ];
    for (const spec of specs) expect((await createPolicy('both', spec, '?dryRun=All')).status).toBe(422);
    const answers = await Promise.all(
      specs.map((spec) =>
        ask(webhook, '/validating-custom-resource', {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          request: {
            uid: 'u',
            kind: { kind: 'SriovNetworkNodePolicy' },
            operation: 'CREATE',
            object: { metadata: { name: 'both', namespace: operator }, spec: policySpec(spec) },
          },
        }),
      ),
    );
    for (const { body } of answers) expect(JSON.parse(body)).toMatchObject({ response: { allowed: false } });
  });
});

/** A question about a network that is fine. */
const review = (): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { kind: 'SriovNetwork' },
    operation: 'CREATE',
    object: { metadata: { name: 'net', namespace: operator }, spec: { resourceName: 'r' } },
  },
});

/** A request to the webhook itself. */
const ask = async (
  each: Running,
  where: string,
  body?: object | string,
  authority?: string,
): Promise<{ status: number; body: string }> => {
  const ca = authority ?? (await trusted());
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      `https://127.0.0.1:${each.port}${where}`,
      {
        ca,
        agent: false,
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    outgoing.once('error', reject);
    outgoing.end(typeof body === 'string' ? body : body && JSON.stringify(body));
  });
};

describe('the server', () => {
  it('says that it is ready, and answers a question that is none with its fault', async () => {
    expect(await ask(webhook, '/readyz')).toEqual({ status: 200, body: 'ok' });
    const wrong = await ask(webhook, '/validating-custom-resource', {});
    expect(wrong).toEqual({ status: 400, body: expect.stringContaining('not an AdmissionReview') });
    expect(await ask(webhook, '/mutating-custom-resource', '{')).toMatchObject({ status: 400 });
    expect(await ask(webhook, '/other', {})).toMatchObject({ status: 404 });
  });

  it('speaks TLS 1.2 and later only', async () => {
    const ca = await trusted();
    const attempt = new Promise((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port: webhook.port, ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' },
        () => resolve(socket.end()),
      );
      socket.once('error', reject);
    });
    await expect(attempt).rejects.toThrow();
  });

  it('counts reviews', async () => {
    const text = await (await fetch(`http://127.0.0.1:${webhook.health}/metrics`)).text();
    expect(text).toMatch(/sriov_admission_reviews_total\{.*kind="SriovNetworkNodePolicy".*verdict="refused"\} \d+/);
  });

  it('names a port that is taken', async () => {
    const { port } = webhook;
    const second = await run({ port });
    await expect(second.stop()).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: `cannot listen on 127.0.0.1:${port}: another process uses the port`,
    });
  });
});

describe('its certificates', () => {
  it('are trusted by our entries, and by no others', async () => {
    for (const { webhooks = [] } of await registrations()) {
      expect(webhooks[0]?.clientConfig).toEqual({ service: { name: 'other', namespace: 'other', port: 443 } });
      for (const { clientConfig } of webhooks.slice(1)) expect(clientConfig.caBundle).toMatch(/./);
    }
    await expect(handshake(webhook.port, await trusted())).resolves.toBeDefined();
  });

  it('are shared by two replicas, which do not take turns in changing them', async () => {
    const second = await run();
    await untilReady(second);
    const ca = await trusted();
    const [one, two] = await Promise.all([handshake(webhook.port, ca), handshake(second.port, ca)]);
    expect(two.fingerprint256).toBe(one.fingerprint256);
    const secret = (await request('GET', secretPath('operator-webhook-cert'))) as Secret;
    await second.stop();
    expect(((await request('GET', secretPath('operator-webhook-cert'))) as Secret).metadata.resourceVersion).toBe(
      secret.metadata.resourceVersion,
    );
  });

  it('are one and the same for replicas that start at the same moment without any', async () => {
    await webhook.stop();
    await request('DELETE', secretPath('operator-webhook-cert'));
    const [first, second] = await Promise.all([run({ port: webhook.port }), run()]);
    webhook = first;
    await Promise.all([untilReady(first), untilReady(second)]);
    const ca = await trusted();
    const [one, two] = await Promise.all([handshake(first.port, ca), handshake(second.port, ca)]);
    expect(two.fingerprint256).toBe(one.fingerprint256);
    await second.stop();
  });

  it('are told to the API server again when someone takes the bundle away', async () => {
    for (const plural of KINDS) {
      const where = `${REGISTRATION}/${plural}/${WEBHOOK_CONFIGURATION}`;
      const { webhooks = [] } = (await request('GET', where)) as WebhookConfiguration;
      const stripped = webhooks.map((entry) => ({
        ...entry,
        clientConfig: { url: entry.clientConfig.url, service: entry.clientConfig.service },
      }));
      await request('PATCH', where, { webhooks: stripped });
    }
    await eventually(async () => (await trusted()) !== '');
    await eventually(async () => (await createPolicy('again', {}, '?dryRun=All')).status === 201);
  });

  it('are created again when the Secret is deleted', async () => {
    const before = await trusted();
    await request('DELETE', secretPath('operator-webhook-cert'));
    await eventually(async () => {
      const now = await trusted();
      expect(now).not.toBe(before);
      await handshake(webhook.port, now);
      return true;
    });
    await untilReady(webhook);
    await eventually(async () => (await createPolicy('anew', {}, '?dryRun=All')).status === 201);
  });

  it('change over to a new authority without a moment in which the API server cannot ask', async () => {
    await webhook.stop();
    // An authority that ends soon, and of which the API server knows.
    const now = Date.now();
    const validity = { notBefore: new Date(now - DAY), notAfter: new Date(now + 20_000) };
    const authority = await Authority.create('ending', validity);
    const pair = await authority.issue({ commonName: 'x', dnsNames: ['x'], ipAddresses: ['127.0.0.1'] }, validity);
    const { certificate, privateKey } = await authority.export();
    await request('PATCH', secretPath('operator-webhook-cert'), {
      data: secretData({ bundle: certificate, authorityKey: privateKey, pair }),
    });
    webhook = await run({ port: webhook.port, certificateDays: 15_000 / DAY });
    await eventually(async () => (await createPolicy('rotating', {}, '?dryRun=All')).status === 201);

    const seen = new Set<string>();
    const failures: string[] = [];
    await eventually(async () => {
      const { status, message } = await createPolicy('rotating', {}, '?dryRun=All');
      if (status !== 201) failures.push(message);
      const { issuer } = await handshake(webhook.port, await trusted());
      seen.add(String(issuer['CN']));
      return [...seen].some((name) => name.startsWith('sriov-operator webhook authority'));
    }, 20_000);
    expect(failures).toEqual([]);
    expect((await trusted()).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    await untilReady(webhook);
  });

  it('are not those of a Secret that somebody else made: it is left alone, and named', async () => {
    const data = { 'tls.crt': 'AAAA', 'tls.key': 'AAAA' };
    await request('POST', secretPath(), { metadata: { name: 'foreign' }, data });
    const other = await run({ certificateSecret: 'foreign' });
    await eventually(async () => {
      const { status, text } = await readyz(other);
      expect({ status, text }).toEqual({
        status: 503,
        text: expect.stringContaining(
          `certificate: the Secret ${operator}/foreign has no ca.key, so it is not of our making`,
        ),
      });
      return true;
    });
    expect(await request('GET', secretPath('foreign'))).toMatchObject({ data });
    await other.stop();
  });
});

describe('its rules', () => {
  const rulesNow = async (): Promise<string[]> =>
    (await registrations()).map(({ webhooks = [] }) =>
      webhooks
        .map(({ name, rules = [] }) => `${name} ${rules.map(({ resources }) => resources.join(' ')).join()}`)
        .join('; '),
    );
  const PROBED = 'probe.operator-webhook.sriovnetwork.openshift.io secrets';
  const inForce = REGISTRATIONS.map(({ kind, wanted }) => {
    const ours = `other.example.org nothing; ${WEBHOOK_ENTRY} ${wanted.resources.join(' ')}`;
    return kind.startsWith('Mutating') ? ours : `${ours}; ${PROBED}`;
  });
  const untilInForce = (): Promise<true> =>
    eventually(async () => {
      expect(await rulesNow()).toEqual(inForce);
      return true;
    });
  /** What the webhook refuses, and the CRD does not. */
  const doubtful = (): Promise<Written> =>
    create('SriovNetwork', 'doubtful', { resourceName: 'r', ipam: '{' }, '?dryRun=All');
  const lacking = async (): Promise<string | undefined> => {
    const text = await (await fetch(`http://127.0.0.1:${webhook.health}/metrics`)).text();
    return /^sriov_admission_registrations_without_rules (\d)$/m.exec(text)?.[1];
  };
  afterAll(() => register(webhook.port));

  it('are missing, and nobody is refused, until the API server has reached it', async () => {
    await webhook.stop();
    const port = await findFreePort();
    await register(webhook.port, { isAsked: false, probePort: port });
    webhook = await run({ port: webhook.port });
    await untilReady(webhook);
    await trusted();
    expect(await lacking()).toBe('2');
    expect((await doubtful()).status).toBe(201);
    const other = await run({ port });
    await untilInForce();
    expect(await eventually(async () => (await lacking()) === '0')).toBe(true);
    await other.stop();
    await eventually(async () => (await doubtful()).status === 403);
  });

  it('are back at once when somebody takes them away, as an upgrade from a chart that had them does', async () => {
    await register(webhook.port, { isAsked: false });
    await untilInForce();
    await eventually(async () => (await doubtful()).status === 403);
  });

  it('stay when it stops: without it, nothing is let through unseen', async () => {
    await webhook.stop();
    expect(await rulesNow()).toEqual(inForce);
    expect(await doubtful()).toMatchObject({ status: 500, message: expect.stringContaining('failed calling webhook') });
    webhook = await run({ port: webhook.port });
    await untilReady(webhook);
    expect(await rulesNow()).toEqual(inForce);
  });

  it('are set by one of two replicas that find them missing, and end the same', async () => {
    const second = await run();
    await untilReady(second);
    await register(webhook.port, { isAsked: false });
    await untilInForce();
    await second.stop();
    expect(await rulesNow()).toEqual(inForce);
  });
});

/** A way to the API server that can be cut: a kubeconfig, and what listens at the address in it. */
class Line {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  /** Cut at first. */
  static async create(folder: string): Promise<{ line: Line; kubeconfig: string }> {
    const line = new Line(await findFreePort());
    const { kubeconfigPath, access } = testControlPlane();
    const kubeconfig = join(folder, 'kubeconfig');
    const text = (await readFile(kubeconfigPath, 'utf8')).replaceAll(access.server, `https://127.0.0.1:${line.#port}`);
    await writeFile(kubeconfig, text);
    return { line, kubeconfig };
  }

  mend(): Promise<void> {
    const target = Number(new URL(testControlPlane().access.server).port);
    return new Promise((resolve) => {
      this.#server = createServer((near) => {
        const far = connectPlain(target, '127.0.0.1');
        for (const socket of [near, far]) {
          this.#sockets.add(socket);
          socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
        }
        near.pipe(far).pipe(near);
      }).listen(this.#port, '127.0.0.1', resolve);
    });
  }

  cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }
}

describe('without an API server', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sriov-webhook-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('lives and says that it is not ready at first, and goes on answering when it is lost later', async () => {
    const { line, kubeconfig } = await Line.create(folder);
    const other = await run({ kubeconfig });
    const { status, text } = await eventually(() => readyz(other));
    expect(status).toBe(503);
    expect(text).toContain('SriovNetworkNodePolicy: is not listed yet');
    expect(text).toContain('certificate: there is none yet');

    await line.mend();
    await untilReady(other);
    await line.cut();
    const answer = await ask(other, '/validating-custom-resource', review());
    expect(JSON.parse(answer.body)).toMatchObject({ response: { uid: 'u', allowed: true } });
    await other.stop();
  });

  it('says to the API server that it has not read the cluster, rather than guess', async () => {
    const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
    const authority = await Authority.create('files', validity);
    const pair = await authority.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] }, validity);
    const [certificateFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    await Promise.all([writeFile(certificateFile, pair.certificate), writeFile(keyFile, pair.privateKey)]);
    const { kubeconfig } = await Line.create(folder);
    const other = await run({ kubeconfig, certificateFile, keyFile });
    const ca = authority.certificate;
    expect(await eventually(() => ask(other, '/validating-custom-resource', review(), ca))).toEqual({
      status: 503,
      body: expect.stringContaining('the webhook has not read the cluster yet'),
    });
    expect(await ask(other, '/mutating-custom-resource', review(), ca)).toMatchObject({ status: 200 });
    expect(await ask(other, '/readyz', undefined, ca)).toMatchObject({ status: 503 });
    await other.stop();
  });
});
