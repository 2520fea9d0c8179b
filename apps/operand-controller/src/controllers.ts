import { Controller, createControllerMetrics } from '@sriov/controller';
import { Cluster, type EventRecorder, type KubeClient } from '@sriov/kube';
import { type OperandName, OPERANDS } from '@sriov/operands';
import { type ServiceContext } from '@sriov/runtime';
import { AcceptedForms } from './accepted-forms.ts';
import { allInformers, type Caches, createCaches } from './caches.ts';
import { Findings } from './findings.ts';
import { reconcileOperand } from './reconcile-operand.ts';
import { reconcileOperatorConfig } from './reconcile-operator-config.ts';
import { reconcileStatus } from './reconcile-status.ts';
import { RestoreLimit } from './restore-limit.ts';
import { type Settings } from './settings.ts';
import { connectWatches, type Controllers, STATUS_KEY } from './watches.ts';

/** Follows the namespace of the operator, and runs the controllers while this replica leads. */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings } = context;
  const cluster = new Cluster(context, {
    service: 'operand-controller',
    leads: true,
    ...settings,
    kubeconfig: settings.kubeconfig,
  });
  const { client, recorder } = cluster;
  const caches = createCaches(cluster.informerContext, settings.namespace);
  const controllers = createControllers({ ...context, client, recorder, caches });
  await cluster.lead(allInformers(caches), async (signal) => {
    await Promise.all(Object.values(controllers).map((controller: Controller) => controller.run(signal)));
  });
}

/** What the controllers are made from: the process, the connection to the cluster, and the caches. */
interface ControllerParts extends Pick<ServiceContext<Settings>, 'settings' | 'log' | 'clock' | 'metrics'> {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
}

/**
 * Joins the parts. The keys of one controller are the operands: each is deployed apart from the others, and one that
 * fails holds up none of them. The other controllers have one key each: the SriovOperatorConfig and its status.
 */
function createControllers(parts: ControllerParts): Controllers {
  const { settings, clock, log } = parts;
  const options = { timers: clock, log, metrics: createControllerMetrics(parts.metrics) };
  const findings = new Findings();
  const context = {
    ...parts,
    namespace: settings.namespace,
    findings,
    now: (): number => clock.now(),
    accepted: new AcceptedForms(),
    restores: new RestoreLimit(() => clock.elapsed()),
    onFinding(name: OperandName, finding: Parameters<Findings['set']>[1]): void {
      findings.set(name, finding);
      status.enqueue(STATUS_KEY);
    },
  };
  const status = new Controller({ ...options, name: 'status', reconcile: () => reconcileStatus(context) });
  const operands = new Controller({
    ...options,
    name: 'operand',
    workers: OPERANDS.length,
    reconcile: (key) => reconcileOperand(context, key as OperandName),
    onFailing(key, failure) {
      findings.setFailure(key as OperandName, failure);
      status.enqueue(STATUS_KEY);
    },
  });
  const operatorConfig = new Controller({
    ...options,
    name: 'operator-config',
    reconcile: () => reconcileOperatorConfig(context),
    onFailing(_, failure) {
      findings.configFailure = failure;
      status.enqueue(STATUS_KEY);
    },
  });
  const controllers = { operands, status, operatorConfig };
  connectWatches(parts.caches, controllers);
  return controllers;
}
