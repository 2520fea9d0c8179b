import { type Handover, handoverSchema, type SyncAnswer } from '@sriov/plugin-handover';
import { type Machine } from '../machine/machine.ts';

/** The one resource of the stand-in: all VFs of the machine. */
export const RESOURCE = 'openshift.io/vf';

/** The VFs of the machine, and which of them the plugin offers. */
interface Offer {
  readonly healthy: readonly string[];
  readonly unhealthy: readonly string[];
  readonly withdrawn: readonly string[];
  readonly held: readonly string[];
}

/**
 * What the plugin offers: VFs with a driver that are not withdrawn. A VF that a pod has stays healthy, because nobody
 * else can get it, and so does one that is held (libs/plugin-handover, and ADR 0025).
 */
function offerOf(machine: Machine): Offer {
  const { plugin, state, users } = machine;
  const { withdrawn, returning = [] } = plugin.isDisobedient === true ? NOTHING : readHandover(plugin.read);
  const back = new Set(
    returning.flatMap(({ resource, devices }) => (RESOURCE.endsWith(`/${resource}`) ? devices : [])),
  );
  const vfs = Object.entries(state.devices).flatMap(([address, { vf, driver }]) => {
    if (vf === undefined) return [];
    const isWithdrawn = withdrawn.some(({ pf, vfs: ids }) => pf === vf.pf && (ids?.includes(vf.index) ?? true));
    const isAllocated = users.allocations[address] !== undefined;
    const isHeld = isWithdrawn && !isAllocated && back.has(address);
    const isHealthy = isAllocated || isHeld || (driver !== undefined && !isWithdrawn);
    return [{ address, isWithdrawn, isHealthy, isHeld }];
  });
  return {
    healthy: vfs.flatMap(({ address, isHealthy }) => (isHealthy ? [address] : [])),
    unhealthy: vfs.flatMap(({ address, isHealthy }) => (isHealthy ? [] : [address])),
    held: vfs.flatMap(({ address, isHeld }) => (isHeld ? [address] : [])),
    withdrawn: vfs.flatMap(({ address, isHealthy, isWithdrawn }) => (isWithdrawn && !isHealthy ? [address] : [])),
  };
}

/** The devices for which allocations wait. */
export function heldBy(machine: Machine): readonly string[] {
  return offerOf(machine).held;
}

/**
 * An instance that serves tells the kubelet what it offers now; without one nothing can be given to pods. The kubelet
 * counts the devices that were called healthy last, those of pods among them, and none when the last connection ends
 * (kubelet v1.37, pkg/kubelet/cm/devicemanager/manager.go: GetAllocatableDevices, markResourceUnhealthy).
 */
export function tellKubelet(machine: Machine): void {
  const { plugin } = machine.state;
  if (plugin === undefined || plugin.isUnheard === true) return;
  plugin.allocatable = plugin.running.length === 0 ? [] : [...offerOf(machine).healthy];
}

/** Reads the hand-over file and tells the kubelet, as the plugin does for Sync, and what it then answers. */
export function sync(machine: Machine): SyncAnswer {
  const { plugin } = machine;
  readAgain(machine);
  const { healthy, unhealthy, withdrawn, held } = offerOf(machine);
  tellKubelet(machine);
  const { config } = readHandover(plugin.read);
  return {
    resources: [{ name: RESOURCE, healthy, unhealthy }],
    heldBack:
      withdrawn.length === 0
        ? []
        : [
            {
              resource: RESOURCE,
              devices: withdrawn,
              reason: 'Withdrawn',
              message: `${RESOURCE}: they are about to change`,
            },
          ],
    configProblems: [],
    ...(config !== undefined && { configHash: config.hash }),
    held,
    allocating: plugin.allocating,
    ...plugin.says,
  };
}

/** An instance looks into the hand-over file. */
export function readAgain({ plugin, state }: Machine): void {
  const text = state.runFiles?.['handover.json'];
  if (text === undefined) delete plugin.read;
  else plugin.read = text;
}

const NOTHING: Handover = { withdrawn: [] };

function readHandover(text: string | undefined): Handover {
  return text === undefined ? NOTHING : handoverSchema.parse(JSON.parse(text));
}
