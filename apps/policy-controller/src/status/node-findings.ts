import { type Hold } from '@sriov/policy';
import { type Problem } from '@sriov/selection';
import { type Generations } from '../caches/fleet-view.ts';
import { subjectOf } from '../subject.ts';

/** What the plan of a node says about policies and pools. */
export interface Findings {
  /** Policies that configure a PF of the node, and its pool. */
  readonly subjects: ReadonlySet<string>;
  /** Policies about which nothing is known before the daemon of the node reports. */
  readonly undecided: ReadonlySet<string>;
  readonly problems: readonly Problem[];
  /** Generations of the policies and pools that the node was planned with. */
  readonly generations: Generations;
  /** Nothing had to be written: the node state in the cache is what was planned. */
  readonly isSettled: boolean;
  /** Why the node keeps what it has, although the policies want something else. */
  readonly hold?: Hold;
}

/** The findings of all nodes, by subject: what the status of a policy or pool is computed from. */
export class NodeFindings {
  readonly #byNode = new Map<string, Findings>();
  readonly #nodesBySubject = new Map<string, Set<string>>();

  /** Records the findings of a node, or forgets the node. Returns the subjects whose status may change. */
  set(node: string, findings: Findings | undefined): ReadonlySet<string> {
    const before = this.#byNode.get(node);
    if (before && findings && isSame(before, findings)) {
      this.#byNode.set(node, findings);
      return changedSubjects(before.generations, findings.generations);
    }
    for (const subject of subjectsIn(before)) this.#nodesBySubject.get(subject)?.delete(node);
    for (const subject of subjectsIn(findings)) this.#nodesOf(subject).add(node);
    if (findings) this.#byNode.set(node, findings);
    else this.#byNode.delete(node);
    const changed = before && findings ? changedSubjects(before.generations, findings.generations) : [];
    return new Set([...subjectsIn(before), ...subjectsIn(findings), ...changed]);
  }

  /** The findings of the node; absent when it was not planned yet. */
  get(node: string): Findings | undefined {
    return this.#byNode.get(node);
  }

  /** Nodes on which the policy configures something, or that are in the pool. */
  nodesOf(subject: string): string[] {
    return [...(this.#nodesBySubject.get(subject) ?? [])].filter((node) =>
      this.#byNode.get(node)?.subjects.has(subject),
    );
  }

  /** Nodes for which the effect of the policy is not known yet. */
  undecidedNodesOf(subject: string): string[] {
    return [...(this.#nodesBySubject.get(subject) ?? [])].filter((node) =>
      this.#byNode.get(node)?.undecided.has(subject),
    );
  }

  /** Number of nodes that have something to do with the subject. */
  countNodes(subject: string): number {
    return this.#nodesBySubject.get(subject)?.size ?? 0;
  }

  /** Problems that nodes found with the subject. */
  problemsOf(subject: string): Problem[] {
    return [...(this.#nodesBySubject.get(subject) ?? [])].flatMap((node) =>
      (this.#byNode.get(node)?.problems ?? []).filter(({ kind, name }) => subjectOf(kind, name) === subject),
    );
  }

  /** Subjects that have something to do with the node. */
  subjectsOf(node: string): ReadonlySet<string> {
    return subjectsIn(this.#byNode.get(node));
  }

  /** The nodes that are held back, and why, by name. */
  held(): ReadonlyMap<string, Hold> {
    return new Map([...this.#byNode].flatMap(([node, { hold }]) => (hold === undefined ? [] : [[node, hold]])));
  }

  #nodesOf(subject: string): Set<string> {
    const present = this.#nodesBySubject.get(subject);
    if (present) return present;
    const fresh = new Set<string>();
    this.#nodesBySubject.set(subject, fresh);
    return fresh;
  }
}

function subjectsIn(findings: Findings | undefined): Set<string> {
  if (findings === undefined) return new Set();
  const { subjects, undecided, problems } = findings;
  return new Set([...subjects, ...undecided, ...problems.map(({ kind, name }) => subjectOf(kind, name))]);
}

/** Subjects that the node was planned with in another version than before. */
function changedSubjects(before: Generations, after: Generations): Set<string> {
  if (before === after) return new Set();
  return new Set([...after.keys()].filter((subject) => before.get(subject) !== after.get(subject)));
}

function isSame(a: Findings, b: Findings): boolean {
  return (
    a.isSettled === b.isSettled &&
    isSameSet(a.subjects, b.subjects) &&
    isSameSet(a.undecided, b.undecided) &&
    JSON.stringify([a.problems, a.hold]) === JSON.stringify([b.problems, b.hold])
  );
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((subject) => b.has(subject));
}
