import { isAboutNode, type PreparedPolicy } from './prepare.ts';

/** A policy and its place in the order of precedence. */
interface Ranked {
  readonly policy: PreparedPolicy;
  readonly rank: number;
}

/**
 * Finds the policies about a node by its labels. Each policy is filed under one label that its node selector asks for,
 * so that the cost of a node grows with the policies that may be about it and not with all policies.
 */
export class PolicyIndex {
  readonly #byLabel = new Map<string, Ranked[]>();
  /** Policies that ask for no label, and unreadable ones, of which nobody knows what they ask for. */
  readonly #aboutAll: Ranked[] = [];

  /** `policies` are in rising precedence. */
  constructor(policies: readonly PreparedPolicy[]) {
    const frequency = countLabels(policies);
    for (const [rank, policy] of policies.entries()) {
      const label = rarest(labelsOf(policy), frequency);
      if (label === undefined) this.#aboutAll.push({ policy, rank });
      else this.#byLabel.set(label, [...(this.#byLabel.get(label) ?? []), { policy, rank }]);
    }
  }

  /** The policies about a node with these labels, in rising precedence. */
  about(labels: Readonly<Record<string, string>>): PreparedPolicy[] {
    const candidates = Object.entries(labels).flatMap((label) => this.#byLabel.get(toKey(label)) ?? []);
    return [...this.#aboutAll, ...candidates]
      .filter(({ policy }) => isAboutNode(policy, labels))
      .sort((a, b) => a.rank - b.rank)
      .map(({ policy }) => policy);
  }
}

function labelsOf(policy: PreparedPolicy): string[] {
  return policy.kind === 'unreadable' ? [] : Object.entries(policy.spec.nodeSelector).map(toKey);
}

/** Names and values of labels cannot hold `=`. */
function toKey([name, value]: readonly [string, string]): string {
  return `${name}=${value}`;
}

function countLabels(policies: readonly PreparedPolicy[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of policies.flatMap(labelsOf)) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** The label that the fewest policies ask for: filed under it, a policy is looked at in vain least often. */
function rarest(labels: readonly string[], frequency: ReadonlyMap<string, number>): string | undefined {
  const count = (label: string): number => frequency.get(label) ?? 0;
  return [...labels].sort((a, b) => count(a) - count(b))[0];
}
