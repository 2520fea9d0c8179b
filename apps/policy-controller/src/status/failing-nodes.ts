import { type LastingFailure } from '@sriov/controller';
import { policyProblem, type Problem } from '@sriov/selection';
import { type Caches } from '../caches/caches.ts';
import { ConfigMapWriteError } from '../config-map/config-map-writer.ts';
import { type Settings } from '../settings.ts';
import { type NodeFindings } from './node-findings.ts';
import { nameOfSubject, subjectOf } from '../subject.ts';

/** A node for which something cannot be written. */
interface FailingNode {
  readonly failure: LastingFailure;
  /** Policies and pools that the failed write was for. */
  readonly subjects: ReadonlySet<string>;
}

/** The failed writes for nodes, as the SriovOperatorConfig reports them. */
export interface FailedWrites {
  readonly nodes: readonly string[];
  /** The API server's answer to one of them. */
  readonly message: string;
}

/** Nodes for which a write keeps failing. Only in memory, because the next attempt finds out again. */
export class FailingNodes {
  readonly #byNode = new Map<string, FailingNode>();

  /** Records that writes for the node fail, or no longer do. Returns the subjects whose status may change. */
  set(node: string, failing: FailingNode | undefined): ReadonlySet<string> {
    const before = this.#byNode.get(node);
    if (failing) this.#byNode.set(node, failing);
    else this.#byNode.delete(node);
    return new Set([...(before?.subjects ?? []), ...(failing?.subjects ?? [])]);
  }

  /** The failing writes as problems of a policy or pool. */
  problemsOf(subject: string): Problem[] {
    return [...this.#byNode].flatMap(([node, { failure, subjects }]) =>
      subjects.has(subject) ? problemOf(subject, node, failure) : [],
    );
  }

  /** The failing writes: only those to the device plugin's ConfigMaps, or all. */
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

/** Where the policies and pools of a node are looked up. */
interface AffectedSources {
  readonly findings: NodeFindings;
  readonly caches: Pick<Caches, 'nodeStates'>;
  readonly settings: Pick<Settings, 'namespace'>;
}

/**
 * Policies and pools that a write for the node is for: those that the node was planned with, and those whose VFs are
 * still in its spec.
 */
export function affectedSubjects({ findings, caches, settings }: AffectedSources, node: string): ReadonlySet<string> {
  if (findings.get(node) === undefined) return new Set();
  const state = caches.nodeStates.store.get(`${settings.namespace}/${node}`);
  const groups = (state?.spec?.interfaces ?? []).flatMap(({ vfGroups = [] }) => vfGroups);
  const left = groups.flatMap(({ policyName }) =>
    policyName === undefined ? [] : subjectOf('SriovNetworkNodePolicy', policyName),
  );
  return new Set([...findings.subjectsOf(node), ...left]);
}
