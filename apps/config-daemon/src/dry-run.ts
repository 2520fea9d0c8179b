import { SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { isNotFound, type KubeClient } from '@sriov/kube';
import { describePlan } from '@sriov/node-plan';
import { describeRestart, foreseeRestart } from '@sriov/plugin-restart';
import { ServiceError } from '@sriov/runtime';
import { type HostPorts, wishOf } from './gather.ts';
import { lookAndPlan } from './look-and-plan.ts';
import { gatherForeseen } from './plugin-restart/gather-restart.ts';
import { type Settings } from './settings.ts';

/** Prints what would be done to the host, by the planner that does it. @throws {ServiceError} `NO_NODE_STATE` */
export async function printPlan(client: KubeClient, host: HostPorts, settings: Settings): Promise<void> {
  const ref = { namespace: settings.namespace, name: settings.nodeName };
  const nodeState = await client.get(SRIOV_NETWORK_NODE_STATE, ref).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new ServiceError('NO_NODE_STATE', `there is no SriovNetworkNodeState ${ref.namespace}/${ref.name}`);
  });
  const {
    gathered: { facts, journal },
    plan,
  } = await lookAndPlan(host, {
    ...wishOf(nodeState),
    allowHostInterfaces: settings.configureHostInterfaces,
  });
  const foreseen = gatherForeseen(nodeState, { facts, plan, record: journal.plugin });
  const lines = [...describePlan(plan), ...describeRestart(foreseeRestart(foreseen), foreseen.unsettled)];
  process.stdout.write(
    `${(lines.length > 0 ? lines : ['nothing to do: the host is as the spec wants it']).join('\n')}\n`,
  );
}
