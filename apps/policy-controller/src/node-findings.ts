import { type Problem } from '@sriov/policy';

/** What planning a node brought to light of the policies. */
export interface Findings {
  /** Policies that configure a PF of the node. */
  readonly policies: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** The findings of all nodes, by policy: what the status of a policy is computed from. */
export class NodeFindings {
  readonly #byNode = new Map<string, Findings>();
  readonly #nodesByPolicy = new Map<string, Set<string>>();

  /** Takes in a node's findings, or forgets the node. Returns the policies of which something is new. */
  set(node: string, findings: Findings | undefined): ReadonlySet<string> {
    const before = this.#byNode.get(node);
    if (before && findings && isSame(before, findings)) return new Set();
    for (const policy of policiesOf(before)) this.#nodesByPolicy.get(policy)?.delete(node);
    for (const policy of policiesOf(findings)) this.#nodesOf(policy).add(node);
    if (findings) this.#byNode.set(node, findings);
    else this.#byNode.delete(node);
    return new Set([...policiesOf(before), ...policiesOf(findings)]);
  }

  /** Nodes on which the policy configures something. */
  nodesOf(policy: string): string[] {
    return [...(this.#nodesByPolicy.get(policy) ?? [])].filter((node) => this.#byNode.get(node)?.policies.has(policy));
  }

  /** Problems that nodes found with the policy. */
  problemsOf(policy: string): Problem[] {
    return [...(this.#nodesByPolicy.get(policy) ?? [])].flatMap((node) =>
      (this.#byNode.get(node)?.problems ?? []).filter(({ kind, name }) => kind === POLICY && name === policy),
    );
  }

  /** Policies that have something to do with the node. */
  policiesOf(node: string): ReadonlySet<string> {
    return policiesOf(this.#byNode.get(node));
  }

  #nodesOf(policy: string): Set<string> {
    const present = this.#nodesByPolicy.get(policy);
    if (present) return present;
    const fresh = new Set<string>();
    this.#nodesByPolicy.set(policy, fresh);
    return fresh;
  }
}

const POLICY = 'SriovNetworkNodePolicy';

function policiesOf(findings: Findings | undefined): Set<string> {
  if (findings === undefined) return new Set();
  const troubled = findings.problems.filter(({ kind }) => kind === POLICY).map(({ name }) => name);
  return new Set([...findings.policies, ...troubled]);
}

function isSame(a: Findings, b: Findings): boolean {
  return (
    a.policies.size === b.policies.size &&
    [...a.policies].every((policy) => b.policies.has(policy)) &&
    JSON.stringify(a.problems) === JSON.stringify(b.problems)
  );
}
