import { setTimeout as delay } from 'node:timers/promises';
import {
  ANNOTATION,
  CONDITION,
  type DesiredInterface,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { FleetCluster } from '../../cluster.ts';
import { type HostSize, pfAddress, pfName } from '../fixture-host.ts';

const NAME = 'bench';
const POLL_MS = 10;
const WAIT_MS = 300_000;

/** A node state as the daemon of the node and the policy controller see it. */
export class BenchNode {
  readonly #cluster: FleetCluster;

  private constructor(cluster: FleetCluster) {
    this.#cluster = cluster;
  }

  /** Makes a node state that asks for nothing, in an API server that has nothing yet. */
  static async make(plane: ConstructorParameters<typeof FleetCluster>[0]): Promise<BenchNode> {
    const cluster = new FleetCluster(plane, { nodes: 0, nics: 0, vfs: 0, policies: 0 });
    await cluster.populate();
    const node = new BenchNode(cluster);
    await node.reset();
    return node;
  }

  /** Environment by which a daemon finds it. */
  get env(): Readonly<Record<string, string>> {
    return { NODE_NAME: NAME, NAMESPACE: this.#cluster.namespace };
  }

  /** Another node state of the same name, of which nobody has reported anything. */
  async reset(): Promise<void> {
    const { client, namespace } = this.#cluster;
    await client.delete(SRIOV_NETWORK_NODE_STATE, { namespace, name: NAME }).catch(() => undefined);
    await client.create(SRIOV_NETWORK_NODE_STATE, { metadata: { name: NAME, namespace }, spec: {} });
  }

  /** Asks for VFs of the kernel's drivers on the first PFs. */
  async wantVfs({ pfs, vfs }: HostSize): Promise<void> {
    const { client, namespace } = this.#cluster;
    const all = Array.from({ length: pfs }, (_, index) => index);
    const annotations = { [ANNOTATION.plannedFrom]: all.map(pfAddress).join(',') };
    const spec = { interfaces: all.map((index) => interfaceOf(index, vfs)) };
    const patch = { metadata: { annotations }, spec };
    await client.mergePatch(SRIOV_NETWORK_NODE_STATE, { namespace, name: NAME }, { patch });
  }

  get(): Promise<SriovNetworkNodeState> {
    return this.#cluster.client.get(SRIOV_NETWORK_NODE_STATE, { namespace: this.#cluster.namespace, name: NAME });
  }

  /** Waits until the node state is so, and fails when that takes minutes. */
  async until(what: string, holds: (state: SriovNetworkNodeState) => boolean): Promise<SriovNetworkNodeState> {
    const end = performance.now() + WAIT_MS;
    while (performance.now() < end) {
      const state = await this.get();
      if (holds(state)) return state;
      await delay(POLL_MS);
    }
    throw new Error(
      `not seen in ${WAIT_MS / 1_000} s: ${what}; the status is ${JSON.stringify((await this.get()).status)}`,
    );
  }
}

function interfaceOf(index: number, numVfs: number): DesiredInterface {
  const vfGroups = [
    { resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}`, mtu: 9000 },
  ];
  return { pciAddress: pfAddress(index), name: pfName(index), numVfs, mtu: 9000, vfGroups };
}

/** The daemon has done what the newest spec wants. */
export function isDone({ metadata, status }: SriovNetworkNodeState): boolean {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.ready);
  return status?.syncStatus === 'Succeeded' && ready?.observedGeneration === metadata.generation;
}
