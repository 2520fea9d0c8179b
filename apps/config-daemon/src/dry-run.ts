import { ANNOTATION, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { isNotFound, type KubeClient } from '@sriov/kube';
import { describePlan } from '@sriov/node-plan';
import { ServiceError } from '@sriov/runtime';
import { type HostPorts, wishOf } from './gather.ts';
import { lookAndPlan } from './look-and-plan.ts';
import { decideRestart, vfChanges } from './plugin-restart/decide-restart.ts';
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
  const because = vfChanges(plan, facts);
  const { owed } = decideRestart({
    before: journal.plugin,
    now: { ...journal.plugin, ...(because.length > 0 && { owed: { because } }) },
    configHash: nodeState.metadata.annotations?.[ANNOTATION.devicePluginConfigHash],
    hasChangedVfs: because.length > 0,
    unsettled: [],
  }).record;
  // Nothing is restarted for a spec that was not planned.
  const restart =
    owed && facts.plannedFrom !== undefined
      ? ['restart the device plugin:', ...owed.because.map((reason) => `  because ${reason}`)]
      : [];
  const lines = [...describePlan(plan), ...restart];
  process.stdout.write(
    `${(lines.length > 0 ? lines : ['nothing to do: the host is as the spec wants it']).join('\n')}\n`,
  );
}
