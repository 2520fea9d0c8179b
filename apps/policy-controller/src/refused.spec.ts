import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Condition, LABEL, type SriovNetworkNodePolicy, type SriovNetworkNodeState } from '@sriov/api';
import { serve } from '@sriov/runtime';
import { createNamespace, eventually, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { service } from './service.ts';
import { settingsOf } from './test/offline-controllers.ts';

jest.setTimeout(120_000);

const API_VERSION = 'sriovnetwork.openshift.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const stop = new AbortController();
let operator: string;
let running: Promise<void>;

const path = (plural: string, name = ''): string =>
  `/apis/${API_VERSION}/namespaces/${operator}/${plural}/${name}`.replace(/\/$/, '');
const CONFIG_MAPS = (): string => `/api/v1/namespaces/${operator}/configmaps`;
const POLICIES = 'sriovnetworknodepolicies';
const STATES = 'sriovnetworknodestates';

beforeAll(async () => {
  await installCrds();
  operator = await createNamespace('operator');
  const body = { apiVersion: API_VERSION, kind: 'SriovOperatorConfig', metadata: { name: 'default' }, spec: {} };
  await request('POST', path('sriovoperatorconfigs'), body);
  running = serve(
    service,
    settingsOf({ kubeconfig: testControlPlane().kubeconfigPath, namespace: operator }),
    stop.signal,
  );
});
afterAll(async () => {
  stop.abort();
  await running;
});

/** Has the API server forbid writes in the operator's namespace, until the returned function is called. */
const forbid = async (
  name: string,
  rule: { readonly apiGroups: string[]; readonly resources: string[]; readonly operations: string[] },
  probe: () => Promise<{ status: number }>,
): Promise<() => Promise<unknown>> => {
  const policy = `${ADMISSION}/validatingadmissionpolicies`;
  const binding = `${ADMISSION}/validatingadmissionpolicybindings`;
  const metadata = { name: `${operator}-${name}` };
  await request('POST', policy, {
    metadata,
    spec: {
      matchConstraints: { resourceRules: [{ ...rule, apiVersions: ['*'] }] },
      matchConditions: [{ name: 'here', expression: `request.namespace == '${operator}'` }],
      validations: [{ expression: 'false', message: 'the test forbids it', reason: 'Forbidden' }],
    },
  });
  await request('POST', binding, {
    metadata,
    spec: { policyName: metadata.name, validationActions: ['Deny'] },
  });
  await eventually(async () => (await probe()).status === 403);
  return async () => {
    await request('DELETE', `${binding}/${metadata.name}`);
    await request('DELETE', `${policy}/${metadata.name}`);
    await eventually(async () => (await probe()).status !== 403);
  };
};

const createNode = async (name: string): Promise<void> => {
  await request('POST', '/api/v1/nodes', {
    metadata: { name, labels: { [LABEL.worker]: '', [LABEL.os]: 'linux', own: name } },
  });
  const interfaces = [{ name: 'ens1', pciAddress: '0000:3b:00.0', vendor: '8086', deviceID: '1592', totalvfs: 8 }];
  await eventually(() =>
    request('PATCH', `${path(STATES, name)}/status`, { status: { syncStatus: 'Succeeded', interfaces } }),
  );
};
const createPolicy = (name: string, node: string): Promise<unknown> =>
  request('POST', path(POLICIES), {
    apiVersion: API_VERSION,
    kind: 'SriovNetworkNodePolicy',
    metadata: { name },
    spec: { resourceName: 'r', numVfs: 4, nodeSelector: { own: node }, nicSelector: { pfNames: ['ens1'] } },
  });
const conditionOf = async (plural: string, name: string, type: string): Promise<Condition | undefined> => {
  const { status } = (await request('GET', path(plural, name))) as SriovNetworkNodePolicy;
  return status?.conditions?.find((each) => each.type === type);
};
const until = (plural: string, name: string, expected: Partial<Condition> & { type: string }): Promise<unknown> =>
  eventually(async () => {
    const condition = await conditionOf(plural, name, expected.type);
    expect(condition).toMatchObject(expected);
    return condition;
  }, 60_000);

describe('a write that keeps being refused', () => {
  it('of a node state stands on the policy and the SriovOperatorConfig, until the right is given back', async () => {
    await createNode('forbidden-state');
    const dryRun = (): Promise<{ status: number }> =>
      tryRequest('PATCH', `${path(STATES, 'forbidden-state')}?dryRun=All`, { metadata: { labels: { probe: 'x' } } });
    const rule = { apiGroups: ['sriovnetwork.openshift.io'], resources: [STATES], operations: ['UPDATE'] };
    const allow = await forbid('states', rule, dryRun);
    await createPolicy('wish', 'forbidden-state');
    const message = expect.stringMatching(
      /^on forbidden-state: PATCH .*forbidden-state.*the test forbids it/s,
    ) as unknown as string;
    await until(POLICIES, 'wish', { type: 'Degraded', status: 'True', reason: 'ReconcileFailed', message });
    await until('sriovoperatorconfigs', 'default', {
      type: 'NodesWritten',
      status: 'False',
      reason: 'ReconcileFailed',
    });
    await allow();
    await until(POLICIES, 'wish', { type: 'Degraded', status: 'False' });
    await until('sriovoperatorconfigs', 'default', { type: 'NodesWritten', status: 'True', reason: 'NodesWritten' });
    expect(
      ((await request('GET', path(STATES, 'forbidden-state'))) as SriovNetworkNodeState).spec?.interfaces,
    ).toHaveLength(1);
  });

  it('of the ConfigMap, here by a quota, says on the SriovOperatorConfig that nodes have no configuration', async () => {
    await tryRequest('DELETE', `${CONFIG_MAPS()}/device-plugin-config`);
    const quotas = `/api/v1/namespaces/${operator}/resourcequotas`;
    const none = { 'count/configmaps': '0' };
    await request('POST', quotas, { metadata: { name: 'none' }, spec: { hard: none } });
    // What the quota controller would do.
    await request('PATCH', `${quotas}/none/status`, { status: { hard: none, used: { 'count/configmaps': '0' } } });
    const probe = (): Promise<{ status: number }> =>
      tryRequest('POST', `${CONFIG_MAPS()}?dryRun=All`, { metadata: { name: 'probe' } });
    await eventually(async () => (await probe()).status === 403);
    await createNode('over-quota');
    await tryRequest('DELETE', `${CONFIG_MAPS()}/device-plugin-config`);
    await createPolicy('over-quota', 'over-quota');
    const message = expect.stringMatching(
      /cannot write the ConfigMap device-plugin-config: .*exceeded quota/s,
    ) as unknown as string;
    await until('sriovoperatorconfigs', 'default', {
      type: 'DevicePluginConfigWritten',
      status: 'False',
      reason: 'ReconcileFailed',
      message,
    });
    await until(POLICIES, 'over-quota', { type: 'Degraded', status: 'True', reason: 'ReconcileFailed', message });
    await request('DELETE', `${quotas}/none`);
    await until('sriovoperatorconfigs', 'default', { type: 'DevicePluginConfigWritten', status: 'True' });
    await until(POLICIES, 'over-quota', { type: 'Degraded', status: 'False' });
  });

  it('of the status itself is told by an Event on the policy', async () => {
    await createNode('forbidden-status');
    await createPolicy('untold', 'forbidden-status');
    await until(POLICIES, 'untold', { type: 'Ready', observedGeneration: 1 });
    const probe = (): Promise<{ status: number }> =>
      tryRequest('PATCH', `${path(POLICIES, 'untold')}/status?dryRun=All`, { status: { matchedNodeCount: 7 } });
    const rule = {
      apiGroups: ['sriovnetwork.openshift.io'],
      resources: [`${POLICIES}/status`],
      operations: ['UPDATE'],
    };
    const allow = await forbid('policy-status', rule, probe);
    await request('PATCH', path(POLICIES, 'untold'), { spec: { numVfs: 2 } });
    const events = `/api/v1/namespaces/${operator}/events?fieldSelector=involvedObject.name=untold,reason=ReconcileFailed`;
    await eventually(async () => {
      const { items } = (await request('GET', events)) as { items: { message: string; type: string }[] };
      expect(items[0]).toMatchObject({
        type: 'Warning',
        message: expect.stringMatching(/^the status cannot be written: .*the test forbids it/s),
      });
      return true;
    }, 60_000);
    await allow();
    await until(POLICIES, 'untold', { type: 'Ready', observedGeneration: 2 });
  });
});
