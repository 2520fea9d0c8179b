import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type Connection, KubeClient, loadKubeConfig } from '@sriov/kube';
import { createLogger, systemClock } from '@sriov/runtime';
import { eventually, FakeClock, installCrds, testControlPlane } from '@sriov/testing';
import { PodsOfNodes, PodsUnreadError } from './pods-of-nodes.ts';
import { TestFleet } from './test/test-fleet.ts';

let fleet: TestFleet;
let connection: Connection;
let pods: PodsOfNodes;
let changed: string[];

beforeAll(() => installCrds());
beforeEach(async () => {
  fleet = await TestFleet.create();
  connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
  changed = [];
  const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
  const log = createLogger({ service: 'spec', level: 'silent' });
  const onChange = (node: string): void => void changed.push(node);
  pods = new PodsOfNodes({ client, clock: systemClock, log, onChange }, 1);
});
afterEach(async () => {
  pods.forgetAll();
  connection.close();
  await fleet.remove();
});

describe('the pods of nodes', () => {
  it('are watched for as many nodes as there may be watches, and listed for the others', async () => {
    for (const name of ['many-1', 'many-2']) {
      await fleet.addNode(name);
      await fleet.addPod(`pod-of-${name}`, name);
    }
    const look = async (node: string): Promise<unknown> => {
      const { isWatched, pods: found } = await pods.of(node);
      return [isWatched, found.map(({ metadata }) => metadata.name)];
    };
    expect(await look('many-1')).toEqual([true, ['pod-of-many-1']]);
    expect(await look('many-2')).toEqual([false, ['pod-of-many-2']]);
    await fleet.succeed('pod-of-many-2');
    await fleet.succeed('pod-of-many-1');
    await eventually(() => changed.includes('many-1'));
    expect(changed).not.toContain('many-2');
    expect((await pods.of('many-2')).pods[0]?.status?.phase).toBe('Succeeded');
    pods.forget('many-1');
    pods.forget('many-2');
    expect(await look('many-2')).toEqual([true, ['pod-of-many-2']]);
  });

  it('are not waited for without end where the API server does not list them', async () => {
    const clock = new FakeClock();
    const silent = { page: () => new Promise(() => undefined) } as unknown as KubeClient;
    const log = createLogger({ service: 'spec', level: 'silent' });
    const unread = new PodsOfNodes({ client: silent, clock, log, onChange: () => undefined });
    const looked = expect(unread.of('n1')).rejects.toThrow(PodsUnreadError);
    await clock.advance(10_000);
    await looked;
    unread.forgetAll();
  });
});
