import { CONDITION, REASON } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { type SyncAnswer } from '@sriov/plugin-handover';
import { counted } from '@sriov/words';

/** A device that a pod has, and that the host has not. */
export interface GoneDevice {
  readonly resource: string;
  readonly device: string;
  /** Who has it, as people know it: `pod default/web`. */
  readonly holder: string;
}

/** What is known of the resources of a node. */
export interface KnownResources {
  /** What the operator's device plugin says. */
  readonly answer?: SyncAnswer;
  /** Why nobody knows what it says, as a sentence. */
  readonly silence?: { readonly reason: NewCondition['reason']; readonly cause: string };
  /** Found without a device plugin that could be asked. */
  readonly gone: readonly GoneDevice[];
}

/**
 * The condition that says whether pods are offered what the node's resources have, and what is held back and why, with
 * a line for each cause, the gravest first. `undefined`: nobody knows.
 */
export function resourcesCondition({ answer, silence, gone }: KnownResources): NewCondition | undefined {
  const type = CONDITION.resourcesOffered;
  if (silence !== undefined) {
    const message = `${silence.cause}: nobody knows what pods are offered`;
    return { type, status: 'Unknown', reason: silence.reason, message };
  }
  const faults = [...(answer ? faultsOf(answer) : []), ...goneFaults(gone)];
  const [first] = faults;
  if (first !== undefined) {
    const lines = faults.flatMap(({ reason, line }) => (reason === first.reason ? [line] : []));
    const others = faults.flatMap(({ reason, line }) => (reason === first.reason ? [] : [line]));
    return { type, status: 'False', reason: first.reason, message: [...lines.sort(), ...others.sort()].join('\n') };
  }
  if (answer === undefined) return undefined;
  return { type, status: 'True', reason: REASON.resourcesOffered, message: offered(answer) };
}

interface Fault {
  readonly reason: (typeof REASON)[keyof typeof REASON];
  readonly line: string;
}

function faultsOf({ configProblems, resources, heldBack }: SyncAnswer): Fault[] {
  const gone = heldBack.filter(({ reason }) => reason === 'Gone');
  return [
    ...configProblems.map((line) => ({ reason: REASON.devicePluginConfigInvalid, line })),
    ...resources.flatMap(({ name, unregistered }) =>
      unregistered === undefined ? [] : [{ reason: REASON.resourceUnregistered, line: `${name}: ${unregistered}` }],
    ),
    ...gone.map((held) => ({ reason: REASON.deviceGone, line: `${held.message}: ${GONE_CURE}` })),
    ...heldBack
      .filter((held) => !gone.includes(held))
      .map(({ message }) => ({ reason: REASON.devicesHeldBack, line: message })),
  ];
}

function goneFaults(gone: readonly GoneDevice[]): Fault[] {
  return gone.map(({ resource, device, holder }) => ({
    reason: REASON.deviceGone,
    line: `${resource}: ${holder} has ${device}, which is no longer there: ${GONE_CURE}`,
  }));
}

const GONE_CURE = 'delete the pod, it cannot get the device back';

function offered({ resources }: SyncAnswer): string {
  const devices = new Set(resources.flatMap(({ healthy }) => healthy));
  return `pods are offered ${counted(devices.size, 'device')} of ${counted(resources.length, 'resource')}`;
}
