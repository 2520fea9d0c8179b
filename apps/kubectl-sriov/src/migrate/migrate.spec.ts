import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec, type SriovNetworkNodeState } from '@sriov/api';
import { readJson } from '@sriov/testing';
import { type Vector, VECTORS } from '@sriov/testing/upstream-vectors';
import { z } from 'zod';
import { operandSettings } from '../test/operand-settings.ts';
import { node, nodeState, object, policy, PORTS, runOn, type Ran } from '../test/test-run.ts';

const findingSchema = z.object({
  level: z.enum(['first', 'change', 'note']),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  message: z.string(),
  cure: z.string().optional(),
});
const checkSchema = z.object({ verdict: z.string(), findings: z.array(findingSchema) });
type Finding = z.output<typeof findingSchema>;

const NAMESPACE = 'sriov-system';
const CONFIG = object('SriovOperatorConfig', { name: 'default', uid: 'u-1' }, {});
const OWNER = { apiVersion: 'sriovnetwork.openshift.io/v1', kind: 'SriovOperatorConfig', name: 'default', uid: 'u-1' };
const inNamespace = (apiVersion: string, kind: string, metadata: object, rest: object = {}): object => ({
  ...{ apiVersion, kind, metadata: { namespace: NAMESPACE, ...metadata } },
  ...rest,
});
const deployment = (replicas: number, metadata: object = {}): object =>
  inNamespace(
    'apps/v1',
    'Deployment',
    { name: 'sriov', ...metadata },
    { spec: { replicas, template: { spec: { containers: [{ name: 'o', command: ['sriov-network-operator'] }] } } } },
  );
const daemonSet = (name: string, metadata: object = { ownerReferences: [OWNER] }): object =>
  inNamespace('apps/v1', 'DaemonSet', { name, ...metadata });
const webhook = (name: string, metadata: object = {}, group = 'sriovnetwork.openshift.io'): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name, ...metadata },
  webhooks: [
    {
      clientConfig: { service: { namespace: NAMESPACE, name: 'operator-webhook-service' } },
      rules: [{ apiGroups: [group] }],
    },
  ],
});
const dpConfig = (text: string): object =>
  inNamespace('v1', 'ConfigMap', { name: 'device-plugin-config' }, { data: { 'worker-1': text } });

/** A node with 4 VFs of the policy `p`, as upstream has configured and reported it. */
const GROUP = { resourceName: 'r', deviceType: 'netdevice', vfRange: '0-3', policyName: 'p' };
const SPEC = { interfaces: [{ pciAddress: '0000:3b:00.0', name: 'ens2f0', numVfs: 4, vfGroups: [GROUP] }] };
const VFS = [0, 1, 2, 3].map((vfID) => ({ vfID, pciAddress: `0000:3b:01.${vfID}`, driver: 'iavf', mtu: 1500 }));
const CONFIGURED = [
  { ...PORTS[0], numVfs: 4, mtu: 1500, linkAdminState: 'up', Vfs: VFS },
  { ...PORTS[1], linkType: 'ETH' },
];
const TEXT =
  '{"resourceList":[{"resourceName":"r","selectors":{"pfNames":["ens2f0"],"IsRdma":false,"NeedVhostNet":false},"SelectorObj":null}]}';
const LABELS = { 'sriovnetwork.openshift.io/device-plugin': 'Enabled' };
const POLICY = policy('p', { nicSelector: { pfNames: ['ens2f0'] } });
const STATE = { ...nodeState('worker-1', CONFIGURED, SPEC) } as { status: object; metadata: object };
const reported = (status: object): object => ({ ...STATE, status: { ...STATE.status, ...status } });
const CLUSTER = [CONFIG, POLICY, node('worker-1', LABELS), reported({ syncStatus: 'Succeeded' }), dpConfig(TEXT)];
/** Upstream is scaled down, its webhook is gone, and its daemon is still there. */
const READY = [...CLUSTER, deployment(0), daemonSet('sriov-network-config-daemon')];

const check = (objects: readonly object[], ...options: string[]): Promise<Ran> =>
  runOn(objects, 'migrate', '--check', ...options);
const checked = async (
  objects: readonly object[],
): Promise<{ verdict: string; findings: Finding[]; exitCode: number }> => {
  const { stdout, exitCode } = await check(objects, '-o', 'json');
  return { ...readJson(checkSchema, stdout), exitCode };
};
/** The findings apart from the notes. */
const serious = async (objects: readonly object[]): Promise<Finding[]> =>
  (await checked(objects)).findings.filter(({ level }) => level !== 'note');

describe('migrate --check', () => {
  it('finds nothing to disturb where upstream has done what the policies say, and tells what is taken over', async () => {
    expect(await checked(READY)).toEqual({
      verdict: 'nothing-disturbed',
      findings: [
        {
          level: 'note',
          ...{ kind: 'DaemonSet', namespace: NAMESPACE, name: 'sriov-network-config-daemon' },
          message: "it is taken over: the operator's own takes its place, and its pods run on until that replaces them",
        },
      ],
      exitCode: 0,
    });
  });

  it('needs --check, because it does nothing else', async () => {
    const { exitCode, stderr } = await runOn(READY, 'migrate');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("required option '--check' not specified")]);
  });

  it.each<[sentence: string, found: object, expected: object]>([
    [
      "upstream's operator runs",
      deployment(1),
      {
        kind: 'Deployment',
        message: "upstream's operator runs (spec.replicas is 1): two operators would undo each other's work",
        cure: 'kubectl scale deployment sriov --namespace sriov-system --replicas=0',
      },
    ],
    [
      "OLM would start upstream's operator again",
      deployment(1, { ownerReferences: [{ kind: 'ClusterServiceVersion', name: 'sriov.v1' }] }),
      { cure: 'delete its Subscription and the ClusterServiceVersion sriov.v1, which would start it again' },
    ],
    [
      "upstream's webhook is registered",
      webhook('sriov-operator-webhook-config'),
      {
        kind: 'ValidatingWebhookConfiguration',
        message:
          "the API server asks Service sriov-system/operator-webhook-service about our kinds: it is upstream's, and once upstream's pods are gone, every change of policies is refused",
        cure: 'kubectl delete validatingwebhookconfiguration sriov-operator-webhook-config',
      },
    ],
    [
      'the webhook of an older upstream is registered under another name',
      webhook('operator-webhook-config'),
      { message: expect.stringContaining('it would judge our kinds beside the webhook of this operator') },
    ],
    [
      "upstream's webhook runs",
      daemonSet('operator-webhook'),
      {
        message: "its pods would answer at the Service of this operator's webhook",
        cure: 'kubectl delete daemonset/operator-webhook service/operator-webhook-service --namespace sriov-system',
      },
    ],
    [
      'somebody else made the DaemonSet of the daemon',
      daemonSet('sriov-network-config-daemon', {}),
      {
        message: 'somebody else has made the DaemonSet sriov-network-config-daemon',
        cure: 'to have it replaced, run kubectl delete daemonset sriov-network-config-daemon --namespace sriov-system --cascade=orphan',
      },
    ],
    [
      "upstream's device plugin would run beside the operator's own",
      daemonSet('sriov-device-plugin'),
      {
        message: expect.stringMatching(/^two device plugins on a node would overwrite each other's lists of devices/),
        cure: expect.stringMatching(/kubectl delete daemonset sriov-device-plugin .* images.sriovDevicePlugin$/),
      },
    ],
    [
      'upstream drains a node',
      {
        ...STATE,
        metadata: { ...STATE.metadata, annotations: { 'sriovnetwork.openshift.io/current-state': 'Draining' } },
      },
      {
        kind: 'Node',
        name: 'worker-1',
        message: expect.stringContaining(
          'annotation sriovnetwork.openshift.io/current-state of the SriovNetworkNodeState is Draining',
        ),
        cure: "let upstream's operator run until all of them are Idle",
      },
    ],
    [
      'upstream wants to reboot a node',
      {
        ...{ apiVersion: 'v1', kind: 'Node' },
        metadata: {
          name: 'worker-1',
          labels: { ...LABELS, 'node-role.kubernetes.io/worker': '', 'kubernetes.io/os': 'linux' },
          annotations: { 'sriovnetwork.openshift.io/state': 'Reboot_Required' },
        },
      },
      { message: expect.stringContaining('annotation sriovnetwork.openshift.io/state of the Node is Reboot_Required') },
    ],
    [
      'the SriovOperatorConfig is on its way out',
      object('SriovOperatorConfig', { name: 'default', uid: 'u-1', deletionTimestamp: '2026-01-01T00:00:00Z' }, {}),
      { message: 'it is being deleted, and the node states, the ConfigMap and the DaemonSets go with it' },
    ],
  ])('wants it put right first when %s', async (_, found, expected) => {
    const { verdict, findings, exitCode } = await checked([...READY, found]);
    expect([verdict, exitCode]).toEqual(['not-ready', 1]);
    expect(findings.filter(({ level }) => level === 'first')).toEqual([
      expect.objectContaining({ level: 'first', ...expected }),
    ]);
  });

  it('wants a SriovOperatorConfig', async () => {
    const { verdict, findings } = await checked(READY.filter((each) => each !== CONFIG));
    expect(verdict).toBe('not-ready');
    expect(findings[0]).toMatchObject({ kind: 'SriovOperatorConfig', name: 'default' });
  });

  it('says that nothing is known of the operator where the input has no Deployment', async () => {
    const { verdict, findings } = await checked(CLUSTER);
    expect(verdict).toBe('nothing-disturbed');
    expect(findings).toMatchObject([
      { level: 'note', name: NAMESPACE, message: expect.stringContaining('no Deployment') },
    ]);
  });

  it.each<[string, object]>([
    [
      'a webhook of ours',
      webhook('sriov-operator-webhook-config', { labels: { 'app.kubernetes.io/component': 'admission-webhook' } }),
    ],
    ['a webhook for other kinds', webhook('theirs', {}, 'apps')],
    [
      'a DaemonSet of ours',
      daemonSet('sriov-device-plugin', {
        labels: { 'sriovnetwork.openshift.io/operand': 'sriov-network-device-plugin' },
      }),
    ],
    ['a Deployment of somebody else', { ...deployment(1), metadata: { name: 'sriov', namespace: 'apps' } }],
    [
      'a Deployment of another program',
      inNamespace('apps/v1', 'Deployment', { name: 'x' }, { spec: { template: { spec: { containers: [{}] } } } }),
    ],
  ])('has nothing against %s', async (_, found) => {
    expect(await serious([...READY, found])).toEqual([]);
  });

  it("sees upstream's registration beside that of the chart, which has the same name", async () => {
    const name = 'sriov-operator-webhook-config';
    const ours = webhook(name, { labels: { 'app.kubernetes.io/component': 'admission-webhook' } });
    const found = await serious([...READY, webhook(name), ours]);
    expect(found).toMatchObject([{ level: 'first', kind: 'ValidatingWebhookConfiguration', name }]);
    expect((await check([...READY, webhook(name), ours])).stderr).not.toContain('twice');
  });

  it('knows from the settings of the chart that the original device plugin is kept', async () => {
    const settings = operandSettings('plugin:1', NAMESPACE);
    const { verdict, findings } = await checked([...READY, daemonSet('sriov-device-plugin'), settings]);
    expect(verdict).toBe('nothing-disturbed');
    expect(findings.map(({ name }) => name).sort()).toEqual(['sriov-device-plugin', 'sriov-network-config-daemon']);
  });

  it('names the VFs that a node would get or lose, and that upstream has not made them either', async () => {
    const more = policy('p', { nicSelector: { pfNames: ['ens2f0'] }, numVfs: 8 });
    const failing = reported({ syncStatus: 'InProgress', lastSyncError: 'no memory' });
    const [found] = await serious([...READY, more, failing]);
    expect(found).toMatchObject({ level: 'change', kind: 'Node', name: 'worker-1' });
    expect(found?.message.split('\n')).toEqual(
      expect.arrayContaining([
        'ens2f0 (0000:3b:00.0): number of VFs: now 4, then 8, all recreated',
        'upstream has not done it either: syncStatus is "InProgress": no memory',
      ]),
    );
  });

  it('shows the text of a resource now and then, and on which nodes', async () => {
    const [found, ...others] = await serious([...READY, dpConfig(TEXT.replace('ens2f0', 'ens2f0#0-3'))]);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ level: 'change', kind: 'ConfigMap', name: 'device-plugin-config' });
    expect(found?.message).toMatch(/^resource r: now {.*"ens2f0#0-3".*}, then {.*"ens2f0".*}\non worker-1: /);
  });

  it('names what the objects ask for and this version does not do, each with what to do', async () => {
    const config = object(
      'SriovOperatorConfig',
      { name: 'default', uid: 'u-1' },
      { featureGates: { blockDevicePluginUntilConfigured: true }, enableInjector: true, enableOperatorWebhook: false },
    );
    const pool = object('SriovNetworkPoolConfig', 'pool', { maxUnavailable: 1 });
    const infiniband = policy('s', { nicSelector: { pfNames: ['ens2f1'] }, linkType: 'IB', resourceName: 's' });
    const { findings } = await checked([...READY, config, pool, infiniband, daemonSet('network-resources-injector')]);
    const summary = findings.map(({ level, kind, name, message }) => [level, kind, name, message.split(':')[0]]);
    expect(summary).toEqual(
      expect.arrayContaining([
        ['change', 'SriovOperatorConfig', 'default', 'spec.featureGates.blockDevicePluginUntilConfigured'],
        ['note', 'SriovOperatorConfig', 'default', 'spec.enableInjector'],
        ['note', 'SriovOperatorConfig', 'default', 'spec.enableOperatorWebhook is false'],
        ['note', 'SriovNetworkPoolConfig', 'pool', expect.stringContaining('spec.maxUnavailable does not count')],
        ['change', 'SriovNetworkNodePolicy', 's', 'Unsupported on worker-1'],
        ['note', 'DaemonSet', 'network-resources-injector', 'it runs on, and nobody manages it any more'],
      ]),
    );
  });

  it('tells of nodes that have not reported, and of those that are no longer managed', async () => {
    const unlabelled = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'old' } };
    const { findings } = await checked([
      ...READY,
      ...[node('new'), nodeState('new', []), unlabelled, nodeState('old', [])],
    ]);
    expect(findings.filter(({ kind }) => kind === 'Node')).toMatchObject([
      { level: 'note', name: 'new', message: expect.stringContaining('has not reported') },
      { level: 'note', name: 'old', message: expect.stringContaining('lacks the labels') },
    ]);
  });
});

/** Upstream has carried out the spec: its PFs are in the mode that the spec wants. */
function asMade({ status, ...nodeState }: SriovNetworkNodeState, spec: NodeStateSpec): object {
  const modes = new Map((spec.interfaces ?? []).map((entry) => [entry.pciAddress, entry.eSwitchMode ?? 'legacy']));
  const interfaces = (status?.interfaces ?? []).map((pf) => {
    const eSwitchMode = modes.get(pf.pciAddress);
    return eSwitchMode === undefined ? pf : { ...pf, eSwitchMode };
  });
  return { ...nodeState, spec, status: { ...status, interfaces } };
}

/** The cluster as upstream left it: what it wrote for each node stands in the node state, the ConfigMap and the label. */
const asLeft = ({ objects, expected: { nodes } }: Vector): object[] => {
  const config = Object.fromEntries(Object.entries(nodes).map(([name, { devicePluginConfig: text }]) => [name, text]));
  return [
    ...objects.map((each) => {
      const { kind, metadata } = each as { kind: string; metadata: { name: string; labels?: object } };
      const written = nodes[metadata.name];
      if (written === undefined) return each;
      if (kind === 'SriovNetworkNodeState') return asMade(each, written.spec);
      const labels = { ...metadata.labels, 'sriovnetwork.openshift.io/device-plugin': written.devicePluginLabel };
      return kind === 'Node' ? { ...each, metadata: { ...metadata, labels } } : each;
    }),
    inNamespace('v1', 'ConfigMap', { name: 'device-plugin-config' }, { data: config }),
  ];
};

describe.each(VECTORS)('a cluster as upstream left it for %s', (input, vector) => {
  it('has device-plugin texts that stay, unless they are known to differ, and specs that stay', async () => {
    const options = vector.supportedNicsOnly ? ['--supported-nics-only'] : [];
    const { stdout } = await check(asLeft(vector), '-o', 'json', ...options);
    const { findings } = readJson(checkSchema, stdout);
    expect(findings.some(({ kind }) => kind === 'ConfigMap')).toBe(DIFFERENT.includes(input));
    const rows = findings
      .filter(({ level, kind }) => level === 'change' && kind === 'Node')
      .flatMap(({ message }) => message.split('\n'));
    // The hosts of the vectors have no VFs yet; what the spec says of a PF stays.
    expect(
      rows.filter((row) => /: (link type|eSwitch mode|managed externally|VFs [-\d]+|RDMA mode): /.test(row)),
    ).toEqual([]);
  });
});

/** Where libs/policy/src/upstream-vectors.spec.ts says why the text differs. */
const DIFFERENT: readonly string[] = [
  ...['input-01', 'input-03', 'input-04', 'input-07', 'input-10', 'input-16', 'input-18', 'input-20', 'input-22'],
];
