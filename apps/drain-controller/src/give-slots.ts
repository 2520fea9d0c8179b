import { ANNOTATION, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { ApiError, isAnswerLost, isNotFound } from '@sriov/kube';
import pLimit from 'p-limit';
import { grant, type Target, type WritePorts } from './apply.ts';
import { type GivenSlots } from './given-slots.ts';
import { type Refusals } from './refusals.ts';

/** What giving slots works with. */
export interface SlotPorts extends WritePorts {
  readonly givenSlots: GivenSlots;
  readonly refusals: Refusals;
}

/** Requests at the same time. */
const AT_ONCE = 16;

/**
 * Gives each of the nodes its slot. A node whose slot cannot be written is noted, and keeps no other from its own.
 * @throws what is no answer of the API server
 */
export async function giveSlots(ports: SlotPorts, targets: readonly Target[]): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const ends = await Promise.allSettled(targets.map((target) => limit(() => giveSlot(ports, target))));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function giveSlot(ports: SlotPorts, target: Target): Promise<void> {
  const { givenSlots, refusals, log } = ports;
  const { name } = target;
  try {
    givenSlots.note(name, await grant(ports, target));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // What has changed meanwhile, or is to be asked later, is looked at again.
    if (LATER.includes(error.status)) return;
    log.warn({ err: error, node: name }, 'could not write that the node is drained from now on');
    if (isAnswerLost(error)) givenSlots.doubt(name, error.message);
    else refusals.note(name, error.message);
  }
}

/** 404, 409: the node state is gone, or has changed since it was seen. 429: the API server has too much to do. */
const LATER = [404, 409, 429];

/**
 * Looks, past the cache, whether the nodes have their slot of which nobody knows that. Where the look fails they stay
 * in doubt.
 */
export async function settleDoubts(ports: SlotPorts): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const { givenSlots } = ports;
  await Promise.all([...givenSlots.doubtful()].map(([name, lost]) => limit(() => settleDoubt(ports, name, lost))));
}

async function settleDoubt(ports: SlotPorts, name: string, lost: string): Promise<void> {
  const { client, namespace, givenSlots, refusals, log } = ports;
  try {
    const { metadata } = await client.get(SRIOV_NETWORK_NODE_STATE, { name, namespace });
    const hasSlot = (metadata.annotations?.[ANNOTATION.currentState] ?? 'Idle') !== 'Idle';
    givenSlots.settle(name, hasSlot ? metadata.resourceVersion : undefined);
    // The next in line has its turn before the same is tried again.
    if (!hasSlot) refusals.note(name, lost);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (isNotFound(error)) givenSlots.settle(name, undefined);
    else log.warn({ err: error, node: name }, 'cannot read whether the node has its slot: it counts as one that has');
  }
}
