import { type AdmissionRule, REGISTRATIONS, type ServiceName } from '@sriov/api';
import { Authority } from '@sriov/certificates';

/** One call that an account makes with its real token, and whether the cluster lets it. */
export interface Deed {
  readonly service: ServiceName;
  readonly may: boolean;
  /** What is done, in words. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Of a PATCH: a JSON patch where it is a list, else a merge patch. */
  readonly body?: object | undefined;
}

/** Namespaces, nodes and objects that the deeds are about, which the spec makes beforehand. */
export const OPERATOR = 'sriov-network-operator';
export const TEAM = 'team';
export const OWN_NODE = 'node-a';
export const OTHER_NODE = 'node-b';
/** Taints of both nodes. */
export const TAINTS = [
  { key: 'sriovnetwork.openshift.io/not-configured', effect: 'NoSchedule' },
  { key: 'kept.io/taint', effect: 'NoSchedule' },
];
const WITHOUT_STARTUP_TAINT = [{ op: 'remove', path: '/spec/taints/0' }];

/** Base64 of an authority's PEM, which the API server checks. */
const CA = Buffer.from(
  (await Authority.create('ca', { notBefore: new Date(0), notAfter: new Date(2e12) })).certificate,
).toString('base64');

const GROUP = 'sriovnetwork.openshift.io';
const API_VERSION = `${GROUP}/v1`;
const DEVICE_PLUGIN = `${GROUP}/device-plugin`;
const OWNER_REF = `${GROUP}/owner-ref`;
const FINALIZER = `netattdef.finalizers.${GROUP}`;
const LAST_NAMESPACE = `operator.${GROUP}/last-network-namespace`;

const inCore = (namespace: string, plural: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
const ours = (namespace: string, plural: string, name = ''): string =>
  `/apis/${API_VERSION}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
const attachments = (namespace: string, name = ''): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`.replace(/\/$/, '');
const lease = (name = ''): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR}/leases/${name}`.replace(/\/$/, '');
const node = (name: string, subresource = ''): string => `/api/v1/nodes/${name}${subresource}`;
const registration = (kind: 'mutating' | 'validating', name = 'sriov-operator-webhook-config'): string =>
  `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${name}`;

const eventAbout = (kind: string, name: string, options: { namespace?: string; apiVersion?: string } = {}): object => {
  const { namespace = OPERATOR, apiVersion = API_VERSION } = options;
  return {
    metadata: { generateName: 'deed-', namespace },
    involvedObject: { apiVersion, kind, name, namespace },
    type: 'Normal',
    reason: 'Deed',
    message: 'as it is',
  };
};
const newLease = (name: string): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name },
  spec: { holderIdentity: 'me', leaseDurationSeconds: 15 },
});
const newSecret = (name: string, type: string, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  type,
  ...(type === 'kubernetes.io/tls' && { data: { 'tls.crt': '', 'tls.key': '' } }),
});
const newAttachment = (name: string, owner?: string): object => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name, ...(owner !== undefined && { annotations: { [OWNER_REF]: owner } }) },
  spec: { config: '{}' },
});
const anOwner = `SriovNetwork.${GROUP}/${OPERATOR}/blue`;
const newPod = { metadata: { name: 'deed' }, spec: { containers: [{ name: 'c', image: 'c' }] } };

type Row = readonly [may: 'may' | 'may not', what: string, method: Deed['method'], path: string, body?: object];

const row =
  (service: ServiceName) =>
  ([may, what, method, path, body]: Row): Deed => ({
    service,
    may: may === 'may',
    what,
    method,
    path,
    body,
  });

const state = (name: string): string => `${ours(OPERATOR, 'sriovnetworknodestates', name)}/status`;
const hasCondition = (type: string): object => {
  const since = { lastTransitionTime: '2026-01-01T00:00:00Z' };
  return { status: { conditions: [{ type, status: 'False', reason: 'Deed', message: 'as it is', ...since }] } };
};
const labelled = (labels: object): object => ({ metadata: { labels } });
const annotated = (annotations: object): object => ({ metadata: { annotations } });

const POLICY_CONTROLLER: readonly Row[] = [
  ['may', 'list policies everywhere', 'GET', `/apis/${API_VERSION}/sriovnetworknodepolicies`],
  ['may', 'list pools everywhere', 'GET', `/apis/${API_VERSION}/sriovnetworkpoolconfigs`],
  ['may', 'list nodes', 'GET', '/api/v1/nodes'],
  ['may', 'list node states', 'GET', ours(OPERATOR, 'sriovnetworknodestates')],
  [
    'may',
    'set the label of the device plugin on a node',
    'PATCH',
    node(OWN_NODE),
    labelled({ [DEVICE_PLUGIN]: 'Enabled' }),
  ],
  ['may', 'take that label off', 'PATCH', node(OWN_NODE), labelled({ [DEVICE_PLUGIN]: null })],
  ['may not', 'give that label another value', 'PATCH', node(OWN_NODE), labelled({ [DEVICE_PLUGIN]: 'x' })],
  [
    'may not',
    'set another label on a node',
    'PATCH',
    node(OWN_NODE),
    labelled({ 'node-role.kubernetes.io/control-plane': '' }),
  ],
  ['may not', 'change a label that a node has', 'PATCH', node(OWN_NODE), labelled({ kept: 'no' })],
  ['may not', 'take a label off a node', 'PATCH', node(OWN_NODE), labelled({ kept: null })],
  ['may not', 'annotate a node', 'PATCH', node(OWN_NODE), { metadata: { annotations: { a: 'b' } } }],
  ['may not', 'cordon a node', 'PATCH', node(OWN_NODE), { spec: { unschedulable: true } }],
  ['may not', 'take the startup taint off a node', 'PATCH', node(OWN_NODE), WITHOUT_STARTUP_TAINT],
  ['may not', 'taint a node', 'PATCH', node(OWN_NODE), { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } }],
  ['may not', 'give a node an address range', 'PATCH', node(OWN_NODE), { spec: { podCIDR: '10.0.0.0/24' } }],
  ['may not', 'give a node a finalizer', 'PATCH', node(OWN_NODE), { metadata: { finalizers: ['a.b/c'] } }],
  [
    'may not',
    'give a node an owner',
    'PATCH',
    node(OWN_NODE),
    { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: OTHER_NODE, uid: 'x' }] } },
  ],
  ['may not', 'write the status of a node', 'PATCH', node(OWN_NODE, '/status'), { status: { capacity: { cpu: '1' } } }],
  ['may not', 'delete a node', 'DELETE', node(OWN_NODE)],
  ['may not', 'make a node', 'POST', '/api/v1/nodes', { metadata: { name: 'deed' } }],
  [
    'may',
    'make a node state',
    'POST',
    ours(OPERATOR, 'sriovnetworknodestates'),
    { apiVersion: API_VERSION, kind: 'SriovNetworkNodeState', metadata: { name: 'deed' } },
  ],
  [
    'may',
    'write the spec of a node state',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE),
    { spec: { interfaces: [] } },
  ],
  ['may', 'delete a node state', 'DELETE', ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE)],
  ['may not', 'say how far a node is', 'PATCH', state(OWN_NODE), { status: { syncStatus: 'Succeeded' } }],
  ['may not', 'say what PFs it has', 'PATCH', state(OWN_NODE), { status: { interfaces: [{ pciAddress: 'a' }] } }],
  ['may not', "write the daemon's condition of it", 'PATCH', state(OWN_NODE), hasCondition('Ready')],
  ['may', 'say that it is held back', 'PATCH', state(OWN_NODE), hasCondition('RolledOut')],
  [
    'may not',
    'make a node state elsewhere',
    'POST',
    ours(TEAM, 'sriovnetworknodestates'),
    { apiVersion: API_VERSION, kind: 'SriovNetworkNodeState', metadata: { name: 'deed' } },
  ],
  [
    'may',
    'write the status of a policy',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodepolicies', 'policy') + '/status',
    { status: { matchedNodeCount: 1 } },
  ],
  ['may not', 'write a policy', 'PATCH', ours(OPERATOR, 'sriovnetworknodepolicies', 'policy'), { spec: { numVfs: 2 } }],
  ['may not', 'delete a policy', 'DELETE', ours(OPERATOR, 'sriovnetworknodepolicies', 'policy')],
  [
    'may not',
    'write the SriovOperatorConfig',
    'PATCH',
    ours(OPERATOR, 'sriovoperatorconfigs', 'default'),
    { spec: { disableDrain: true } },
  ],
  ['may', 'write its status', 'PATCH', ours(OPERATOR, 'sriovoperatorconfigs', 'default') + '/status', { status: {} }],
  [
    'may',
    'make the ConfigMap of the device plugin',
    'POST',
    inCore(OPERATOR, 'configmaps'),
    { metadata: { name: 'device-plugin-config' } },
  ],
  [
    'may',
    'make a further one',
    'POST',
    inCore(OPERATOR, 'configmaps'),
    { metadata: { name: 'device-plugin-config-3' } },
  ],
  [
    'may not',
    'make another ConfigMap',
    'POST',
    inCore(OPERATOR, 'configmaps'),
    { metadata: { name: 'kube-root-ca.crt-2' } },
  ],
  [
    'may not',
    'make a ConfigMap without a name',
    'POST',
    inCore(OPERATOR, 'configmaps'),
    { metadata: { generateName: 'a' } },
  ],
  ['may not', 'make one elsewhere', 'POST', inCore(TEAM, 'configmaps'), { metadata: { name: 'device-plugin-config' } }],
  [
    'may not',
    'change the list of NICs',
    'PATCH',
    inCore(OPERATOR, 'configmaps', 'supported-nic-ids'),
    { data: { a: 'b' } },
  ],
  [
    'may',
    'record an Event about a policy',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('SriovNetworkNodePolicy', 'policy'),
  ],
  [
    'may',
    'record an Event about a policy elsewhere',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('SriovNetworkNodePolicy', 'p', { namespace: TEAM }),
  ],
  [
    'may',
    'record an Event about the list of NICs',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('ConfigMap', 'supported-nic-ids', { apiVersion: 'v1' }),
  ],
  [
    'may not',
    'record an Event about a pod',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('Pod', 'p', { namespace: TEAM, apiVersion: 'v1' }),
  ],
  [
    'may not',
    'record an Event about a network',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('SriovNetwork', 'blue', { namespace: TEAM }),
  ],
  [
    'may not',
    'record an Event about a kind of another group',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('SriovNetworkNodePolicy', 'p', { namespace: TEAM, apiVersion: 'other.io/v1' }),
  ],
  ['may not', "change another's Event", 'PATCH', inCore(TEAM, 'events', 'about-a-pod'), { message: 'all is well' }],
  ['may', 'make its Lease', 'POST', lease(), newLease('policy-controller')],
  ['may not', "make another's Lease", 'POST', lease(), newLease('network-renderer')],
  ['may not', "write another's Lease", 'PATCH', lease('other'), { spec: { holderIdentity: 'me' } }],
  ['may not', 'read Secrets', 'GET', inCore(OPERATOR, 'secrets')],
  ['may not', 'read a Secret', 'GET', inCore(OPERATOR, 'secrets', 'operator-webhook-cert')],
  ['may not', 'make a pod', 'POST', inCore(OPERATOR, 'pods'), newPod],
  ['may not', 'make a token', 'POST', inCore(OPERATOR, 'serviceaccounts', 'network-renderer') + '/token', {}],
];

const network = ours(TEAM, 'sriovnetworks', 'blue');
const NETWORK_RENDERER: readonly Row[] = [
  ['may', 'list networks everywhere', 'GET', `/apis/${API_VERSION}/sriovnetworks`],
  ['may', 'list namespaces', 'GET', '/api/v1/namespaces'],
  [
    'may',
    'set its finalizer on a network',
    'PATCH',
    network,
    { metadata: { finalizers: ['kept.io/finalizer', FINALIZER] } },
  ],
  ['may not', "take another's finalizer off", 'PATCH', network, { metadata: { finalizers: [FINALIZER] } }],
  [
    'may not',
    "set another's finalizer",
    'PATCH',
    network,
    { metadata: { finalizers: ['kept.io/finalizer', 'other.io/x'] } },
  ],
  ['may', 'note where the attachment is', 'PATCH', network, { metadata: { annotations: { [LAST_NAMESPACE]: TEAM } } }],
  ['may not', 'annotate a network otherwise', 'PATCH', network, { metadata: { annotations: { a: 'b' } } }],
  ['may not', "take another's annotation off", 'PATCH', network, { metadata: { annotations: { kept: null } } }],
  ['may not', 'label a network', 'PATCH', network, { metadata: { labels: { a: 'b' } } }],
  ['may not', 'change the VLAN of a network', 'PATCH', network, { spec: { vlan: 7 } }],
  [
    'may not',
    'make a network',
    'POST',
    ours(TEAM, 'sriovnetworks'),
    { apiVersion: API_VERSION, kind: 'SriovNetwork', metadata: { name: 'deed' }, spec: { resourceName: 'x' } },
  ],
  ['may not', 'delete a network', 'DELETE', network],
  ['may', 'write the status of a network', 'PATCH', `${network}/status`, { status: {} }],
  [
    'may',
    "take upstream's finalizer off a pool",
    'PATCH',
    ours(OPERATOR, 'sriovnetworkpoolconfigs', 'pool'),
    { metadata: { finalizers: ['kept.io/finalizer'] } },
  ],
  [
    'may not',
    "take another's finalizer off a pool",
    'PATCH',
    ours(OPERATOR, 'sriovnetworkpoolconfigs', 'pool'),
    { metadata: { finalizers: null } },
  ],
  [
    'may not',
    'give the SriovOperatorConfig a finalizer',
    'PATCH',
    ours(OPERATOR, 'sriovoperatorconfigs', 'default'),
    { metadata: { finalizers: [`operatorconfig.finalizers.${GROUP}`] } },
  ],
  [
    'may not',
    'change the SriovOperatorConfig',
    'PATCH',
    ours(OPERATOR, 'sriovoperatorconfigs', 'default'),
    { spec: { logLevel: 2 } },
  ],
  ['may', 'make an attachment of a network', 'POST', attachments(TEAM), newAttachment('deed', anOwner)],
  ['may', 'change an attachment of a network', 'PATCH', attachments(TEAM, 'rendered'), { spec: { config: '{"a":1}' } }],
  ['may', 'delete an attachment of a network', 'DELETE', attachments(TEAM, 'rendered')],
  ['may', 'delete one that a network owns by reference alone', 'DELETE', attachments(TEAM, 'referenced')],
  ['may not', 'make an attachment that nobody owns', 'POST', attachments(TEAM), newAttachment('deed')],
  ['may not', 'make an attachment of something else', 'POST', attachments(TEAM), newAttachment('deed', 'Pod.v1/a/b')],
  [
    'may not',
    'change an attachment made by hand',
    'PATCH',
    attachments(TEAM, 'by-hand'),
    { spec: { config: '{"a":1}' } },
  ],
  ['may not', 'delete an attachment made by hand', 'DELETE', attachments(TEAM, 'by-hand')],
  [
    'may',
    'record an Event about a network',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('SriovNetwork', 'blue', { namespace: TEAM }),
  ],
  [
    'may',
    'record an Event about an OVSNetwork',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('OVSNetwork', 'o', { namespace: TEAM }),
  ],
  [
    'may not',
    'record an Event about a pod',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('Pod', 'p', { namespace: TEAM, apiVersion: 'v1' }),
  ],
  [
    'may not',
    'record an Event about a policy',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('SriovNetworkNodePolicy', 'policy'),
  ],
  ['may', 'make its Lease', 'POST', lease(), newLease('network-renderer')],
  ['may not', "make another's Lease", 'POST', lease(), newLease('policy-controller')],
  ['may not', 'write node states', 'PATCH', ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE), { spec: {} }],
  ['may not', 'label a node', 'PATCH', node(OWN_NODE), labelled({ [DEVICE_PLUGIN]: 'Enabled' })],
  ['may not', 'read Secrets', 'GET', inCore(TEAM, 'secrets')],
  ['may not', 'make a pod', 'POST', inCore(TEAM, 'pods'), newPod],
  ['may not', 'write a namespace', 'PATCH', `/api/v1/namespaces/${TEAM}`, labelled({ a: 'b' })],
];

const TOKEN_OF_OTHERS = { annotations: { 'kubernetes.io/service-account.name': 'network-renderer' } };
const replaced = (field: string, value: unknown): object => [{ op: 'add', path: `/webhooks/0/${field}`, value }];
/** What the validating registration is to ask about, as the webhook sets it. */
const ABOUT_OUR_KINDS = REGISTRATIONS.find(({ kind }) => kind.startsWith('Validating'))?.wanted as AdmissionRule;

const ADMISSION_WEBHOOK: readonly Row[] = [
  ['may', 'list policies', 'GET', ours(OPERATOR, 'sriovnetworknodepolicies')],
  ['may', 'list nodes', 'GET', '/api/v1/nodes'],
  [
    'may',
    'make its Secret',
    'POST',
    inCore(OPERATOR, 'secrets'),
    newSecret('operator-webhook-cert', 'kubernetes.io/tls'),
  ],
  ['may not', 'make another Secret', 'POST', inCore(OPERATOR, 'secrets'), newSecret('other', 'kubernetes.io/tls')],
  [
    'may not',
    'make its Secret of a free type',
    'POST',
    inCore(OPERATOR, 'secrets'),
    newSecret('operator-webhook-cert', 'Opaque'),
  ],
  [
    'may not',
    "have a token of another's account made under its Secret's name",
    'POST',
    inCore(OPERATOR, 'secrets'),
    newSecret('operator-webhook-cert', 'kubernetes.io/service-account-token', TOKEN_OF_OTHERS),
  ],
  [
    'may not',
    "have a token of another's account made",
    'POST',
    inCore(OPERATOR, 'secrets'),
    newSecret('token', 'kubernetes.io/service-account-token', TOKEN_OF_OTHERS),
  ],
  [
    'may not',
    'make a Secret without a name',
    'POST',
    inCore(OPERATOR, 'secrets'),
    { metadata: { generateName: 'operator-webhook-cert' }, type: 'Opaque' },
  ],
  [
    'may not',
    'make a Secret elsewhere',
    'POST',
    inCore(TEAM, 'secrets'),
    newSecret('operator-webhook-cert', 'kubernetes.io/tls'),
  ],
  ['may not', 'read Secrets', 'GET', inCore(OPERATOR, 'secrets')],
  ['may not', 'write a Secret of others', 'PATCH', inCore(OPERATOR, 'secrets', 'of-others'), { data: {} }],
  [
    'may',
    'tell the API server whom to trust',
    'PATCH',
    registration('validating'),
    replaced('clientConfig/caBundle', CA),
  ],
  ['may', 'be asked about its kinds', 'PATCH', registration('validating'), replaced('rules', [ABOUT_OUR_KINDS])],
  [
    'may not',
    'be asked about more kinds',
    'PATCH',
    registration('validating'),
    replaced('rules', [{ ...ABOUT_OUR_KINDS, resources: [...ABOUT_OUR_KINDS.resources, 'sriovnetworknodestates'] }]),
  ],
  [
    'may not',
    'be asked about the kinds of others beside its own',
    'PATCH',
    registration('validating'),
    replaced('rules', [ABOUT_OUR_KINDS, { ...ABOUT_OUR_KINDS, apiGroups: ['*'], resources: ['*'] }]),
  ],
  [
    'may not',
    'be asked about deletions',
    'PATCH',
    registration('validating'),
    replaced('rules', [{ ...ABOUT_OUR_KINDS, operations: ['CREATE', 'UPDATE', 'DELETE'] }]),
  ],
  ['may not', 'be asked for more defaults', 'PATCH', registration('mutating'), replaced('rules', [ABOUT_OUR_KINDS])],
  [
    'may not',
    'be asked no longer without the word of an administrator',
    'PATCH',
    registration('mutating'),
    replaced('rules', []),
  ],
  [
    'may not',
    'be asked about creations alone',
    'PATCH',
    registration('mutating'),
    [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }],
  ],
  [
    'may not',
    'send its probes elsewhere',
    'PATCH',
    registration('validating'),
    [{ op: 'replace', path: '/webhooks/1/clientConfig/url', value: 'https://127.0.0.1:2/probe' }],
  ],
  [
    'may not',
    'have all Secrets sent to it',
    'PATCH',
    registration('validating'),
    [{ op: 'remove', path: '/webhooks/1/matchConditions' }],
  ],
  [
    'may not',
    'be asked about more by the entry of its probes',
    'PATCH',
    registration('validating'),
    [{ op: 'replace', path: '/webhooks/1/rules', value: [ABOUT_OUR_KINDS] }],
  ],
  [
    'may not',
    'let everything through when it is away',
    'PATCH',
    registration('validating'),
    replaced('failurePolicy', 'Ignore'),
  ],
  [
    'may not',
    'lead the API server elsewhere',
    'PATCH',
    registration('validating'),
    replaced('clientConfig/url', 'https://127.0.0.1:2/x'),
  ],
  [
    'may not',
    'be asked about what is being deleted',
    'PATCH',
    registration('validating'),
    replaced('matchConditions', []),
  ],
  [
    'may not',
    'spare a namespace',
    'PATCH',
    registration('validating'),
    replaced('namespaceSelector', { matchLabels: { a: 'b' } }),
  ],
  ['may not', 'take its registration back', 'PATCH', registration('validating'), { webhooks: [] }],
  [
    'may not',
    'register twice',
    'PATCH',
    registration('validating'),
    [
      { op: 'copy', from: '/webhooks/0', path: '/webhooks/1' },
      { op: 'replace', path: '/webhooks/1/name', value: 'b.c.d' },
    ],
  ],
  ['may not', 'label its registration', 'PATCH', registration('validating'), labelled({ a: 'b' })],
  ['may not', 'delete its registration', 'DELETE', registration('mutating')],
  ['may not', 'write the registration of others', 'PATCH', registration('mutating', 'of-others'), labelled({ a: 'b' })],
  ['may not', 'write a policy', 'PATCH', ours(OPERATOR, 'sriovnetworknodepolicies', 'policy'), { spec: { numVfs: 2 } }],
  ['may not', 'make a pod', 'POST', inCore(OPERATOR, 'pods'), newPod],
];

const CONFIG_DAEMON: readonly Row[] = [
  [
    'may',
    'ask whose a token is, for the metrics',
    'POST',
    '/apis/authentication.k8s.io/v1/tokenreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'x' } },
  ],
  [
    'may',
    'ask whether its bearer may read them',
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'x', nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    },
  ],
  ['may', 'read its node state', 'GET', ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE)],
  ['may', 'write the status of its node state', 'PATCH', state(OWN_NODE), { status: { syncStatus: 'Succeeded' } }],
  ['may not', 'write the status of another', 'PATCH', state(OTHER_NODE), { status: { syncStatus: 'Succeeded' } }],
  ['may not', 'write its spec', 'PATCH', ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE), { spec: { bridges: {} } }],
  ['may not', 'delete its node state', 'DELETE', ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE)],
  [
    'may',
    'record an Event about its node state',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('SriovNetworkNodeState', OWN_NODE),
  ],
  [
    'may not',
    'record an Event about another',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('SriovNetworkNodeState', OTHER_NODE),
  ],
  [
    'may not',
    'record an Event elsewhere',
    'POST',
    inCore(TEAM, 'events'),
    eventAbout('SriovNetworkNodeState', OWN_NODE, { namespace: TEAM }),
  ],
  ['may', 'list the pods of the operator', 'GET', inCore(OPERATOR, 'pods')],
  ['may', 'delete the device plugin of its node', 'DELETE', inCore(OPERATOR, 'pods', 'plugin-here')],
  ['may not', 'delete that of another node', 'DELETE', inCore(OPERATOR, 'pods', 'plugin-there')],
  ['may not', "delete the operator's own device plugin", 'DELETE', inCore(OPERATOR, 'pods', 'own-plugin-here')],
  ['may not', 'delete another pod of its node', 'DELETE', inCore(OPERATOR, 'pods', 'something-here')],
  ['may not', 'list the pods of others', 'GET', inCore(TEAM, 'pods')],
  ['may not', 'read policies', 'GET', ours(OPERATOR, 'sriovnetworknodepolicies')],
  ['may', 'read its node', 'GET', node(OWN_NODE)],
  ['may', 'ask for a drain on its Node', 'PATCH', node(OWN_NODE), annotated({ [`${GROUP}/state`]: 'Idle' })],
  ['may not', 'ask for a drain of another', 'PATCH', node(OTHER_NODE), annotated({ [`${GROUP}/state`]: 'Idle' })],
  [
    'may not',
    'write another annotation of its node',
    'PATCH',
    node(OWN_NODE),
    annotated({ [`${GROUP}/cordoned`]: 'x' }),
  ],
  ['may not', 'cordon its node', 'PATCH', node(OWN_NODE), { spec: { unschedulable: true } }],
  ['may not', 'take the startup taint off its node', 'PATCH', node(OWN_NODE), WITHOUT_STARTUP_TAINT],
  ['may not', 'label its node', 'PATCH', node(OWN_NODE), labelled({ a: 'b' })],
  [
    'may',
    'ask for a drain on its node state',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE),
    annotated({
      [`${GROUP}/desired-state`]: 'Idle',
      [`${GROUP}/drain-asked-at`]: '2026-01-01T00:00:00Z',
      [`${GROUP}/drain-in-vain`]: '{}',
    }),
  ],
  [
    'may not',
    'grant itself a drain',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE),
    annotated({ [`${GROUP}/current-state`]: 'DrainComplete' }),
  ],
  [
    'may not',
    'ask for a drain on another node state',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OTHER_NODE),
    annotated({ [`${GROUP}/desired-state`]: 'Idle' }),
  ],
  [
    'may',
    'read the SriovOperatorConfig',
    'GET',
    `${ours(OPERATOR, 'sriovoperatorconfigs')}?fieldSelector=metadata.name%3Ddefault`,
  ],
  ['may not', 'read Secrets', 'GET', inCore(OPERATOR, 'secrets')],
  ['may not', 'make a pod', 'POST', inCore(OPERATOR, 'pods'), newPod],
  ['may not', 'run something in a pod', 'POST', inCore(OPERATOR, 'pods', 'plugin-here') + '/exec?command=id'],
  ['may not', 'make a Lease', 'POST', lease(), newLease('policy-controller')],
];

const DRAIN_CONTROLLER: readonly Row[] = [
  ['may', 'list nodes', 'GET', '/api/v1/nodes'],
  ['may', 'cordon a node', 'PATCH', node(OWN_NODE), { spec: { unschedulable: true } }],
  [
    'may',
    'give it back, and note that',
    'PATCH',
    node(OWN_NODE),
    { ...annotated({ [`${GROUP}/cordoned`]: null, [`${GROUP}/state`]: 'Idle' }), spec: { unschedulable: false } },
  ],
  ['may not', 'taint a node', 'PATCH', node(OWN_NODE), { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } }],
  ['may', 'take the startup taint off a node', 'PATCH', node(OWN_NODE), WITHOUT_STARTUP_TAINT],
  ['may not', 'take another taint off', 'PATCH', node(OWN_NODE), [{ op: 'remove', path: '/spec/taints/1' }]],
  ['may not', 'take all taints off', 'PATCH', node(OWN_NODE), { spec: { taints: null } }],
  ['may not', 'label a node', 'PATCH', node(OWN_NODE), labelled({ a: 'b' })],
  ['may not', 'write another annotation of a node', 'PATCH', node(OWN_NODE), annotated({ a: 'b' })],
  ['may not', 'delete a node', 'DELETE', node(OTHER_NODE)],
  [
    'may',
    'grant a drain',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE),
    annotated({ [`${GROUP}/current-state`]: 'Draining', [`${GROUP}/drain-grant`]: 'x' }),
  ],
  [
    'may not',
    'write the spec of a node state',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE),
    { spec: { bridges: {} } },
  ],
  [
    'may not',
    'say from what a spec was planned',
    'PATCH',
    ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE),
    annotated({ [`${GROUP}/planned-from`]: '' }),
  ],
  ['may', 'list the pods of others', 'GET', inCore(TEAM, 'pods')],
  ['may not', 'make a pod', 'POST', inCore(OPERATOR, 'pods'), newPod],
  ['may not', 'read Secrets', 'GET', inCore(OPERATOR, 'secrets')],
  [
    'may',
    'read whether drains are switched off',
    'GET',
    `${ours(OPERATOR, 'sriovoperatorconfigs')}?fieldSelector=metadata.name%3Ddefault`,
  ],
  ['may', 'make its Lease', 'POST', lease(), newLease('drain-controller')],
  ['may not', "make another's Lease", 'POST', lease(), newLease('policy-controller')],
];

const daemonSets = (namespace: string, name = ''): string =>
  `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`.replace(/\/$/, '');
/** A DaemonSet whose pods run as the account. */
export const newDaemonSet = (name: string, serviceAccountName: string): object => ({
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { serviceAccountName, containers: [{ name: 'c', image: 'c' }] },
    },
  },
});
const patchedAccount = (serviceAccountName: string): object => ({
  spec: { template: { spec: { serviceAccountName, serviceAccount: serviceAccountName } } },
});
const newService = (name: string): object => ({ metadata: { name }, spec: { ports: [{ port: 1 }] } });
const CONFIG = ours(OPERATOR, 'sriovoperatorconfigs', 'default');
const DAEMON = 'sriov-network-config-daemon';
const OPERAND_CONTROLLER: readonly Row[] = [
  [
    'may',
    'make the DaemonSet of an operand',
    'POST',
    daemonSets(OPERATOR),
    newDaemonSet('sriov-cni-plugins', 'sriov-cni-plugins'),
  ],
  ['may', 'change one', 'PATCH', daemonSets(OPERATOR, DAEMON), labelled({ a: 'b' })],
  ['may', 'delete one', 'DELETE', daemonSets(OPERATOR, DAEMON)],
  ['may', 'list DaemonSets', 'GET', daemonSets(OPERATOR)],
  ['may not', 'make another DaemonSet', 'POST', daemonSets(OPERATOR), newDaemonSet('other', DAEMON)],
  [
    'may not',
    'run an operand as another service',
    'POST',
    daemonSets(OPERATOR),
    newDaemonSet('sriov-cni-plugins', 'policy-controller'),
  ],
  [
    'may not',
    'give an operand the account of another',
    'PATCH',
    daemonSets(OPERATOR, DAEMON),
    patchedAccount('admission-webhook'),
  ],
  ['may not', 'change a DaemonSet of others', 'PATCH', daemonSets(OPERATOR, 'of-others'), labelled({ a: 'b' })],
  ['may not', 'delete a DaemonSet of others', 'DELETE', daemonSets(OPERATOR, 'of-others')],
  ['may not', 'make a DaemonSet elsewhere', 'POST', daemonSets(TEAM), newDaemonSet(DAEMON, DAEMON)],
  [
    'may',
    'make the Service of the exporter',
    'POST',
    inCore(OPERATOR, 'services'),
    newService('sriov-network-metrics-exporter-service'),
  ],
  ['may not', 'make another Service', 'POST', inCore(OPERATOR, 'services'), newService('operator-webhook-service')],
  [
    'may not',
    'lead a Service elsewhere',
    'PATCH',
    inCore(OPERATOR, 'services', 'of-others'),
    { spec: { selector: { a: 'b' } } },
  ],
  [
    'may not',
    'make another SriovOperatorConfig',
    'POST',
    ours(TEAM, 'sriovoperatorconfigs'),
    { apiVersion: API_VERSION, kind: 'SriovOperatorConfig', metadata: { name: 'default' }, spec: {} },
  ],
  ['may', 'change the SriovOperatorConfig', 'PATCH', CONFIG, labelled({ a: 'b' })],
  ['may', 'write its status', 'PATCH', `${CONFIG}/status`, { status: { injector: 'not deployed' } }],
  ['may not', 'delete it', 'DELETE', CONFIG],
  [
    'may not',
    'change what it is told',
    'PATCH',
    inCore(OPERATOR, 'configmaps', 'operand-settings'),
    { data: { a: 'b' } },
  ],
  [
    'may',
    'record an Event about the SriovOperatorConfig',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('SriovOperatorConfig', 'default'),
  ],
  [
    'may not',
    'record an Event about a policy',
    'POST',
    inCore(OPERATOR, 'events'),
    eventAbout('SriovNetworkNodePolicy', 'policy'),
  ],
  ['may', 'make its Lease', 'POST', lease(), newLease('operand-controller')],
  ['may not', "make another's Lease", 'POST', lease(), newLease('policy-controller')],
  ['may not', 'make an account', 'POST', inCore(OPERATOR, 'serviceaccounts'), { metadata: { name: 'deed' } }],
  [
    'may not',
    'make a Role',
    'POST',
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${OPERATOR}/roles`,
    { metadata: { name: 'deed' }, rules: [] },
  ],
  ['may not', 'read Secrets', 'GET', inCore(OPERATOR, 'secrets')],
  ['may not', 'make a pod', 'POST', inCore(OPERATOR, 'pods'), newPod],
  ['may not', 'write node states', 'PATCH', ours(OPERATOR, 'sriovnetworknodestates', OWN_NODE), { spec: {} }],
  ['may not', 'label a node', 'PATCH', node(OWN_NODE), labelled({ [DEVICE_PLUGIN]: 'Enabled' })],
];

/** Calls that a service must be able to make, and calls that must be refused to it. */
export const DEEDS: readonly Deed[] = [
  ...POLICY_CONTROLLER.map(row('policy-controller')),
  ...NETWORK_RENDERER.map(row('network-renderer')),
  ...OPERAND_CONTROLLER.map(row('operand-controller')),
  ...ADMISSION_WEBHOOK.map(row('admission-webhook')),
  ...DRAIN_CONTROLLER.map(row('drain-controller')),
  ...CONFIG_DAEMON.map(row('config-daemon')),
];
