import { messageOf } from '@sriov/errors';
import protobuf from 'protobufjs';
import { z } from 'zod';
import { isErrno, type Kernel, KernelError } from '../kernel/kernel.ts';
import { listNames } from '../kernel/sysfs.ts';

/** Where the kubelet tells which devices it has given to pods. */
export const POD_RESOURCES = { folder: '/var/lib/kubelet/pod-resources', socket: 'kubelet.sock' } as const;
/** File in which the kubelet's device manager remembers the same. It knows pods by their UID alone. */
export const DEVICE_CHECKPOINT = '/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint';
/** Method that lists the devices of all pods which have not ended. */
export const LIST_POD_RESOURCES = {
  socket: `${POD_RESOURCES.folder}/${POD_RESOURCES.socket}`,
  method: '/v1.PodResourcesLister/List',
} as const;

/** Devices that the kubelet has given to pods. */
export interface Allocations {
  /** Who has a device, by its id, which is the PCI address of a VF: words for people. */
  readonly byDevice: ReadonlyMap<string, string>;
  /** Why nothing is known although the kubelet may have given devices away. */
  readonly unknown?: string;
  /** Why nothing is known: there is no kubelet that could be asked. */
  readonly missing?: string;
}

/** Longest wait for the kubelet, which answers within milliseconds. */
const LIST_MS = 5_000;

/**
 * Asks the kubelet which devices it has given to pods; a pod need not have started for that. Where the kubelet has no
 * socket or does not answer, the file of its device manager counts.
 */
export async function readAllocations(kernel: Kernel): Promise<Allocations> {
  const answer = await askKubelet(kernel);
  if (typeof answer !== 'string' && answer !== undefined) return { byDevice: answer };
  const checkpoint = await readCheckpoint(kernel);
  if (typeof checkpoint !== 'string' && checkpoint !== undefined) return { byDevice: checkpoint };
  const causes = [answer, checkpoint].filter((cause) => cause !== undefined);
  const byDevice = new Map<string, string>();
  if (causes.length > 0) return { byDevice, unknown: `the kubelet cannot be asked (${causes.join('; ')})` };
  return {
    byDevice,
    missing: `there is neither ${LIST_POD_RESOURCES.socket} nor ${DEVICE_CHECKPOINT}: a VF that the kubelet has given to a pod, and that nothing else shows to be in use, counts as free`,
  };
}

/** The answer; a string when there was none; nothing when there is no kubelet to ask. */
async function askKubelet(kernel: Kernel): Promise<Map<string, string> | string | undefined> {
  try {
    const names = await listNames(kernel, POD_RESOURCES.folder);
    if (!names.includes(POD_RESOURCES.socket)) return undefined;
    return byDevice(decodeAnswer(await kernel.call(LIST_POD_RESOURCES, new Uint8Array(), { deadlineMs: LIST_MS })));
  } catch (error) {
    return messageOf(error);
  }
}

const answerSchema = z.object({
  podResources: z
    .array(
      z.object({
        name: z.string().default(''),
        namespace: z.string().default(''),
        containers: z
          .array(z.object({ devices: z.array(z.object({ deviceIds: z.array(z.string()).default([]) })).default([]) }))
          .default([]),
      }),
    )
    .default([]),
});

/** The part of the answer of `v1.PodResourcesLister/List` that is read here. */
export type PodResourcesAnswer = z.input<typeof answerSchema>;

/**
 * k8s.io/kubelet/pkg/apis/podresources/v1/api.proto, without the fields that nobody here reads; unknown fields are
 * skipped over.
 */
const answerType = protobuf
  .parse(
    `
  syntax = "proto3";
  package v1;
  message ListPodResourcesResponse { repeated PodResources pod_resources = 1; }
  message PodResources { string name = 1; string namespace = 2; repeated ContainerResources containers = 3; }
  message ContainerResources { string name = 1; repeated ContainerDevices devices = 2; }
  message ContainerDevices { string resource_name = 1; repeated string device_ids = 2; }
`,
  )
  .root.lookupType('v1.ListPodResourcesResponse');

/** @throws {Error} when the bytes are not such a message */
function decodeAnswer(bytes: Uint8Array): z.output<typeof answerSchema> {
  return answerSchema.parse(answerType.toObject(answerType.decode(bytes)));
}

/** The answer as it goes over the wire, for those who stand in for a kubelet. */
export function encodePodResources(answer: PodResourcesAnswer): Uint8Array {
  return answerType.encode(answerType.fromObject(answer)).finish();
}

function byDevice({ podResources }: z.output<typeof answerSchema>): Map<string, string> {
  const owners = podResources.flatMap(({ namespace, name, containers }) =>
    containers.flatMap(({ devices }) =>
      devices.flatMap(({ deviceIds }) => deviceIds.map((id) => [id, `pod ${namespace}/${name}`] as const)),
    ),
  );
  return mergeOwners(owners);
}

const checkpointSchema = z.object({
  Data: z.object({
    PodDeviceEntries: z
      .array(
        z.object({
          PodUID: z.string(),
          // By NUMA node; kubelets before 1.20 wrote a list.
          DeviceIDs: z.union([z.array(z.string()), z.record(z.string(), z.array(z.string()).nullable())]).nullish(),
        }),
      )
      .nullish(),
  }),
});

/** What the file says; a string when it cannot be read; nothing when there is none. */
async function readCheckpoint(kernel: Kernel): Promise<Map<string, string> | string | undefined> {
  try {
    const { Data } = checkpointSchema.parse(JSON.parse(await kernel.read(DEVICE_CHECKPOINT)));
    const owners = (Data.PodDeviceEntries ?? []).flatMap(({ PodUID, DeviceIDs }) =>
      Object.values(DeviceIDs ?? {})
        .flat()
        .flatMap((id) => (id === null ? [] : [[id, `the pod with the UID ${PodUID}`] as const])),
    );
    return mergeOwners(owners);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    return error instanceof KernelError ? error.message : `${DEVICE_CHECKPOINT} cannot be understood`;
  }
}

/** Containers of a pod can share a device, and faulty plugins give one to two pods. */
function mergeOwners(owners: readonly (readonly [id: string, owner: string])[]): Map<string, string> {
  const merged = new Map<string, string>();
  for (const [id, owner] of owners) {
    const known = merged.get(id);
    if (known === undefined) merged.set(id, owner);
    else if (!known.split(', ').includes(owner)) merged.set(id, `${known}, ${owner}`);
  }
  return merged;
}
