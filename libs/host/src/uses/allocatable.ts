import protobuf from 'protobufjs';
import { z } from 'zod';
import { faultOfHost } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { listNames } from '../kernel/sysfs.ts';
import { readKubeletAnswer } from './kubelet-answer.ts';
import { DEVICE_CHECKPOINT, LIST_POD_RESOURCES, POD_RESOURCES } from './pod-resources.ts';

/** Method that lists the devices that the kubelet counts as healthy, whether or not a pod has them. */
export const GET_ALLOCATABLE_RESOURCES = {
  socket: LIST_POD_RESOURCES.socket,
  method: '/v1.PodResourcesLister/GetAllocatableResources',
} as const;

/** Devices that the kubelet can give to pods. */
export interface Allocatable {
  /** Ids of devices; that of a VF is its PCI address. */
  readonly devices: ReadonlySet<string>;
  /** Why nothing is known although there is a kubelet, or may be. */
  readonly unknown?: string;
}

/** Longest wait for the kubelet, which answers within milliseconds. */
const ANSWER_MS = 5_000;

/** Asks the kubelet which devices it can give to pods; none where there is no kubelet. */
export async function readAllocatable(kernel: Kernel): Promise<Allocatable> {
  try {
    const names = await listNames(kernel, POD_RESOURCES.folder);
    if (!names.includes(POD_RESOURCES.socket)) return await withoutSocket(kernel);
    const bytes = await kernel.call(GET_ALLOCATABLE_RESOURCES, new Uint8Array(), { deadlineMs: ANSWER_MS });
    const { devices } = readKubeletAnswer(answerType, answerSchema, bytes);
    return { devices: new Set(devices.flatMap(({ deviceIds }) => deviceIds)) };
  } catch (error) {
    return { devices: new Set(), unknown: faultOfHost(error) };
  }
}

/** A kubelet that has left its file is away for a moment, or hides its socket. */
async function withoutSocket(kernel: Kernel): Promise<Allocatable> {
  const end = DEVICE_CHECKPOINT.lastIndexOf('/');
  const names = await listNames(kernel, DEVICE_CHECKPOINT.slice(0, end));
  const devices = new Set<string>();
  const isThere = names.includes(DEVICE_CHECKPOINT.slice(end + 1));
  return isThere ? { devices, unknown: `there is no ${GET_ALLOCATABLE_RESOURCES.socket}` } : { devices };
}

const answerSchema = z.object({
  devices: z
    .array(z.object({ resourceName: z.string().default(''), deviceIds: z.array(z.string()).default([]) }))
    .default([]),
});

/** The part of the answer that is read here. */
export type AllocatableAnswer = z.input<typeof answerSchema>;

/** k8s.io/kubelet/pkg/apis/podresources/v1/api.proto, without the fields that nobody here reads. */
const answerType = protobuf
  .parse(
    `
  syntax = "proto3";
  package v1;
  message AllocatableResourcesResponse { repeated ContainerDevices devices = 1; }
  message ContainerDevices { string resource_name = 1; repeated string device_ids = 2; }
`,
  )
  .root.lookupType('v1.AllocatableResourcesResponse');

/** The answer as it goes over the wire, for those who stand in for a kubelet. */
export function encodeAllocatable(answer: AllocatableAnswer): Uint8Array {
  return answerType.encode(answerType.fromObject(answer)).finish();
}
