import { type SriovNetworkNodeState } from '@sriov/api';
import { Expectations } from '@sriov/controller';
import { type AnyInformer, type Cluster } from '@sriov/kube';
import { type ServiceContext } from '@sriov/runtime';
import { type Settings } from '../settings.ts';
import { watchDrain } from '../watches.ts';
import { createDrainCaches, readDrainCaches } from './caches.ts';
import { createDrainMetrics } from './drain-metrics.ts';
import { createDrains } from './drains.ts';

/** Where the node state is, and whom to tell of news. */
interface NodeStatePorts {
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
  /** Is called when something bears on the drain of the node. */
  readonly onChange: () => void;
}

/** What asks for drains of the node, and the caches that have to run for it. */
export function openDrains(
  { settings, clock, log, metrics }: ServiceContext<Settings>,
  { client, recorder, informerContext }: Cluster,
  { getNodeState, onChange }: NodeStatePorts,
): {
  readonly begin: ReturnType<typeof createDrains>;
  readonly resetsFirmware: () => boolean;
  readonly informers: readonly AnyInformer[];
} {
  const caches = createDrainCaches(informerContext, settings);
  watchDrain(caches.nodes.store, caches.configs.store, onChange);
  const { resetsFirmware, ...read } = readDrainCaches(caches, settings);
  const begin = createDrains({
    ...read,
    client,
    getNodeState,
    asksAlways: settings.drainPolicy === 'always',
    wantsExternal: settings.useExternalDrainer,
    expectations: new Expectations(clock),
    recorder,
    clock,
    log,
    metrics: createDrainMetrics(metrics),
    wake: onChange,
  });
  return { begin, resetsFirmware, informers: [caches.nodes, caches.configs] };
}
