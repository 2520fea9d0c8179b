import { z } from 'zod';
import { HANDOVER_FOLDER } from './handover.ts';

/**
 * Method of the device plugin's own gRPC service: read the hand-over file, the configuration and the host again, send
 * the kubelet what is offered now, and then answer with a {@link SyncAnswer} as JSON in UTF-8. The request is empty.
 */
export const SYNC_METHOD = '/sriov.operator.DevicePlugin/Sync';

/**
 * Path of the socket of one instance of the device plugin. An instance serves it, then reads the hand-over file, and
 * only then offers anything: what the daemon wrote before it found no socket is read by every instance that comes. Several can run on a node, as one takes the place of
 * another, and the kubelet counts the list that any of them sent last. The config daemon therefore calls all of them.
 * @param instance letters, digits and `-`
 */
export function syncSocketPath(instance: string): string {
  return `${HANDOVER_FOLDER}/device-plugin-${instance}.sock`;
}

/** True for the name of a socket of {@link syncSocketPath} in its folder. An instance that was killed leaves its own. */
export function isSyncSocket(name: string): boolean {
  return /^device-plugin-[A-Za-z0-9-]+\.sock$/.test(name);
}

const resourceSchema = z
  .object({
    /** With its prefix: `openshift.io/intelnics`. */
    name: z.string(),
    /** Ids of devices that the kubelet may give to pods, or has given. */
    healthy: z.array(z.string()).readonly(),
    /** Ids of devices that it must not give to pods now. */
    unhealthy: z.array(z.string()).readonly(),
    /** Why the kubelet does not know the resource: a sentence; absent when it does. */
    unregistered: z.string().optional(),
  })
  .readonly();

/** Why devices are not offered. */
export type HeldBackReason =
  /** They are about to change. */
  | 'Withdrawn'
  /** No driver is bound, or another one than the resource asks for. */
  | 'WrongDriver'
  /** Their PF is administratively down. */
  | 'PfDown'
  /** The host uses them. */
  | 'HostInterface'
  /** A pod has them under another resource. */
  | 'AllocatedElsewhere'
  /** A pod has a device that is no longer there. */
  | 'Gone'
  /** They, or whether a pod has them, cannot be known at the moment. */
  | 'Unreadable';

const heldBackSchema = z
  .object({
    resource: z.string(),
    devices: z.array(z.string()).readonly(),
    /** A {@link HeldBackReason}; a newer device plugin may know others, and the message says what they are. */
    reason: z.string(),
    /** One sentence for all of these devices, which names the resource and them. */
    message: z.string(),
  })
  .readonly();
/** Devices of a resource that are not offered, for one reason. */
export type HeldBack = z.infer<typeof heldBackSchema>;

/** What the device plugin offers, and what it does not. */
export const syncAnswerSchema = z
  .object({
    resources: z.array(resourceSchema).readonly(),
    heldBack: z.array(heldBackSchema).readonly(),
    /** What is wrong with the configuration: a sentence for each problem. */
    configProblems: z.array(z.string()).readonly(),
    /** Hash of the handed-over configuration that is in force; absent when the one of the config file is. */
    configHash: z.string().optional(),
    /**
     * Ids of withdrawn devices that are listed as healthy all the same, because they return: an allocation of them waits,
     * and gets them as they are then. Absent in answers of older device plugins, which have none.
     */
    held: z.array(z.string()).readonly().default([]),
    /** Ids of devices that the kubelet is being given for a pod at this moment. An allocation that waits has none. */
    allocating: z.array(z.string()).readonly(),
  })
  .readonly();
/** What {@link SYNC} answers. */
export type SyncAnswer = z.infer<typeof syncAnswerSchema>;
