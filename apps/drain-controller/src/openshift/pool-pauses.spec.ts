import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type KubeObject, REASON, type SriovNetworkNodeState } from '@sriov/api';
import { ApiError, type KubeClient, type Node, Store } from '@sriov/kube';
import { createLogger } from '@sriov/runtime';
import { hasMachineConfigPools } from './has-machine-config-pools.ts';
import { INFRASTRUCTURE, type MachineConfigPool, NODE_CONFIG } from './kinds.ts';
import { type PausePorts, PoolPauses } from './pool-pauses.ts';

const REFUSED = 'machineconfigpools.machineconfiguration.openshift.io "worker" is forbidden: cannot patch resource';

const log = createLogger({ service: 'spec', level: 'silent' });

/** A pool of one node that has a slot, as an old cache shows them. */
class OnePool {
  /** What was written of the pool, in order. */
  readonly writes: object[] = [];
  isForbidden = false;
  problem: string | undefined;
  readonly pools = new Store<MachineConfigPool>();
  readonly nodes = new Store<Node>();
  readonly nodeStates = new Store<SriovNetworkNodeState>();
  readonly #configs = new Store<KubeObject>();
  readonly pauses: PoolPauses;
  #version = 100;

  constructor() {
    this.showPool('10', false);
    const owner = { apiVersion: 'v1', kind: 'MachineConfigPool', name: 'worker', uid: 'u' };
    this.#configs.upsert({ metadata: { name: 'rendered-1', ownerReferences: [owner] } });
    this.show('Drain_Required', 'Draining');
    const mergePatch = (_: unknown, { name }: { name: string }, { patch }: { patch: object }): Promise<KubeObject> => {
      if (this.isForbidden) return Promise.reject(new ApiError(REFUSED, { status: 403 }));
      this.writes.push(patch);
      return Promise.resolve({ metadata: { name, resourceVersion: String(20 + this.writes.length) } });
    };
    const known = { pools: { store: this.pools }, configs: { store: this.#configs } };
    this.pauses = new PoolPauses({
      client: { mergePatch } as unknown as KubeClient,
      log,
      caches: { nodes: { store: this.nodes }, nodeStates: { store: this.nodeStates } },
      namespace: 'operator',
      machineConfigPools: Object.defineProperty({}, 'known', {
        get: () => (this.problem === undefined ? known : { problem: this.problem }),
      }),
    } as unknown as PausePorts);
  }

  showPool(resourceVersion: string, paused: boolean): void {
    const configuration = { name: 'rendered-1' };
    const annotations = paused ? { [ANNOTATION.nodeState]: 'Paused' } : {};
    const metadata = { name: 'worker', resourceVersion, annotations };
    this.pools.upsert({ metadata, spec: { paused, configuration }, status: { configuration } });
  }

  /** What the node asks for, and how far that is. */
  show(request: string, progress: string, config = 'rendered-1'): void {
    const resourceVersion = String((this.#version += 1));
    const asked = { [ANNOTATION.nodeState]: request };
    const configs = { [NODE_CONFIG.desired]: config, [NODE_CONFIG.current]: config };
    this.nodes.upsert({ metadata: { name: 'n1', resourceVersion, annotations: { ...asked, ...configs } } });
    const annotations = { [ANNOTATION.desiredState]: request, [ANNOTATION.currentState]: progress };
    this.nodeStates.upsert({ metadata: { name: 'n1', namespace: 'operator', resourceVersion, annotations } });
  }
}

const written = (resourceVersion: string, mark: string, paused: boolean): object => ({
  metadata: { resourceVersion, annotations: { [ANNOTATION.nodeState]: mark } },
  spec: { paused },
});

describe('pauses of MachineConfigPools', () => {
  it('count from their write on, although the cache does not show it yet', async () => {
    const { pauses, writes, ...pool } = new OnePool();
    expect([await pauses.hold('n1'), await pauses.hold('n1')]).toEqual([undefined, undefined]);
    expect(writes).toEqual([written('10', 'Paused', true)]);
    expect(pool.pools.get('worker')?.spec?.paused).toBe(false);
  });

  it('that have been ended are begun anew for the next node, although the cache shows the old one', async () => {
    const pool = new OnePool();
    pool.showPool('11', true);
    pool.show('Idle', 'Idle');
    await pool.pauses.endPauses();
    pool.show('Reboot_Required', 'Draining');
    expect(await pool.pauses.hold('n1')).toBeUndefined();
    expect(pool.writes).toEqual([written('11', 'Idle', false), written('21', 'Paused', true)]);
  });

  it('go on while a node asks whose pool cannot be said', async () => {
    const pool = new OnePool();
    pool.showPool('11', true);
    pool.show('Drain_Required', 'Draining', 'rendered-9');
    await pool.pauses.endPauses();
    expect(pool.writes).toEqual([]);
    expect((await pool.pauses.hold('n1'))?.reason).toBe(REASON.machineConfigPoolUnknown);
    pool.show('Idle', 'Idle', 'rendered-9');
    await pool.pauses.endPauses();
    expect(pool.writes).toEqual([written('11', 'Idle', false)]);
  });

  it('that are refused, or pools that cannot be read, are told with the right that is missing', async () => {
    const pool = new OnePool();
    pool.isForbidden = true;
    const refused = await pool.pauses.hold('n1');
    expect(refused).toMatchObject({ reason: REASON.machineConfigPoolUnknown, lookAgainMs: 5_000 });
    expect(refused?.message).toContain(REFUSED);
    expect(refused?.message).toContain('operator.clusterType=openshift');
    pool.problem = 'machineconfigs is forbidden: cannot list';
    expect((await pool.pauses.hold('n1'))?.message).toContain(pool.problem);
    expect(await pool.pauses.endPauses()).toMatchObject({ kind: 'wait' });
    pool.problem = undefined;
    pool.isForbidden = false;
    expect(await pool.pauses.hold('n1')).toBeUndefined();
  });
});

describe('whether a cluster has MachineConfigPools', () => {
  const groups = [INFRASTRUCTURE.group, 'machineconfiguration.openshift.io'];
  const clusterOf = (served: readonly string[], get: () => Promise<object>): KubeClient =>
    ({ groups: () => Promise.resolve(served), get }) as unknown as KubeClient;
  const refuse = (status: number) => (): Promise<object> => Promise.reject(new ApiError('no', { status }));
  const topology = (controlPlaneTopology: string) => (): Promise<object> =>
    Promise.resolve({ status: { controlPlaneTopology } });

  it.each([
    ['of plain Kubernetes, where reading would be refused', ['apps'], refuse(403), false],
    ['that has kinds of OpenShift and no Infrastructure', groups, refuse(404), false],
    ['whose control plane is hosted elsewhere', groups, topology('External'), false],
    ['of OpenShift', groups, topology('HighlyAvailable'), true],
    ['of OpenShift that does not tell its topology', groups, () => Promise.resolve({}), true],
  ])('is read for one %s', async (_, served, get, has) => {
    expect(await hasMachineConfigPools({ client: clusterOf(served, get), log })).toBe(has);
  });

  it('is not known where the Infrastructure may not be read', async () => {
    await expect(hasMachineConfigPools({ client: clusterOf(groups, refuse(403)), log })).rejects.toThrow('no');
  });

  it('is taken for no where the groups may not be read, so that drains go on, and is not known after other faults', async () => {
    const having = (status: number): KubeClient => ({ groups: refuse(status) }) as unknown as KubeClient;
    expect(await hasMachineConfigPools({ client: having(403), log })).toBe(false);
    await expect(hasMachineConfigPools({ client: having(500), log })).rejects.toThrow('no');
  });
});
