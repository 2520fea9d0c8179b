import { REASON, SRIOV_OPERATOR_CONFIG, type SriovOperatorConfig } from '@sriov/api';
import { type EventRecorder, isNotFound, type KubeClient } from '@sriov/kube';
import {
  acceptedForm,
  DAEMON_SET,
  objectToApply,
  operandKeyOf,
  type OperandWrite,
  type PresentObject,
} from '@sriov/operands';
import { type Logger } from '@sriov/runtime';
import { type AcceptedForms } from './accepted-forms.ts';

/** What writes go through. */
export interface WritePorts {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly accepted: AcceptedForms;
  readonly log: Logger;
}

/** Most paths in a sentence: a whole object may differ. */
const MOST_PATHS = 5;

/** Carries the writes out, in order; the first failure ends it, and the next reconcile plans again. */
export async function apply(
  ports: WritePorts,
  config: SriovOperatorConfig,
  writes: readonly OperandWrite[],
): Promise<void> {
  for (const write of writes) {
    const { kind, resource, object } = write;
    switch (kind) {
      case 'apply': {
        const answer = await ports.client.apply(resource, objectToApply(write));
        ports.accepted.set(operandKeyOf(write), acceptedForm(write, answer));
        if (write.differences.length > 0) tellOfRestored(ports, config, write);
        break;
      }
      case 'replace':
        // The pods of a DaemonSet run on without it, and its successor takes them over.
        await remove(ports.client, write, resource === DAEMON_SET);
        break;
      case 'delete':
        await remove(ports.client, write, false);
        break;
    }
    ports.log.info({ write: kind, kind: resource.kind, name: object.metadata.name }, 'operand changed');
  }
}

async function remove(client: KubeClient, { resource, object }: PresentObject, leavesPods: boolean): Promise<void> {
  const { uid } = object.metadata;
  try {
    await client.delete(resource, object.metadata, { uid }, leavesPods ? 'Orphan' : 'Background');
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function tellOfRestored(
  { recorder }: WritePorts,
  config: SriovOperatorConfig,
  { resource, object, differences }: Extract<OperandWrite, { kind: 'apply' }>,
): void {
  const paths = differences.slice(0, MOST_PATHS).join(', ');
  const message = `somebody has changed the ${resource.kind} ${object.metadata.name}, and it was put back: ${paths}`;
  recorder.record(SRIOV_OPERATOR_CONFIG, config, { type: 'Warning', reason: REASON.operandRestored, message });
}
