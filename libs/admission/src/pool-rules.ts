import { type KubeObject, type PoolConfigSpec } from '@sriov/api';
import { findPool, findSelectorFault, preparePools, selectorMatches } from '@sriov/selection';
import { namespaceOf } from './placement.ts';
import { type AdmissionRequest } from './request.ts';
import { type Rule } from './rule.ts';

/** What the rules about a SriovNetworkPoolConfig look at. */
export interface PoolFacts extends AdmissionRequest {
  readonly spec: PoolConfigSpec;
}

const PERCENTAGE = /^([1-9]|[1-9][0-9]|100)%$/;

/** Rules about a SriovNetworkPoolConfig. */
export const POOL_RULES: readonly Rule<PoolFacts>[] = [
  {
    name: 'a pool for OVS hardware offload groups no nodes',
    check({ spec }) {
      const others = (['maxUnavailable', 'nodeSelector'] as const).filter((field) => spec[field] !== undefined);
      return isOffloadPool(spec) && others.length > 0
        ? `spec.ovsHardwareOffloadConfig cannot be combined with ${others.join(' or ')}: make two pools of it`
        : undefined;
    },
  },
  {
    name: 'maxUnavailable is a number of nodes or a percentage',
    check: ({ spec: { maxUnavailable } }) =>
      maxUnavailable === undefined || isAmount(maxUnavailable)
        ? undefined
        : `spec.maxUnavailable ${JSON.stringify(maxUnavailable)} must be a number of nodes (0 or more) or a percentage from "1%" to "100%"`,
  },
  {
    name: 'the canary is a number of nodes or a percentage',
    check: ({ spec: { canary } }) =>
      canary === undefined || (canary.nodes !== 0 && isAmount(canary.nodes))
        ? undefined
        : `spec.canary.nodes ${JSON.stringify(canary.nodes)} must be a number of nodes (1 or more) or a percentage from "1%" to "100%"`,
  },
  { name: 'the selector can be evaluated', check: ({ spec }) => findSelectorFault(spec) },
];

/** What the person who writes a SriovNetworkPoolConfig should know. */
export const POOL_WARNINGS: readonly Rule<PoolFacts>[] = [
  {
    name: 'the pool stands where it is read',
    check({ object, settings }) {
      const namespace = namespaceOf(object, settings);
      return namespace === settings.operatorNamespace
        ? undefined
        : `pools are read from the namespace ${settings.operatorNamespace} only: in ${namespace} this one is not used`;
    },
  },
  {
    name: 'nodes of the pool can be drained',
    check: ({ spec: { maxUnavailable } }) =>
      maxUnavailable === 0
        ? 'spec.maxUnavailable is 0: no further node of the pool is drained, so changes that need it wait for good'
        : undefined,
  },
  {
    name: 'what is written has an effect',
    check: ({ spec }) =>
      isOffloadPool(spec) && idleFields(spec).length > 0
        ? `spec.${idleFields(spec).join(', spec.')} has no effect beside spec.ovsHardwareOffloadConfig: make a pool of its own for it`
        : undefined,
  },
  { name: 'a node is in one pool', check: findSharedNode },
];

function idleFields(spec: PoolConfigSpec): string[] {
  return (['rdmaMode', 'drain', 'canary'] as const).filter((field) => spec[field]);
}

function isOffloadPool({ ovsHardwareOffloadConfig }: PoolConfigSpec): boolean {
  return Boolean(ovsHardwareOffloadConfig?.name);
}

function isAmount(value: number | string): boolean {
  return typeof value === 'number' ? value >= 0 : PERCENTAGE.test(value);
}

/**
 * Overlapping pools are not refused: two pools cannot be changed at once, so they may overlap on the way to a new
 * split.
 */
function findSharedNode({ object, cluster, settings }: PoolFacts): string | undefined {
  const isUsed = (pool: KubeObject): boolean => namespaceOf(pool, settings) === settings.operatorNamespace;
  if (!isUsed(object)) return undefined;
  const others = cluster.pools.filter((pool) => isUsed(pool) && pool.metadata.name !== object.metadata.name);
  const { prepared } = preparePools([...others, object]);
  const mine = prepared.find(({ name }) => name === object.metadata.name);
  return cluster.nodes
    .filter(({ metadata }) => mine && selectorMatches(mine.spec.nodeSelector, metadata.labels ?? {}))
    .flatMap(({ metadata: { name, labels = {} } }) => findPool(prepared, { name, labels }).problems)
    .map(({ message }) => message)
    .sort()[0];
}
