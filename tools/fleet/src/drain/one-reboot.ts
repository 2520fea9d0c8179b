import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ANNOTATION, type NodeStateSpec, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { simulatedService } from '@sriov/config-daemon';
import { parseMachineState } from '@sriov/host-sim';
import { NODE, POD } from '@sriov/kube';
import { serve } from '@sriov/runtime';
import { stringify } from 'yaml';
import { type FleetCluster } from '../cluster.ts';

const NAME = 'two-reasons';
const [INTEL, NVIDIA] = ['0000:01:00.0', '0000:5e:00.0'] as const;
const POLL_MS = 50;
const WAIT_MS = 180_000;

/** The kernel needs an argument for vfio-pci, and the firmware of the other card has to allow more VFs. */
const WORLD = {
  latency: 'none',
  commandLine: 'quiet',
  iommu: 'on-request',
  bootLoader: 'grub',
  modules: ['igbvf', 'mlx5_core'],
  defaultRoute: 'eno1',
  nics: [
    { model: 'virtio', address: '0000:00:03.0', name: 'eno1', mac: '52:54:00:12:34:56', up: true },
    { model: 'igb', address: INTEL, name: 'ens1', mac: '52:54:00:aa:00:10', up: true },
    { model: 'mlx5', address: NVIDIA, name: 'ens2', mac: 'b8:59:9f:00:00:10', up: true, totalVfs: 4 },
  ],
};

const wanting = (pciAddress: string, numVfs: number, deviceType: string): object => ({
  ...{ pciAddress, numVfs },
  vfGroups: [{ resourceName: 'r', policyName: 'p', deviceType, vfRange: `0-${numVfs - 1}` }],
});
const SPEC = { interfaces: [wanting(INTEL, 2, 'vfio-pci'), wanting(NVIDIA, 8, 'netdevice')] } as NodeStateSpec;

/**
 * Has a node with a pod, whose daemon has a simulated host, change what takes a reboot for two reasons. The drain
 * controller has to run. @returns how often the node was rebooted until all was as it should be
 */
export async function countReboots(
  { client, namespace }: FleetCluster,
  { kubeconfig, podNamespace }: { readonly kubeconfig: string; readonly podNamespace: string },
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sriov-reboot-'));
  const [simulate, simulateState] = [join(folder, 'world.yaml'), join(folder, 'machine.json')];
  writeFileSync(simulate, stringify(WORLD));
  await client.create(NODE, {
    metadata: { name: NAME },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const annotations = { [ANNOTATION.plannedFrom]: ['0000:00:03.0', INTEL, NVIDIA].join(',') };
  await client.create(SRIOV_NETWORK_NODE_STATE, { metadata: { name: NAME, namespace, annotations }, spec: SPEC });
  const spec = { nodeName: NAME, containers: [{ name: 'c', image: 'i' }] };
  await client.create(POD, { metadata: { name: NAME, namespace: podNamespace }, ...{ spec } });
  const own = { nodeName: NAME, namespace, kubeconfig, simulate, simulateState };
  const settings = simulatedService.schema.parse({ ...own, listen: '127.0.0.1:0', logLevel: 'silent' });
  try {
    for (let reboots = 0; ; reboots += 1) {
      const stop = new AbortController();
      const running = serve(simulatedService, settings, stop.signal);
      const isDone = await untilDownOrDone(simulateState, () =>
        client.get(SRIOV_NETWORK_NODE_STATE, { name: NAME, namespace }),
      );
      stop.abort();
      await running;
      if (isDone) return reboots;
      // The next daemon finds its machine booted.
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Resolves with true when all is as the spec wants it and the node is given back, with false when it goes down. */
async function untilDownOrDone(machine: string, get: () => Promise<SriovNetworkNodeState>): Promise<boolean> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    if (isGoingDown(machine)) return false;
    const { metadata, status } = await get();
    const isInSync = status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'InSync');
    if (isInSync === true && metadata.annotations?.[ANNOTATION.currentState] === 'Idle') return true;
    if (performance.now() > deadline) throw new Error(`not done: the status is ${JSON.stringify(status?.conditions)}`);
    await delay(POLL_MS);
  }
}

function isGoingDown(machine: string): boolean {
  try {
    return parseMachineState(readFileSync(machine, 'utf8')).isGoingDown === true;
  } catch {
    // The daemon has not started it yet.
    return false;
  }
}
