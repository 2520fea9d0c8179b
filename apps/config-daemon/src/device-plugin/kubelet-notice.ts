import { type Kernel, readAllocatable, readAllocations } from '@sriov/host';
import { type Clock } from '@sriov/runtime';

/** Longest wait for the kubelet to take note. */
export const NOTICE_MS = 15_000;
/** The kubelet answers at most 100 questions per second, of all who ask. */
const POLL_MS = 250;

/** What the kubelet knows of devices that were withdrawn. */
export interface KubeletNotice {
  /** Devices that pods have been given meanwhile: who, by id. They stay healthy, because nobody else can get them. */
  readonly taken: ReadonlyMap<string, string>;
  /** Ids of devices that it could still give to a pod when the time was over. */
  readonly late: readonly string[];
  /** Why nobody knows what it could give to pods. */
  readonly unknown?: string;
}

/** Waits until the kubelet can give none of the devices to a pod any more. Never rejects. */
export async function untilNoticed(
  { kernel, clock }: { readonly kernel: Kernel; readonly clock: Pick<Clock, 'elapsed' | 'sleep'> },
  devices: readonly string[],
): Promise<KubeletNotice> {
  const end = clock.elapsed() + NOTICE_MS;
  for (;;) {
    const notice = await askKubelet(kernel, devices);
    if (notice.late.length === 0 || clock.elapsed() >= end) return notice;
    await clock.sleep(POLL_MS);
  }
}

async function askKubelet(kernel: Kernel, devices: readonly string[]): Promise<KubeletNotice> {
  const nobody = new Map<string, string>();
  if (devices.length === 0) return { taken: nobody, late: [] };
  const allocatable = await readAllocatable(kernel);
  if (allocatable.unknown !== undefined) return { taken: nobody, late: devices, unknown: allocatable.unknown };
  const offered = devices.filter((id) => allocatable.devices.has(id));
  if (offered.length === 0) return { taken: nobody, late: [] };
  const { byDevice } = await readAllocations(kernel);
  const taken = offered.flatMap((id) => {
    const who = byDevice.get(id);
    return who === undefined ? [] : [[id, who] as const];
  });
  return { taken: new Map(taken), late: offered.filter((id) => !byDevice.has(id)) };
}
