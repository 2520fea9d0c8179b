import { join } from 'node:path';
import { afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { ANNOTATION, LABEL, type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { createNamespace, eventually, installCrds, request, ServiceProcess } from '@sriov/testing';

jest.setTimeout(240_000);

/** A Lease is taken over 15 s after its holder was last heard of, and a busy machine starts processes slowly. */
const PATIENCE_MS = 90_000;
const API_VERSION = 'sriovnetwork.openshift.io/v1';
const replicas: ServiceProcess[] = [];

beforeAll(installCrds);
afterEach(() => Promise.all(replicas.splice(0).map((replica) => replica.kill())));

const startReplica = (namespace: string): ServiceProcess => {
  const replica = new ServiceProcess(join(import.meta.dirname, 'main.ts'), [`--namespace=${namespace}`]);
  replicas.push(replica);
  return replica;
};

it('a leader that is stopped while another takes over writes nothing when it goes on', async () => {
  const operator = await createNamespace('operator');
  const path = (plural: string, name = ''): string =>
    `/apis/${API_VERSION}/namespaces/${operator}/${plural}/${name}`.replace(/\/$/, '');
  const [node, policies] = [`n-${operator}`, path('sriovnetworknodepolicies')];
  const statePath = path('sriovnetworknodestates', node);
  const getState = async (): Promise<SriovNetworkNodeState> =>
    (await request('GET', statePath)) as SriovNetworkNodeState;
  const untilNumVfs = (numVfs: number): Promise<SriovNetworkNodeState> =>
    eventually(async () => {
      const state = await getState();
      return state.spec?.interfaces?.[0]?.numVfs === numVfs && state;
    }, PATIENCE_MS);
  const getConfig = async (): Promise<string> =>
    JSON.stringify(await request('GET', `/api/v1/namespaces/${operator}/configmaps/device-plugin-config`));
  /** Version of each object that the controller writes to for the node. */
  const versions = async (): Promise<unknown> => {
    const written = [
      statePath,
      `/api/v1/nodes/${node}`,
      `/api/v1/namespaces/${operator}/configmaps/device-plugin-config`,
    ];
    const objects = (await Promise.all(written.map((each) => request('GET', each)))) as KubeObject[];
    return objects.map(({ metadata }) => [metadata.name, metadata.generation, metadata.resourceVersion]);
  };
  await request('POST', path('sriovoperatorconfigs'), {
    apiVersion: API_VERSION,
    kind: 'SriovOperatorConfig',
    metadata: { name: 'default' },
    spec: {},
  });
  const labels = { [LABEL.worker]: '', [LABEL.os]: 'linux', own: node };
  await request('POST', '/api/v1/nodes', { metadata: { name: node, labels } });

  const first = startReplica(operator);
  await eventually(() => first.count('leading') === 1, PATIENCE_MS);
  await eventually(getState);
  const pf = { name: 'ens1', pciAddress: '0000:3b:00.0', vendor: '8086', deviceID: '1592', totalvfs: 8 };
  await request('PATCH', `${statePath}/status`, { status: { interfaces: [pf] } });
  await request('POST', policies, {
    apiVersion: API_VERSION,
    kind: 'SriovNetworkNodePolicy',
    metadata: { name: 'p' },
    spec: { resourceName: 'r', numVfs: 4, nodeSelector: { own: node }, nicSelector: { pfNames: ['ens1'] } },
  });
  expect((await untilNumVfs(4)).metadata.annotations?.[ANNOTATION.plannedFrom]).toBe(pf.pciAddress);
  const second = startReplica(operator);
  await eventually(() => second.count('started') === 1, PATIENCE_MS);

  await untilCaughtWithPlan();
  await request('PATCH', `${policies}/p`, { spec: { numVfs: 6, resourceName: 'six' } });
  await untilNumVfs(6);
  await request('PATCH', `${policies}/p`, { spec: { numVfs: 2, resourceName: 'two' } });
  await untilNumVfs(2);
  await eventually(async () => (await getConfig()).includes('two'));
  expect([first.count('leading'), second.count('leading')]).toEqual([1, 1]);
  const before = await versions();

  first.signal('SIGCONT');
  await eventually(() => first.count('lost the lease') === 1, PATIENCE_MS);
  expect(await versions()).toEqual(before);
  // It leads again, has all in hand again, and finds nothing to write.
  second.signal('SIGTERM');
  await eventually(() => first.count('leading') === 2, PATIENCE_MS);
  await createNodeAndWait(`last-${operator}`);
  expect(await versions()).toEqual(before);

  /**
   * Stops the first when it has planned a change and not written it: the ConfigMap, which is written before the node
   * state and at most every 500 ms, has the change before that, and a node that came later has its state already.
   */
  async function untilCaughtWithPlan(): Promise<void> {
    for (let serial = 1; ; serial += 1) {
      await request('PATCH', `${policies}/p`, { spec: { resourceName: `written${serial}` } });
      await eventually(async () => (await getConfig()).includes(`written${serial}`));
      await request('PATCH', `${policies}/p`, { spec: { resourceName: `planned${serial}` } });
      await createNodeAndWait(`later-${serial}-${operator}`);
      first.signal('SIGSTOP');
      if ((await getConfig()).includes(`written${serial}`)) return;
      first.signal('SIGCONT');
    }
  }

  /** A node that no policy selects and that gets its state shows that the leader had time to do something. */
  async function createNodeAndWait(name: string): Promise<void> {
    await request('POST', '/api/v1/nodes', { metadata: { name, labels: { ...labels, own: name } } });
    await eventually(() => request('GET', path('sriovnetworknodestates', name)), PATIENCE_MS);
  }
});
