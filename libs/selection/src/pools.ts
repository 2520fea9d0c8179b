import {
  type Parsed,
  type PoolConfigSpec,
  poolConfigSpecSchema,
  readSpec,
  REASON,
  type SriovNetworkPoolConfig,
} from '@sriov/api';
import { selectorMatches } from './label-selectors.ts';
import { type Problem } from './problem.ts';

/** A pool that has been read. Pools for OVS hardware offload group no nodes and are left out. */
export interface PreparedPool {
  readonly name: string;
  readonly spec: PoolConfigSpec;
}

/** Reads the pools. One that cannot be read is a problem of its own. */
export function preparePools(pools: readonly SriovNetworkPoolConfig[]): {
  readonly prepared: readonly PreparedPool[];
  /** Names of the pools that cannot be read. */
  readonly unreadable: readonly string[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const prepared = pools.flatMap((pool): PreparedPool[] => {
    const { name } = pool.metadata;
    const spec = readPool(pool);
    if (!spec.ok) {
      problems.push({ kind: 'SriovNetworkPoolConfig', name, reason: REASON.poolInvalid, message: spec.message });
      return [];
    }
    return spec.value.ovsHardwareOffloadConfig?.name ? [] : [{ name, spec: spec.value }];
  });
  return { prepared, unreadable: problems.map(({ name }) => name), problems };
}

function readPool(pool: SriovNetworkPoolConfig): Parsed<PoolConfigSpec> {
  const spec = readSpec(poolConfigSpecSchema, pool.spec);
  const fault = spec.ok ? findSelectorFault(spec.value) : undefined;
  return fault === undefined ? spec : { ok: false, message: fault };
}

/** The operators of a selector, and whether they compare with values. */
const TAKES_VALUES: ReadonlyMap<string, boolean> = new Map([
  ['In', true],
  ['NotIn', true],
  ['Exists', false],
  ['DoesNotExist', false],
]);

/** Why Kubernetes cannot evaluate the selector of a pool. The API server stores it all the same. */
export function findSelectorFault({ nodeSelector }: PoolConfigSpec): string | undefined {
  for (const { key, operator, values = [] } of nodeSelector?.matchExpressions ?? []) {
    const takesValues = TAKES_VALUES.get(operator);
    const where = `spec.nodeSelector.matchExpressions: ${key} ${operator}`;
    if (takesValues === undefined) {
      return `${where}: the operator must be one of ${[...TAKES_VALUES.keys()].join(', ')}`;
    }
    if (takesValues !== values.length > 0) return `${where} ${takesValues ? 'needs' : 'takes no'} values`;
  }
  return undefined;
}

/** The pool of a node. Where a node is in several pools none of them is preferred, and each gets a problem. */
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
