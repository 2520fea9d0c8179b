import { SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { isNotFound, type KubeClient } from '@sriov/kube';
import { describeGuids, describePlan, describeWithdrawals } from '@sriov/node-plan';
import { describeRestart, foreseeRestart } from '@sriov/plugin-restart';
import { ServiceError } from '@sriov/runtime';
import { listSockets } from './device-plugin/sync-plugins.ts';
import { type LookPorts, wishOf } from './gather.ts';
import { lookAndPlan } from './look-and-plan.ts';
import { findDelays, withDelays } from './plugin-restart/apply-restart.ts';
import { gatherForeseen } from './plugin-restart/gather-restart.ts';
import { type Settings } from './settings.ts';

/** Prints what would be done to the host, by the planner that does it. @throws {ServiceError} `NO_NODE_STATE` */
export async function printPlan(client: KubeClient, host: LookPorts, settings: Settings): Promise<void> {
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
    iommu: settings.iommu,
    maxReboots: settings.maxReboots,
  });
  const sockets = await listSockets(host.kernel);
  const learns = sockets.length > 0 && typeof sockets !== 'string';
  const foreseen = gatherForeseen(nodeState, { facts, plan, record: journal.plugin, learns });
  const isDue = foreseeRestart(foreseen).action === 'list-pods';
  const delays = isDue ? await findDelays(host.kernel, nodeState, facts) : [];
  const delayed = withDelays(foreseen, delays);
  const lines = [
    ...(typeof sockets === 'string' ? [`whether the device plugin is the operator's cannot be seen: ${sockets}`] : []),
    ...(learns ? describeWithdrawals(plan) : []),
    ...describePlan({ ...plan, problems: [...plan.problems, ...delays] }),
    ...describeGuids(plan),
    ...describeRestart(foreseeRestart(delayed), delayed.unsettled),
  ];
  process.stdout.write(
    `${(lines.length > 0 ? lines : ['nothing to do: the host is as the spec wants it']).join('\n')}\n`,
  );
}
