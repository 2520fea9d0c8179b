import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { service as admissionWebhook } from '@sriov/admission-webhook';
import { simulatedService as configDaemon } from '@sriov/config-daemon';
import { service as devicePlugin } from '@sriov/device-plugin';
import { service as drainController } from '@sriov/drain-controller';
import { service as networkRenderer } from '@sriov/network-renderer';
import { service as operandController } from '@sriov/operand-controller';
import { service as policyController } from '@sriov/policy-controller';
import {
  createLogger,
  Health,
  type MetricAbout,
  Metrics,
  readSettings,
  type ServiceDefinition,
  type ServiceSchema,
  systemClock,
} from '@sriov/runtime';

/** Nobody listens there, and a service that is told to stop before it starts does not ask. */
const KUBECONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'nobody', user: {} }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'nobody' } }],
  'current-context': 'none',
};

/** What each service registers, by its name: each is run as its process runs it, and told to stop at once. */
export async function readRegistries(): Promise<ReadonlyMap<string, readonly MetricAbout[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'registries-'));
  const file = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const nics = [{ model: 'igb', address: '0000:01:00.0', name: 'ens1', mac: '52:54:00:aa:00:10' }];
  const world = file('world.json', { latency: 'none', nics });
  const cluster = ['--kubeconfig', file('kubeconfig', KUBECONFIG)];
  try {
    return new Map([
      await registryOf(policyController, cluster),
      await registryOf(networkRenderer, cluster),
      await registryOf(admissionWebhook, [...cluster, '--port', '0', '--bind-address', '127.0.0.1']),
      await registryOf(operandController, cluster),
      await registryOf(drainController, cluster),
      await registryOf(configDaemon, [...cluster, '--node-name', 'node-1', '--simulate', world]),
      await registryOf(devicePlugin, ['--kubelet-folder', folder, '--handover-folder', folder]),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function registryOf<S extends ServiceSchema>(
  definition: ServiceDefinition<S>,
  argv: readonly string[],
): Promise<[string, MetricAbout[]]> {
  const read = readSettings(definition, { argv: [...argv], env: {} });
  if (!('settings' in read)) throw new Error(`${definition.program}: no settings`);
  const metrics = new Metrics();
  metrics.collectProcess(definition.isQuiet);
  const log = createLogger({ service: definition.program, level: 'silent' });
  const process = { log, metrics, health: new Health(), clock: systemClock, signal: AbortSignal.abort() };
  await definition.run({ settings: read.settings, ...process });
  return [definition.program, metrics.list()];
}
