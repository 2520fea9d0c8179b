import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type KubeObject, type Resource, type ServiceName } from '@sriov/api';
import { kubeconfigText } from '@sriov/control-plane';
import { createNamespace, request, testControlPlane } from '@sriov/testing';
import { applyChart } from './apply.ts';
import { SERVICE_ACCOUNTS } from './service-account.ts';
import { type Account, actAs, openAccount } from './test/accounts.ts';

jest.setTimeout(120_000);

const RELEASE = 'rights';
let operator: string;
let other: string;
/** What every account may do, whatever it is for. */
let everybody: readonly string[];

beforeAll(async () => {
  operator = await createNamespace('operator');
  other = await createNamespace('team');
  await applyChart(testControlPlane().access, {
    namespace: operator,
    release: RELEASE,
    parts: ['crds', 'rights'],
    values: {
      crds: { networkAttachmentDefinition: true },
      policyController: { devicePluginConfigShards: 2 },
      images: {
        sriovDevicePlugin: 'plugin:1',
        sriovCni: 'cni:1',
        metricsExporter: 'exporter:1',
        metricsExporterKubeRbacProxy: 'proxy:1',
      },
    },
  });
  await request('POST', `/api/v1/namespaces/${other}/serviceaccounts`, { metadata: { name: 'nobody' } });
  const nobody = await actAsUnbound(other, 'nobody');
  everybody = await rightsOf(nobody, other);
  nobody.close();
});

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface RulesReview extends KubeObject {
  readonly spec: { readonly namespace: string };
  readonly status?: { readonly resourceRules: readonly Rule[] };
}
const RULES_REVIEW: Resource<RulesReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
};

/** An account that is no service of the cluster. */
const actAsUnbound = async (namespace: string, name: string): Promise<Account> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = (await request('POST', path, {})) as { status: { token: string } };
  const { server, ca } = testControlPlane().access;
  return openAccount(name, kubeconfigText({ server, ca, user: { name, token: status.token } }));
};

/** All that the account may do to objects in the namespace, as the API server sees it: a line a resource and name. */
const rightsOf = async ({ client }: Account, namespace: string): Promise<string[]> => {
  const { status } = await client.create(RULES_REVIEW, { metadata: { name: '' }, spec: { namespace } });
  const resourceRules = status?.resourceRules ?? [];
  const verbs = new Map<string, Set<string>>();
  for (const rule of resourceRules) {
    for (const line of linesOf(rule)) verbs.set(line, new Set([...(verbs.get(line) ?? []), ...rule.verbs]));
  }
  return [...verbs].map(([line, set]) => `${[...set].join(' ')} ${line}`).sort();
};

const linesOf = ({ apiGroups, resources, resourceNames }: Rule): string[] =>
  apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      (resourceNames ?? ['']).map((name) =>
        `${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` ${name}`}`
          .replace('.sriovnetwork.openshift.io', '')
          .replace('.admissionregistration.k8s.io', '')
          .replace('.coordination.k8s.io', ''),
      ),
    ),
  );

/** What each account may do: in every namespace and to what belongs to none, and beyond that in the operator's. */
const RIGHTS: Record<ServiceName, { readonly everywhere: readonly string[]; readonly atHome: readonly string[] }> = {
  'policy-controller': {
    everywhere: [
      'list watch sriovnetworknodepolicies',
      'patch sriovnetworknodepolicies/status',
      'list watch sriovnetworkpoolconfigs',
      'patch sriovnetworkpoolconfigs/status',
      'list watch patch nodes',
      'create patch events',
    ],
    atHome: [
      'list watch create patch delete sriovnetworknodestates',
      'patch sriovnetworknodestates/status',
      'list watch sriovoperatorconfigs default',
      'patch sriovoperatorconfigs/status default',
      'update sriovoperatorconfigs/finalizers default',
      'create configmaps',
      'list watch patch configmaps device-plugin-config',
      'list watch patch configmaps device-plugin-config-1',
      'list watch configmaps supported-nic-ids',
      'create leases',
      'get update leases policy-controller',
    ],
  },
  'network-renderer': {
    everywhere: [
      'list watch patch sriovnetworks',
      'list watch patch sriovibnetworks',
      'list watch patch ovsnetworks',
      'patch sriovnetworks/status',
      'patch sriovibnetworks/status',
      'patch ovsnetworks/status',
      'list watch patch sriovnetworkpoolconfigs',
      'list watch patch sriovoperatorconfigs',
      'get list watch create patch delete network-attachment-definitions.k8s.cni.cncf.io',
      'list watch namespaces',
      'create patch events',
    ],
    atHome: ['create leases', 'get update leases network-renderer'],
  },
  'operand-controller': {
    everywhere: [
      'list watch mutatingwebhookconfigurations sriov-operator-webhook-config',
      'list watch validatingwebhookconfigurations sriov-operator-webhook-config',
    ],
    atHome: [
      'list watch create patch delete daemonsets.apps',
      'list watch create patch delete services',
      'list create patch delete servicemonitors.monitoring.coreos.com',
      'list create patch delete prometheusrules.monitoring.coreos.com',
      'list watch deployments.apps admission-webhook',
      'list watch configmaps operand-settings',
      'list watch configmaps operator-config',
      'create sriovoperatorconfigs',
      'list watch patch sriovoperatorconfigs default',
      'patch sriovoperatorconfigs/status default',
      'update sriovoperatorconfigs/finalizers default',
      'create patch events',
      'create leases',
      'get update leases operand-controller',
    ],
  },
  'drain-controller': {
    everywhere: [
      'list watch patch nodes',
      'list watch delete pods',
      'create pods/eviction',
      'get resourceclaims.resource.k8s.io',
      'create patch events',
    ],
    atHome: [
      'list watch patch sriovnetworknodestates',
      'patch sriovnetworknodestates/status',
      'list watch sriovnetworkpoolconfigs',
      'list watch sriovoperatorconfigs default',
      'create leases',
      'get update leases drain-controller',
    ],
  },
  'admission-webhook': {
    everywhere: [
      'list watch nodes',
      'list watch patch mutatingwebhookconfigurations sriov-operator-webhook-config',
      'list watch patch validatingwebhookconfigurations sriov-operator-webhook-config',
    ],
    atHome: [
      'list watch sriovnetworknodepolicies',
      'list watch sriovnetworknodestates',
      'list watch sriovnetworkpoolconfigs',
      'list watch sriovoperatorconfigs default',
      'list watch configmaps supported-nic-ids',
      'create secrets',
      'list watch patch secrets operator-webhook-cert',
    ],
  },
  'config-daemon': {
    everywhere: ['get list watch patch nodes'],
    atHome: [
      'get list watch patch sriovnetworknodestates',
      'list watch sriovoperatorconfigs default',
      'patch sriovnetworknodestates/status',
      'create patch events',
      'list delete pods',
    ],
  },
};

describe.each(Object.entries(RIGHTS) as [ServiceName, (typeof RIGHTS)[ServiceName]][])(
  'the account of %s',
  (service, { everywhere, atHome }) => {
    let account: Account;
    beforeAll(async () => {
      account = await actAs(testControlPlane().access, { namespace: operator, service });
    });
    afterAll(() => account.close());

    it('may do in the operator namespace what the service needs, and nothing else', async () => {
      const rights = await rightsOf(account, operator);
      expect(rights).toEqual([...everybody, ...everywhere, ...atHome].sort());
    });

    it('may do elsewhere what the service needs there, and nothing else', async () => {
      const rights = await rightsOf(account, other);
      expect(rights).toEqual([...everybody, ...everywhere].sort());
    });
  },
);

it.each(['sriov-operator-device-plugin', 'sriov-device-plugin', 'sriov-cni-plugins'])(
  'the account of %s may do nothing',
  async (name) => {
    const account = await actAsUnbound(operator, name);
    for (const namespace of [operator, other]) expect(await rightsOf(account, namespace)).toEqual(everybody);
    account.close();
  },
);

describe('a review of access', () => {
  const mayDo = async (service: ServiceName, attributes: Record<string, string>): Promise<boolean> => {
    const account = SERVICE_ACCOUNTS[service];
    const { status } = (await request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${operator}:${account}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${operator}`, 'system:authenticated'],
        resourceAttributes: { version: 'v1', ...attributes },
      },
    })) as { status: { allowed: boolean } };
    return status.allowed;
  };
  const ours = 'sriovnetwork.openshift.io';
  const RBAC = 'rbac.authorization.k8s.io';

  it.each<[ServiceName, string, boolean, Record<string, string>]>([
    ['config-daemon', 'read node states', true, { group: ours, resource: 'sriovnetworknodestates', verb: 'list' }],
    ['config-daemon', 'write a policy', false, { group: ours, resource: 'sriovnetworknodepolicies', verb: 'patch' }],
    ['config-daemon', 'delete a node', false, { resource: 'nodes', verb: 'delete' }],
    ['drain-controller', 'delete a node', false, { resource: 'nodes', verb: 'delete' }],
    ['drain-controller', 'make a pod', false, { resource: 'pods', verb: 'create' }],
    ['config-daemon', 'make a pod', false, { resource: 'pods', verb: 'create' }],
    ['config-daemon', 'run something in a pod', false, { resource: 'pods', subresource: 'exec', verb: 'create' }],
    ['config-daemon', 'read secrets', false, { resource: 'secrets', verb: 'get' }],
    ['config-daemon', 'make tokens', false, { resource: 'serviceaccounts', subresource: 'token', verb: 'create' }],
    ['policy-controller', 'delete a node', false, { resource: 'nodes', verb: 'delete' }],
    ['policy-controller', 'read secrets', false, { resource: 'secrets', verb: 'list' }],
    ['policy-controller', 'write any config map', false, { resource: 'configmaps', name: 'other', verb: 'patch' }],
    [
      'policy-controller',
      'write a policy',
      false,
      { group: ours, resource: 'sriovnetworknodepolicies', verb: 'update' },
    ],
    [
      'network-renderer',
      'write node states',
      false,
      { group: ours, resource: 'sriovnetworknodestates', verb: 'patch' },
    ],
    ['network-renderer', 'touch pods', false, { resource: 'pods', verb: 'create' }],
    ['operand-controller', 'make a DaemonSet', true, { group: 'apps', resource: 'daemonsets', verb: 'create' }],
    ['operand-controller', 'make a Deployment', false, { group: 'apps', resource: 'deployments', verb: 'create' }],
    ['operand-controller', 'make a pod', false, { resource: 'pods', verb: 'create' }],
    ['operand-controller', 'make an account', false, { resource: 'serviceaccounts', verb: 'create' }],
    ['operand-controller', 'make a role', false, { group: RBAC, resource: 'roles', verb: 'create' }],
    ['operand-controller', 'widen a role', false, { group: RBAC, resource: 'roles', verb: 'patch' }],
    ['operand-controller', 'bind a role', false, { group: RBAC, resource: 'rolebindings', verb: 'create' }],
    ['operand-controller', 'read secrets', false, { resource: 'secrets', verb: 'get' }],
    [
      'operand-controller',
      'change its settings',
      false,
      { resource: 'configmaps', name: 'operand-settings', verb: 'patch' },
    ],
    ['admission-webhook', 'read any secret', false, { resource: 'secrets', name: 'other', verb: 'get' }],
    [
      'admission-webhook',
      'write a policy',
      false,
      { group: ours, resource: 'sriovnetworknodepolicies', verb: 'patch' },
    ],
  ])('of %s answers whether it may %s: %s', async (service, _, isAllowed, attributes) => {
    expect(await mayDo(service, { namespace: operator, ...attributes })).toBe(isAllowed);
  });
});
