import { LABEL, type SriovNetworkNodePolicy, type SriovNetworkNodeState, type SriovOperatorConfig } from '@sriov/api';
import { EventRecorder, type InformerContext, KubeClient } from '@sriov/kube';
import { createLogger, Health, Metrics } from '@sriov/runtime';
import { FakeClock, ScriptedConnection } from '@sriov/testing';
import { type Caches, createCaches } from '../caches/caches.ts';
import { type ControllerParts } from '../controllers.ts';
import { type Settings } from '../settings.ts';

export const NAMESPACE = 'operator';

export const settingsOf = (rest: Partial<Settings> = {}): Settings => ({
  listen: '127.0.0.1:0',
  logLevel: 'silent',
  namespace: NAMESPACE,
  supportedNicsOnly: false,
  staleNodeStateCleanupDelayMinutes: 30,
  vanishedPfGraceMinutes: 10,
  devicePluginConfigShards: 1,
  ...rest,
});

/** The parts of a service without an API server: caches that hold what a test puts in, and a scripted connection. */
export interface OfflineParts extends ControllerParts {
  readonly clock: FakeClock;
  readonly connection: ScriptedConnection;
  readonly recorder: EventRecorder;
  readonly caches: Caches;
}

export function createOfflineParts(rest: Partial<Settings> = {}): OfflineParts {
  const settings = settingsOf(rest);
  const [clock, connection, log] = [
    new FakeClock(),
    new ScriptedConnection(),
    createLogger({ service: 'spec', level: 'silent' }),
  ];
  const client = new KubeClient({ connection, clock, fieldManager: 'policy-controller' });
  const recorder = new EventRecorder({ client, clock, log, component: 'policy-controller', instance: 'spec' });
  const informers: InformerContext = { client, clock, log, health: new Health() };
  const caches = createCaches(informers, settings);
  return { settings, clock, connection, log, client, recorder, metrics: new Metrics(), caches };
}

let version = 0;

/** A further version of an object: the caches take the same one again for no change. */
const nextVersion = (): string => String((version += 1));

export const operatorConfigOf = (rest: Partial<SriovOperatorConfig['metadata']> = {}): SriovOperatorConfig => ({
  metadata: {
    name: 'default',
    namespace: NAMESPACE,
    uid: 'config-uid',
    generation: 1,
    resourceVersion: nextVersion(),
    ...rest,
  },
  spec: {},
});

export const policyOf = (
  name: string,
  spec: Partial<SriovNetworkNodePolicy['spec']> = {},
  metadata: Partial<SriovNetworkNodePolicy['metadata']> = {},
): SriovNetworkNodePolicy => ({
  metadata: { name, namespace: NAMESPACE, uid: name, generation: 1, resourceVersion: nextVersion(), ...metadata },
  spec: {
    resourceName: 'r',
    numVfs: 4,
    nodeSelector: {},
    nicSelector: { pfNames: ['ens1'] },
    deviceType: 'netdevice',
    ...spec,
  },
});

export const nodeOf = (
  name: string,
  labels: Record<string, string> = {},
): {
  metadata: { name: string; uid: string; resourceVersion: string; labels: Record<string, string> };
} => ({
  metadata: {
    name,
    uid: name,
    resourceVersion: nextVersion(),
    labels: { [LABEL.worker]: '', [LABEL.os]: 'linux', ...labels },
  },
});

export const stateOf = (
  name: string,
  { spec = {}, status, metadata }: Partial<SriovNetworkNodeState> = {},
): SriovNetworkNodeState => ({
  metadata: { name, namespace: NAMESPACE, uid: name, generation: 1, resourceVersion: nextVersion(), ...metadata },
  spec,
  ...(status && { status }),
});

/** The status of a node whose daemon has reported one PF, ens1. */
export const reportOf = (rest: SriovNetworkNodeState['status'] = {}): NonNullable<SriovNetworkNodeState['status']> => ({
  interfaces: [{ name: 'ens1', pciAddress: '0000:3b:00.0', vendor: '8086', deviceID: '1592', totalvfs: 8 }],
  syncStatus: 'Succeeded',
  ...rest,
});
