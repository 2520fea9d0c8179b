import protobuf from 'protobufjs';
import { z } from 'zod';
import { faultOfHost } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { listNames } from '../kernel/sysfs.ts';
import { understandJson } from '../kernel/understand.ts';
import { readKubeletAnswer } from './kubelet-answer.ts';

/** Where the kubelet tells which devices it has given to pods. */
export const POD_RESOURCES = { folder: '/var/lib/kubelet/pod-resources', socket: 'kubelet.sock' } as const;
/** File in which the kubelet's device manager remembers the same. It knows pods by their UID alone. */
export const DEVICE_CHECKPOINT = '/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint';
/** Method that lists the devices of all pods which have not ended. */
export const LIST_POD_RESOURCES = {
  socket: `${POD_RESOURCES.folder}/${POD_RESOURCES.socket}`,
  method: '/v1.PodResourcesLister/List',
} as const;

/** A pod that has a device, and the resource by which it asked for it. */
export interface Allocated {
  /** `openshift.io/intelnics`; empty where the kubelet does not say. */
  readonly resource: string;
  /** `namespace/name`, or `UID ...` where only the file of the device manager tells. */
  readonly pod: string;
}

/** Devices that the kubelet has given to pods. */
export interface Allocations {
  /** Who has a device, by its id, which is the PCI address of a VF: words for people. */
  readonly byDevice: ReadonlyMap<string, string>;
  /** The same as data. It is one pod, unless a faulty plugin gives a device to two. */
  readonly allocated: ReadonlyMap<string, readonly Allocated[]>;
  /** Why there may be more than these: the kubelet may have given away others. */
  readonly unknown?: string;
  /** Why nothing is known: there is no kubelet that could be asked. */
  readonly missing?: string;
}

/** Longest wait for the kubelet, which answers within milliseconds. */
const LIST_MS = 5_000;

/**
 * Asks the kubelet which devices it has given to pods; a pod need not have started for that. Where the kubelet has no
 * socket or does not answer, the file of its device manager counts. After its start, a kubelet answers before it knows
 * its pods: first with none, then with those that it has from files. Such an answer lacks the pod of this process, or
 * any pod at all, and then the file counts as well.
 */
export async function readAllocations(kernel: Kernel): Promise<Allocations> {
  const answer = await askKubelet(kernel);
  if (typeof answer !== 'object') return withoutAnswer(answer, await readCheckpoint(kernel));
  const doubt = doubtOf(answer, kernel.pod);
  if (doubt === undefined) return tell(answer.given);
  // Outside a pod, a kubelet that has just started looks like one that never had a pod.
  const absent: readonly Given[] | string = kernel.pod === undefined ? [] : `there is no ${DEVICE_CHECKPOINT}`;
  return fill(answer.given, (await readCheckpoint(kernel)) ?? absent, doubt);
}

function withoutAnswer(cause: string | undefined, checkpoint: readonly Given[] | string | undefined): Allocations {
  if (typeof checkpoint === 'object') return tell(checkpoint);
  const causes = [cause, checkpoint].filter((each) => each !== undefined);
  if (causes.length > 0) return { ...tell([]), unknown: `the kubelet cannot be asked (${causes.join('; ')})` };
  return {
    ...tell([]),
    missing: `there is neither ${LIST_POD_RESOURCES.socket} nor ${DEVICE_CHECKPOINT}: a VF that the kubelet has given to a pod, and that nothing else shows to be in use, counts as free`,
  };
}

/** A device that the kubelet has given to a pod. */
interface Given extends Allocated {
  readonly id: string;
}

/** What the kubelet answers: pods, with or without devices, and what it has given to them. */
interface Answer {
  readonly pods: readonly string[];
  readonly given: readonly Given[];
}

/** Why the answer may not be all; nothing when it is. */
function doubtOf({ pods }: Answer, own: string | undefined): string | undefined {
  if (own !== undefined) return pods.includes(own) ? undefined : `the kubelet does not know the pod ${own} yet`;
  return pods.length === 0 ? 'the kubelet knows no pod yet' : undefined;
}

/** Adds what the file tells of devices that the answer does not name. */
function fill(given: readonly Given[], checkpoint: readonly Given[] | string, doubt: string): Allocations {
  if (typeof checkpoint === 'string') return { ...tell(given), unknown: `${doubt}, and ${checkpoint}` };
  const known = new Set(given.map(({ id }) => id));
  return tell([...given, ...checkpoint.filter(({ id }) => !known.has(id))]);
}

/** The answer; a string when there was none; nothing when there is no kubelet to ask. */
async function askKubelet(kernel: Kernel): Promise<Answer | string | undefined> {
  try {
    const names = await listNames(kernel, POD_RESOURCES.folder);
    if (!names.includes(POD_RESOURCES.socket)) return undefined;
    const bytes = await kernel.call(LIST_POD_RESOURCES, new Uint8Array(), { deadlineMs: LIST_MS });
    return readAnswer(readKubeletAnswer(answerType, answerSchema, bytes));
  } catch (error) {
    return faultOfHost(error);
  }
}

const containerDevices = z.object({
  resourceName: z.string().default(''),
  deviceIds: z.array(z.string()).default([]),
});

const answerSchema = z.object({
  podResources: z
    .array(
      z.object({
        name: z.string().default(''),
        namespace: z.string().default(''),
        containers: z.array(z.object({ devices: z.array(containerDevices).default([]) })).default([]),
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

/** The answer as it goes over the wire, for those who stand in for a kubelet. */
export function encodePodResources(answer: PodResourcesAnswer): Uint8Array {
  return answerType.encode(answerType.fromObject(answer)).finish();
}

function readAnswer({ podResources }: z.output<typeof answerSchema>): Answer {
  const pods = podResources.map((each) => ({ ...each, pod: `${each.namespace}/${each.name}` }));
  return {
    pods: pods.map(({ pod }) => pod),
    given: pods.flatMap(({ pod, containers }) =>
      containers.flatMap(({ devices }) =>
        devices.flatMap(({ resourceName: resource, deviceIds }) => deviceIds.map((id) => ({ id, resource, pod }))),
      ),
    ),
  };
}

const checkpointSchema = z.object({
  Data: z.object({
    PodDeviceEntries: z
      .array(
        z.object({
          PodUID: z.string(),
          ResourceName: z.string().default(''),
          // By NUMA node; kubelets before 1.20 wrote a list.
          DeviceIDs: z.union([z.array(z.string()), z.record(z.string(), z.array(z.string()).nullable())]).nullish(),
        }),
      )
      .nullish(),
  }),
});

/** What the file says; a string when it cannot be read; nothing when there is none. */
async function readCheckpoint(kernel: Kernel): Promise<readonly Given[] | string | undefined> {
  try {
    const { Data } = understandJson(checkpointSchema, await kernel.read(DEVICE_CHECKPOINT), DEVICE_CHECKPOINT);
    return (Data.PodDeviceEntries ?? []).flatMap(({ PodUID, ResourceName: resource, DeviceIDs }) =>
      Object.values<string | readonly string[] | null>(DeviceIDs ?? {})
        .flat()
        .flatMap((id) => (id === null ? [] : [{ id, resource, pod: `${BY_UID}${PodUID}` }])),
    );
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    return faultOfHost(error);
  }
}

/** No namespace begins so. */
const BY_UID = 'UID ';

/** Containers of a pod can share a device, and faulty plugins give one to two pods. */
function tell(given: readonly Given[]): Pick<Allocations, 'byDevice' | 'allocated'> {
  const allocated = new Map<string, Allocated[]>();
  for (const { id, resource, pod } of given) {
    const known = allocated.get(id) ?? [];
    if (known.some((other) => other.pod === pod && other.resource === resource)) continue;
    allocated.set(id, [...known, { resource, pod }]);
  }
  return { byDevice: new Map([...allocated].map(([id, owners]) => [id, wordsOf(owners)])), allocated };
}

function wordsOf(owners: readonly Allocated[]): string {
  const pods = [...new Set(owners.map(({ pod }) => pod))];
  return pods.map((pod) => (pod.startsWith(BY_UID) ? `the pod with the ${pod}` : `pod ${pod}`)).join(', ');
}
