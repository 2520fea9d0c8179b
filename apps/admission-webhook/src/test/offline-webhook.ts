import { type InformerContext, KubeClient } from '@sriov/kube';
import { createLogger, Health, type Logger } from '@sriov/runtime';
import { FakeClock, ScriptedConnection } from '@sriov/testing';

/** The parts of a webhook without an API server. */
export interface OfflineWebhook {
  readonly clock: FakeClock;
  readonly connection: ScriptedConnection;
  readonly client: KubeClient;
  readonly log: Logger;
  readonly informerContext: InformerContext;
}

export function createOfflineWebhook(): OfflineWebhook {
  const clock = new FakeClock();
  const connection = new ScriptedConnection();
  const client = new KubeClient({ connection, clock, fieldManager: 'admission-webhook' });
  const log = createLogger({ service: 'spec', level: 'silent' });
  return { clock, connection, client, log, informerContext: { client, clock, log, health: new Health() } };
}
