import { type Pool, type PooledDevice } from '../pools/pool.ts';

/** What the kubelet asks for. */
export interface PreferenceRequest {
  readonly available: readonly string[];
  /** Part of the answer in any case. */
  readonly mustInclude: readonly string[];
  readonly size: number;
}

/** Devices of few PFs together, or of as many PFs as can be. */
export type AllocationPolicy = 'packed' | 'spread';

/** Chooses devices: `size` of those that are available, or as many as there are. */
export function preferDevices(pool: Pool, request: PreferenceRequest, policy: AllocationPolicy): string[] {
  const byId = new Map(pool.devices.map((device) => [device.id, device]));
  const chosen = [...new Set(request.mustInclude)].slice(0, request.size);
  const left = new Set(request.available.filter((id) => byId.has(id) && !chosen.includes(id)));
  while (chosen.length < request.size) {
    const next = nextDevice({ byId, chosen, left, missing: request.size - chosen.length }, policy);
    if (next === undefined) break;
    chosen.push(next);
    left.delete(next);
  }
  return chosen;
}

interface Choice {
  readonly byId: ReadonlyMap<string, PooledDevice>;
  readonly chosen: readonly string[];
  readonly left: ReadonlySet<string>;
  readonly missing: number;
}

/** Criteria, the most important first: of two devices, the one with the smaller number at the first difference. */
function nextDevice(choice: Choice, policy: AllocationPolicy): string | undefined {
  const { byId, chosen, left, missing } = choice;
  const nodes = new Set(chosen.map((id) => byId.get(id)?.numaNode));
  const chosenOn = countByPf(chosen, byId);
  const leftOn = countByPf(left, byId);
  const rank = (id: string): number[] => {
    const pf = pfOf(id, byId);
    const before = chosenOn.get(pf) ?? 0;
    const rest = leftOn.get(pf) ?? 0;
    const isFar = nodes.has(byId.get(id)?.numaNode) ? 0 : 1;
    // The smallest PF that is enough leaves the larger ones whole.
    // The pod need not wait if there is another.
    const isHeld = byId.get(id)?.isHeld === true ? 1 : 0;
    return policy === 'packed'
      ? [isFar, isHeld, -before, rest >= missing ? 0 : 1, rest >= missing ? rest : -rest]
      : [isFar, isHeld, before, -rest];
  };
  const ranked = [...left].map((id) => ({ id, rank: rank(id) }));
  return ranked.sort(compareRanks).at(0)?.id;
}

interface Ranked {
  readonly id: string;
  readonly rank: readonly number[];
}

function compareRanks(a: Ranked, b: Ranked): number {
  for (const [index, value] of a.rank.entries()) {
    const difference = value - (b.rank[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.id < b.id ? -1 : 1;
}

function countByPf(ids: Iterable<string>, byId: Choice['byId']): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(pfOf(id, byId), (counts.get(pfOf(id, byId)) ?? 0) + 1);
  return counts;
}

function pfOf(id: string, byId: Choice['byId']): string {
  return byId.get(id)?.device?.parent?.pciAddress ?? id;
}
