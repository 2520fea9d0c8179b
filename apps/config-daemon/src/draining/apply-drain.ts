import {
  ANNOTATION,
  type DrainRequest,
  formatTime,
  REASON,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { NODE } from '@sriov/kube';
import { type DrainInVain } from './drain-in-vain.ts';
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
      await (inVain === undefined
        ? request(ports, nodeState, { asked: 'Idle', askedAt: null })
        : giveBack(ports, nodeState, inVain));
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

interface Request {
  readonly asked: DrainRequest;
  readonly askedAt: string | null;
}

async function request(
  ports: DrainPorts,
  nodeState: SriovNetworkNodeState,
  { asked, askedAt }: Request,
): Promise<void> {
  await annotateNode(ports, nodeState, asked);
  await annotateState(ports, nodeState, { [ANNOTATION.desiredState]: asked, [ANNOTATION.drainAskedAt]: askedAt });
}

/**
 * Takes a request back that was in vain: on the node state first, with the record of it. The other way round, whoever
 * dies in between, or finds that the node state has changed, would leave no record, and the node would be drained again.
 */
async function giveBack(ports: DrainPorts, nodeState: SriovNetworkNodeState, inVain: DrainInVain): Promise<void> {
  await annotateState(ports, nodeState, {
    [ANNOTATION.desiredState]: 'Idle',
    [ANNOTATION.drainAskedAt]: null,
    [ANNOTATION.drainInVain]: JSON.stringify(inVain),
  });
  await annotateNode(ports, nodeState, 'Idle');
}

async function annotateNode(
  { client, expectations }: DrainPorts,
  { metadata: { name } }: SriovNetworkNodeState,
  asked: DrainRequest,
): Promise<void> {
  const patch = { metadata: { annotations: { [ANNOTATION.nodeState]: asked } } };
  const { metadata } = await client.mergePatch(NODE, { name }, { patch, metadataOnly: true });
  expectations.expect(OWN_NODE, WRITTEN.node, metadata.resourceVersion ?? '');
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
