import { type NetworkAttachmentDefinition, type SriovNetwork } from '@sriov/api';
import { type InformerContext, KubeClient } from '@sriov/kube';
import { createLogger, Health, type Logger } from '@sriov/runtime';
import { FakeClock, ScriptedConnection } from '@sriov/testing';
import { type Caches, createCaches } from '../caches.ts';
import { type Settings } from '../settings.ts';

export const OPERATOR = 'operator';

export const settingsOf = (rest: Partial<Settings> = {}): Settings => ({
  listen: '127.0.0.1:0',
  logLevel: 'silent',
  namespace: OPERATOR,
  releaseFinalizers: false,
  resourcePrefix: 'example.org',
  ...rest,
});

/** The parts of a renderer without an API server: caches that hold what a test puts in, and a scripted connection. */
export interface OfflineRenderer {
  readonly clock: FakeClock;
  readonly connection: ScriptedConnection;
  readonly client: KubeClient;
  readonly log: Logger;
  readonly caches: Caches;
  readonly informerContext: InformerContext;
}

export function createOfflineRenderer(): OfflineRenderer {
  const clock = new FakeClock();
  const connection = new ScriptedConnection();
  const client = new KubeClient({ connection, clock, fieldManager: 'network-renderer' });
  const log = createLogger({ service: 'spec', level: 'silent' });
  const informerContext = { client, clock, log, health: new Health() };
  return { clock, connection, client, log, informerContext, caches: createCaches(informerContext) };
}

let version = 0;

/** A further version of an object: the caches take the same one again for no change. */
export const nextVersion = (): string => String((version += 1));

export const networkOf = (
  name: string,
  spec: Partial<SriovNetwork['spec']> = {},
  metadata: Partial<SriovNetwork['metadata']> = {},
): SriovNetwork => ({
  metadata: { name, namespace: OPERATOR, uid: name, generation: 1, resourceVersion: nextVersion(), ...metadata },
  spec: { resourceName: 'r', logLevel: 'info', ...spec },
});

export const attachmentOf = (
  name: string,
  namespace: string,
  annotations: Record<string, string> = {},
): NetworkAttachmentDefinition => ({
  metadata: { name, namespace, uid: `nad-${name}`, resourceVersion: nextVersion(), annotations },
  spec: { config: '{}' },
});
