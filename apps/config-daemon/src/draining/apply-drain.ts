import {
  ANNOTATION,
  type DrainRequest,
  formatTime,
  REASON,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { NODE } from '@sriov/kube';
import { type DrainPorts, OWN_NODE, WRITTEN } from './drain-ports.ts';
import { type DrainStep } from './plan-drain.ts';

/**
 * Writes what was decided about the drain. A request stands on both objects: on the Node first, and then on the node
 * state, unless that has changed since the decision. Whoever dies in between has not asked.
 * @throws {ApiError} 409 when the node state has changed
 */
export async function applyDrain(ports: DrainPorts, nodeState: SriovNetworkNodeState, step: DrainStep): Promise<void> {
  const { clock, log } = ports;
  switch (step.kind) {
    case 'none':
      return;
    case 'ask': {
      const askedAt = formatTime(clock.now());
      await request(ports, nodeState, { asked: step.request, askedAt });
      const what = step.request === 'Reboot_Required' ? 'a drain and a reboot' : 'a drain';
      const message = `asks for ${what}: ${step.why.join('; ')}`;
      ports.recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, {
        type: 'Normal',
        reason: REASON.drainWaiting,
        message,
      });
      log.info({ request: step.request, why: step.why }, 'asked to be drained');
      return;
    }
    case 'withdraw': {
      const { because, inVain } = step;
      const record = inVain === undefined ? {} : { [ANNOTATION.drainInVain]: JSON.stringify(inVain) };
      await request(ports, nodeState, { asked: 'Idle', askedAt: null, record });
      log.info({ because, ...inVain }, 'takes its request for a drain back');
      return;
    }
    case 'forget':
      return annotateState(ports, nodeState, { [ANNOTATION.drainInVain]: null });
    case 'mark':
      await annotateState(ports, nodeState, { [ANNOTATION.useExternalDrainer]: step.isExternal ? 'true' : null });
      log.info({ isExternal: step.isExternal }, 'said whether another controller drains the node');
  }
}

/** A request, and what else the node state says from then on. */
interface Request {
  readonly asked: DrainRequest;
  readonly askedAt: string | null;
  readonly record?: Readonly<Record<string, string>>;
}

async function request(
  ports: DrainPorts,
  nodeState: SriovNetworkNodeState,
  { asked, askedAt, record = {} }: Request,
): Promise<void> {
  const { client, expectations } = ports;
  const patch = { metadata: { annotations: { [ANNOTATION.nodeState]: asked } } };
  const { metadata } = await client.mergePatch(NODE, { name: nodeState.metadata.name }, { patch, metadataOnly: true });
  expectations.expect(OWN_NODE, WRITTEN.node, metadata.resourceVersion ?? '');
  await annotateState(ports, nodeState, {
    [ANNOTATION.desiredState]: asked,
    [ANNOTATION.drainAskedAt]: askedAt,
    ...record,
  });
}

async function annotateState(
  { client, expectations, getNodeState }: DrainPorts,
  { metadata: { name, namespace = '', uid } }: SriovNetworkNodeState,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  // The status that the pass has written is no other decision, and the cache shows it by now as a rule.
  const { resourceVersion } = getNodeState()?.metadata ?? {};
  const patch = { metadata: { annotations, resourceVersion, uid } };
  const { metadata } = await client.mergePatch(
    SRIOV_NETWORK_NODE_STATE,
    { name, namespace },
    { patch, metadataOnly: true },
  );
  expectations.expect(OWN_NODE, WRITTEN.nodeState, metadata.resourceVersion ?? '');
}
