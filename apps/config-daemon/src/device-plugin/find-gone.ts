import { CONDITION, REASON, type SriovNetworkNodeState } from '@sriov/api';
import { type Kernel, listNames, PCI_DEVICES, readAllocations } from '@sriov/host';
import { type GoneDevice, goneDevices, type HostFacts } from '@sriov/node-plan';
import { type DeviceHolder, type ObservedHost } from '@sriov/observed-host';

/** What a pass has seen. */
export interface SeenHost {
  readonly observed: Pick<ObservedHost, 'allocated'>;
  /** PFs of ours, with the entry that was last begun. */
  readonly owned: HostFacts['owned'];
}

/**
 * Finds devices that pods have and the host has not; `undefined` where nobody can know. The device plugin of somebody
 * else does not tell of them. The kubelet is asked where a pass has looked closely at the users of VFs, and as long as
 * the status says that a device is gone.
 */
export async function findGone(
  kernel: Kernel,
  nodeState: SriovNetworkNodeState,
  { observed, owned }: SeenHost,
): Promise<GoneDevice[] | undefined> {
  if (observed.allocated === undefined && !saysGone(nodeState)) return [];
  try {
    const allocated = observed.allocated ?? (await askKubelet(kernel));
    const present = new Set(await listNames(kernel, PCI_DEVICES));
    if (allocated === undefined || present.size === 0) return undefined;
    return goneDevices({ specs: [nodeState.spec ?? {}, { interfaces: [...owned.values()] }], allocated, present });
  } catch {
    return undefined;
  }
}

function saysGone({ status }: SriovNetworkNodeState): boolean {
  const told = status?.conditions?.find(({ type }) => type === CONDITION.resourcesOffered);
  return told?.reason === REASON.deviceGone;
}

async function askKubelet(kernel: Kernel): Promise<ReadonlyMap<string, readonly DeviceHolder[]> | undefined> {
  const { allocated, unknown } = await readAllocations(kernel);
  return unknown === undefined ? allocated : undefined;
}
