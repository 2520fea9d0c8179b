import { type LastingFailure } from '@sriov/controller';
import { policyProblem, type Problem } from '@sriov/selection';
import { ConfigMapWriteError } from '../config-map/config-map-writer.ts';
import { type StatusSources } from './nodes-of.ts';
import { nameOfSubject, subjectOf } from './subject.ts';

/** A node of which something cannot be written. */
interface FailingNode {
  readonly failure: LastingFailure;
  /** Policies and pools whose wish the failed write was. */
  readonly subjects: ReadonlySet<string>;
}

/** What became of the writes of nodes, as the SriovOperatorConfig tells it. */
export interface FailedWrites {
  readonly nodes: readonly string[];
  /** The API server's answer to one of them. */
  readonly message: string;
}

/** Nodes of which a write keeps failing: in memory, because the next attempt tells anew. */
export class FailingNodes {
  readonly #byNode = new Map<string, FailingNode>();

  /** Takes in that writes of the node fail, or no longer do. Returns the subjects of which something is new. */
  set(node: string, failing: FailingNode | undefined): ReadonlySet<string> {
    const before = this.#byNode.get(node);
    if (failing) this.#byNode.set(node, failing);
    else this.#byNode.delete(node);
    return new Set([...(before?.subjects ?? []), ...(failing?.subjects ?? [])]);
  }

  /** Problems that the failing writes are for a policy or pool. */
  problemsOf(subject: string): Problem[] {
    return [...this.#byNode].flatMap(([node, { failure, subjects }]) =>
      subjects.has(subject) ? problemOf(subject, node, failure) : [],
    );
  }

  /** The failing writes: of the device plugin's ConfigMaps, or of all that is written. */
  writesOf(what: 'config-maps' | 'all'): FailedWrites | undefined {
    const failing = [...this.#byNode].filter(
      ([, { failure }]) => what === 'all' || failure.cause instanceof ConfigMapWriteError,
    );
    const nodes = failing.map(([node]) => node).sort();
    const message = this.#byNode.get(nodes[0] ?? '')?.failure.message;
    return message === undefined ? undefined : { nodes, message };
  }
}

function problemOf(subject: string, node: string, { reason, message }: LastingFailure): Problem {
  const policy = nameOfSubject(subject, 'SriovNetworkNodePolicy');
  if (policy !== undefined) return policyProblem({ policy, node }, reason, message);
  const name = nameOfSubject(subject, 'SriovNetworkPoolConfig') ?? subject;
  return { kind: 'SriovNetworkPoolConfig', name, node, reason, message };
}

/**
 * Policies and pools whose wish a write for the node is: those that it is planned with, and those that it still has
 * something of.
 */
export function affectedSubjects({ findings, caches, settings }: StatusSources, node: string): ReadonlySet<string> {
  if (findings.get(node) === undefined) return new Set();
  const state = caches.nodeStates.store.get(`${settings.namespace}/${node}`);
  const groups = (state?.spec?.interfaces ?? []).flatMap(({ vfGroups = [] }) => vfGroups);
  const left = groups.flatMap(({ policyName }) =>
    policyName === undefined ? [] : subjectOf('SriovNetworkNodePolicy', policyName),
  );
  return new Set([...findings.subjectsOf(node), ...left]);
}
