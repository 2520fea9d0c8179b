import { existsSync, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '@sriov/errors';
import { type SimulatedKernel } from '@sriov/host-sim';
import { type Logger } from '@sriov/runtime';
import { z } from 'zod';

/** A pod of the simulated node that has a VF. */
const podSchema = z.strictObject({
  /** PCI address of its VF. */
  vf: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  /** By which it has asked for the VF, such as `openshift.io/intelnics`. */
  resource: z.string(),
});
const podsSchema = z.array(podSchema);

/**
 * Has the kubelet of a simulated host tell of the pods in the file, a JSON array, as often as it changes. Without the
 * file no pod has a VF. A file that cannot be read changes nothing. Whoever writes it replaces it as a whole.
 */
export function followPods(kernel: SimulatedKernel, path: string, log: Logger): void {
  const holds = new Map<string, () => void>();
  // The machine outlives its daemon, and so do the pods on it.
  for (const [vf, pod] of Object.entries(kernel.state.users?.allocations ?? {})) {
    holds.set(vf, kernel.users.allocate(vf, pod));
  }
  const look = (): void => {
    try {
      const pods = existsSync(path) ? podsSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : [];
      for (const [vf, end] of holds) {
        if (pods.some((pod) => pod.vf === vf)) continue;
        holds.delete(vf);
        end();
      }
      for (const { vf, ...pod } of pods) if (!holds.has(vf)) holds.set(vf, kernel.users.allocate(vf, pod));
    } catch (cause) {
      log.warn({ file: path, cause: messageOf(cause) }, 'cannot read the pods of the simulated host');
    }
  };
  look();
  watch(dirname(path), { persistent: false }, look);
}
