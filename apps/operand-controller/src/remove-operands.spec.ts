import { beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { ANNOTATION, type KubeObject, LABEL } from '@sriov/api';
import { serve } from '@sriov/runtime';
import { createNamespace, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { service } from './service.ts';
import { type Settings } from './settings.ts';

jest.setTimeout(60_000);

let operator: string;
let node: string;

const at = (group: string, plural: string, name = ''): string =>
  `/${group}/namespaces/${operator}/${plural}/${name}`.replace(/\/$/, '');
const daemonSet = (name = ''): string => at('apis/apps/v1', 'daemonsets', name);
const config = (name = ''): string => at('apis/sriovnetwork.openshift.io/v1', 'sriovoperatorconfigs', name);
const lease = (name = ''): string => at('apis/coordination.k8s.io/v1', 'leases', name);
const settings = (name = ''): string => at('api/v1', 'configmaps', name);
const isThere = async (path: string): Promise<boolean> => (await tryRequest('GET', path)).status === 200;

const createDaemonSet = (name: string, labels: object): Promise<unknown> =>
  request('POST', daemonSet(), {
    metadata: { name, labels },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'c' }] } },
    },
  });
const createConfig = (annotations: object): Promise<unknown> =>
  request('POST', config(), {
    apiVersion: 'sriovnetwork.openshift.io/v1',
    kind: 'SriovOperatorConfig',
    metadata: { name: 'default', annotations },
    spec: {},
  });
const remove = (what: Settings['remove']): Promise<void> => {
  const { kubeconfigPath } = testControlPlane();
  const settings = { listen: '127.0.0.1:0', logLevel: 'silent' as const, kubeconfig: kubeconfigPath, remove: what };
  return serve(service, { ...settings, namespace: operator }, new AbortController().signal);
};

beforeAll(installCrds);
beforeEach(async () => {
  operator = await createNamespace('operator');
  node = `node-${operator}`;
  const labels = { [LABEL.devicePlugin]: 'Enabled', [LABEL.devicePluginKind]: 'own', kept: 'yes' };
  await request('POST', '/api/v1/nodes', { metadata: { name: node, labels } });
  await createDaemonSet('sriov-network-config-daemon', { [LABEL.operand]: 'config-daemon' });
  await createDaemonSet('of-others', { [LABEL.operand]: 'of-others' });
});

it('removes nothing while the release is installed, as when somebody applies all that helm template prints', async () => {
  await request('POST', settings(), { metadata: { name: 'operand-settings' } });
  await createConfig({ [ANNOTATION.operandHash]: 'x' });
  await expect(remove('operands-and-operator-config')).rejects.toMatchObject({
    code: 'STILL_INSTALLED',
    message: `the ConfigMap ${operator}/operand-settings is there, so the release is installed: nothing is removed; uninstall the release first`,
  });
  expect([await isThere(daemonSet('sriov-network-config-daemon')), await isThere(config('default'))]).toEqual([
    true,
    true,
  ]);
});

it('removes the DaemonSets while the ConfigMap of the release is on its way out', async () => {
  const metadata = { name: 'operand-settings', finalizers: ['example.com/slow'] };
  await request('POST', settings(), { metadata });
  await request('DELETE', settings('operand-settings'));
  await remove('operands');
  expect(await isThere(daemonSet('sriov-network-config-daemon'))).toBe(false);
});

it('removes the DaemonSets of operands and no others', async () => {
  await remove('operands');
  expect(await isThere(daemonSet('sriov-network-config-daemon'))).toBe(false);
  expect(await isThere(daemonSet('of-others'))).toBe(true);
});

it('takes the one label off nodes that the operator has written', async () => {
  await remove('operands');
  const { metadata } = (await request('GET', `/api/v1/nodes/${node}`)) as KubeObject;
  expect(metadata.labels).toEqual({ [LABEL.devicePluginKind]: 'own', kept: 'yes' });
});

it('removes the Leases of the services, and no others', async () => {
  for (const name of ['policy-controller', 'of-others']) {
    await request('POST', lease(), { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } });
  }
  await remove('operands');
  expect([await isThere(lease('policy-controller')), await isThere(lease('of-others'))]).toEqual([false, true]);
});

it.each([
  ['removes', 'that the chart asked for', 'operands-and-operator-config', { [ANNOTATION.operandHash]: 'x' }, false],
  ['leaves', 'that somebody else has made', 'operands-and-operator-config', {}, true],
  ['leaves', 'when the chart no longer asks for it', 'operands', { [ANNOTATION.operandHash]: 'x' }, true],
] as const)('%s the SriovOperatorConfig %s', async (_, __, what, annotations, stays) => {
  await createConfig(annotations);
  await remove(what);
  expect(await isThere(config('default'))).toBe(stays);
});
