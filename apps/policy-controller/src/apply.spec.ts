import { beforeAll, describe, expect, it } from '@jest/globals';
import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { Expectations } from '@sriov/controller';
import { connect, KubeClient, loadKubeConfig } from '@sriov/kube';
import { type NodeWrite } from '@sriov/policy';
import { createLogger, systemClock } from '@sriov/runtime';
import { createNamespace, installCrds, request, testControlPlane } from '@sriov/testing';
import pLimit from 'p-limit';
import { apply, type WritePorts } from './apply.ts';
import { type GatheredNode } from './gather.ts';

beforeAll(installCrds);

const connectClient = (): KubeClient => {
  const connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
  return new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
};

/** What a controller had gathered before it was stopped, and the means to write. */
async function stoppedController(): Promise<{ ports: WritePorts; gathered: GatheredNode; path: string }> {
  const namespace = await createNamespace('operator');
  const client = connectClient();
  const state = await client.create(SRIOV_NETWORK_NODE_STATE, { metadata: { name: 'n1', namespace }, spec: {} });
  const ports = {
    client,
    expectations: new Expectations(systemClock),
    configMaps: { settle: () => undefined },
    writeLimit: pLimit(1),
    settings: { namespace },
    log: createLogger({ service: 'spec', level: 'silent' }),
  } as unknown as WritePorts;
  const gathered = {
    operatorConfig: { metadata: { name: 'default', uid: 'u' } },
    facts: { name: 'n1' },
    present: { state },
    nodeVersion: undefined,
    configMapVersions: new Map(),
  } as unknown as GatheredNode;
  const path = `/apis/sriovnetwork.openshift.io/v1/namespaces/${namespace}/sriovnetworknodestates/n1`;
  return { ports, gathered, path };
}

describe('a controller that goes on after another one has written', () => {
  it.each<[string, NodeWrite]>([
    ['overwrites no spec', { kind: 'update-state', spec: { interfaces: [{ pciAddress: '0000:01:00.0', numVfs: 2 }] } }],
    ['deletes no node state', { kind: 'delete-state' }],
    ['creates no node state again', { kind: 'create-state', spec: {}, annotations: {} }],
  ])('%s', async (_, write) => {
    const { ports, gathered, path } = await stoppedController();
    const spec = { interfaces: [{ pciAddress: '0000:01:00.0', numVfs: 6 }] };
    const written = (await request('PATCH', path, { spec })) as SriovNetworkNodeState;
    await expect(apply(ports, gathered, [write])).rejects.toMatchObject({ status: 409 });
    expect(await request('GET', path)).toEqual(written);
  });
});
