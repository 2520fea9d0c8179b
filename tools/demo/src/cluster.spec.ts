import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES, type KubeObject, type ServiceName } from '@sriov/api';
import { adminRequest, applyObject } from '@sriov/control-plane';
import { eventually } from '@sriov/testing';
import { DemoCluster } from './cluster.ts';
import { EXAMPLES, readExample, readExamples } from './examples.ts';
import { findFaults } from './outcome.ts';
import { Stopwatch } from './stopwatch.ts';

jest.setTimeout(240_000);

const STATE = '/apis/sriovnetwork.openshift.io/v1/namespaces/sriov-network-operator/sriovnetworknodestates/demo-node';
const POLICY =
  '/apis/sriovnetwork.openshift.io/v1/namespaces/sriov-network-operator/sriovnetworknodepolicies/intel-vfio';
const DAEMON_SETS = '/apis/apps/v1/namespaces/sriov-network-operator/daemonsets';
const said: string[] = [];
let cluster: DemoCluster;

beforeAll(async () => {
  cluster = await DemoCluster.start({
    world: join(import.meta.dirname, '../../worlds/demo.yaml'),
    examples: await readExamples(),
    stopwatch: new Stopwatch((line) => said.push(line)),
    say: (line) => said.push(line),
  });
});
afterAll(() => cluster.stop());

interface Stored {
  readonly status?: { readonly syncStatus?: string; readonly interfaces?: readonly { readonly numVfs?: number }[] };
}
const call = async (method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> =>
  adminRequest(cluster.plane.access, {
    method,
    path,
    contentType: 'application/merge-patch+json',
    ...(body && { body }),
  });
const stateNow = async (): Promise<Stored> => (await call('GET', STATE)).body as Stored;
const vfsOf = (interfaces: readonly { readonly numVfs?: number }[] = []): number =>
  interfaces.reduce((sum, { numVfs = 0 }) => sum + numVfs, 0);
const inSync = async (vfs: number): Promise<Stored> =>
  eventually(async () => {
    const state = await stateNow();
    return state.status?.syncStatus === 'Succeeded' && vfsOf(state.status.interfaces) === vfs && state;
  }, 60_000);

const kill = async (name: ServiceName): Promise<void> => {
  const pid = cluster.services.pidOf(name)!;
  process.kill(pid, 'SIGKILL');
  await eventually(() => {
    const next = cluster.services.pidOf(name);
    return next !== undefined && next !== pid;
  });
  await cluster.services.waitReady(name);
};

describe('the whole operator on this machine', () => {
  it('has the SriovOperatorConfig and the DaemonSets that the chart asks for', async () => {
    for (const name of ['sriov-network-config-daemon', 'sriov-operator-device-plugin']) {
      await eventually(async () => (await call('GET', `${DAEMON_SETS}/${name}`)).status === 200);
    }
  });

  it('makes of the example policies what they say', async () => {
    const outcome = await cluster.applyExamples();
    expect(findFaults(outcome)).toEqual([]);
  });

  it('refuses a malformed range by a rule of the CRD, and what no NIC can do by the webhook', async () => {
    const malformed = await call('PATCH', POLICY, { spec: { nicSelector: { pfNames: ['ens1#3'] } } });
    expect(malformed).toMatchObject({ status: 422, body: { message: expect.stringContaining('name#first-last') } });
    const tooMany = await call('PATCH', POLICY, { spec: { numVfs: 100 } });
    expect(tooMany).toMatchObject({
      status: 403,
      body: {
        message: expect.stringMatching(
          /admission webhook .* denied the request: .*ens1: 100 VFs are wanted, and the PF can have 7/,
        ),
      },
    });
  });

  it('writes nothing, to the host or to the API, when the daemon dies and comes back with nothing to do', async () => {
    const before = await inSync(20);
    const machine = readFileSync(cluster.machineFile, 'utf8');
    await kill('config-daemon');
    await eventually(async () => {
      const metrics = await (await fetch(`${cluster.services.urlOf('config-daemon')}/metrics`)).text();
      return /^sriov_reconcile_total\{.*outcome="done".*\} [1-9]/m.test(metrics);
    });
    expect(await stateNow()).toEqual(before);
    expect(readFileSync(cluster.machineFile, 'utf8')).toBe(machine);
  });

  it.each<ServiceName>([
    'policy-controller',
    'network-renderer',
    'operand-controller',
    'admission-webhook',
    'config-daemon',
  ])('comes to the same end when %s is killed while a change is on its way', async (name) => {
    await call('PATCH', POLICY, { spec: { numVfs: 3 } });
    await kill(name);
    await inSync(19);
    await call('PATCH', POLICY, { spec: { numVfs: 4 } });
    await inSync(20);
  });

  // After all others: it takes the first policies away, beside which some of the others are refused.
  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml')))(
    'takes all objects of %s, and makes a NetworkAttachmentDefinition of each network',
    async (file) => {
      const policies = pathOf('SriovNetworkNodePolicy');
      for (const { metadata } of ((await call('GET', policies)).body as { items: KubeObject[] }).items) {
        await call('DELETE', `${policies}/${metadata.name}`);
      }
      for (const object of await readExample(file)) {
        await applyObject(cluster.plane.access, object);
        if (!/Network$/.test(object.kind)) continue;
        await eventually(async () => {
          const { body } = await call(
            'GET',
            `${pathOf(object.kind, object.metadata.namespace)}/${object.metadata.name}`,
          );
          const { conditions = [] } = (body as NetworkStatus).status ?? {};
          return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
        });
      }
    },
  );
});

interface NetworkStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
const pathOf = (kind: string, namespace = 'sriov-network-operator'): string => {
  const { group, version, plural } = CUSTOM_RESOURCES.find((resource) => resource.kind === kind)!;
  return `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
};
