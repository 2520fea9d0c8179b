import { Controller, createControllerMetrics } from '@sriov/controller';
import { Cluster } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import { allInformers, createCaches } from './caches.ts';
import { ConfigMapWriter } from './config-map-writer.ts';
import { FleetView } from './fleet-view.ts';
import { NodeFindings } from './node-findings.ts';
import { reconcileNode } from './reconcile-node.ts';
import { reconcilePolicy } from './reconcile-policy.ts';
import { type Settings } from './settings.ts';
import { connectWatches } from './watches.ts';

/** Nodes that are written at the same time. */
const NODE_WORKERS = 32;
/** What nodes find out about a policy comes in bursts. */
const FINDINGS_DELAY_MS = 1_000;

/**
 * The policy controller: one controller brings each node in line with the policies, another says on each policy how
 * far it has come.
 */
export async function runControllers(context: ServiceContext<Settings>): Promise<void> {
  const { settings, log, clock } = context;
  const cluster = new Cluster(context, { service: 'policy-controller', ...settings, kubeconfig: settings.kubeconfig });
  const { client, recorder } = cluster;
  const caches = createCaches(cluster.informers, settings.namespace);
  const view = new FleetView(caches, settings);
  const findings = new NodeFindings();
  const configMap = new ConfigMapWriter(client, settings.namespace);
  const shared = { timers: clock, log, metrics: createControllerMetrics(context.metrics) };
  const now = (): number => clock.now();

  const policies = new Controller({
    ...shared,
    name: 'policy',
    reconcile: (key) => reconcilePolicy({ caches, view, findings, settings, client, recorder, now }, key),
  });
  const nodes = new Controller({
    ...shared,
    name: 'node',
    workers: NODE_WORKERS,
    reconcile: (name) =>
      reconcileNode(
        {
          caches,
          view,
          settings,
          client,
          configMap,
          log,
          now,
          onFindings(node, found) {
            for (const policy of findings.set(node, found)) {
              policies.enqueue(`${settings.namespace}/${policy}`, FINDINGS_DELAY_MS);
            }
          },
        },
        name,
      ),
  });
  connectWatches({ caches, nodes, policies, findings, namespace: settings.namespace });

  await cluster.lead(allInformers(caches), async (term) => {
    await Promise.all([nodes.run(term), policies.run(term)]);
  });
}
