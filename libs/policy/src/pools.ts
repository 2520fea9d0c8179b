import {
  type LabelSelector,
  type PoolConfigSpec,
  poolConfigSpecSchema,
  REASON,
  type SriovNetworkPoolConfig,
} from '@sriov/api';
import { describeIssues, type Problem } from './problem.ts';

/** A pool that has been read. Pools for OVS hardware offload group no nodes and are left out. */
export interface PreparedPool {
  readonly name: string;
  readonly spec: PoolConfigSpec;
}

/** Reads the pools; one that cannot be read is a problem of its own. */
export function preparePools(pools: readonly SriovNetworkPoolConfig[]): {
  readonly prepared: readonly PreparedPool[];
  /** Names of those that cannot be read. */
  readonly unreadable: readonly string[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const prepared = pools.flatMap((pool): PreparedPool[] => {
    const { name } = pool.metadata;
    const spec = poolConfigSpecSchema.safeParse(pool.spec ?? {});
    if (!spec.success) {
      const message = describeIssues(spec.error);
      problems.push({ kind: 'SriovNetworkPoolConfig', name, reason: REASON.poolInvalid, message });
      return [];
    }
    return spec.data.ovsHardwareOffloadConfig?.name ? [] : [{ name, spec: spec.data }];
  });
  return { prepared, unreadable: problems.map(({ name }) => name), problems };
}

/** The pool of a node; in several, none is meant more than the others, and each gets a problem. */
export function findPool(
  pools: readonly PreparedPool[],
  node: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): { readonly pool?: PreparedPool; readonly problems: readonly Problem[] } {
  const [first, ...others] = pools.filter(({ spec }) => selectorMatches(spec.nodeSelector, node.labels));
  if (first === undefined) return { problems: [] };
  if (others.length === 0) return { pool: first, problems: [] };
  const names = [first, ...others].map(({ name }) => name).sort();
  const message = `node ${node.name} is in the pools ${names.join(', ')}: narrow their nodeSelector until it is in one`;
  const problems = names.map((name) => ({
    kind: 'SriovNetworkPoolConfig' as const,
    name,
    node: node.name,
    reason: REASON.severalPools,
    message,
  }));
  return { problems };
}

/** True when all of the selector's labels and expressions hold; an absent or empty one selects everything. */
export function selectorMatches(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((expression) => expressionHolds(expression, labels))
  );
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function expressionHolds(
  { key, operator, values = [] }: Expression,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // The API server refuses other operators; one that slipped in selects nothing rather than everything.
      return false;
  }
}
