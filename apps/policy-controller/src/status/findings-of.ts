import { REASON } from '@sriov/api';
import { type NodeStatePlan } from '@sriov/policy';
import { policyProblem } from '@sriov/selection';
import { subjectOf } from '../subject.ts';
import { type Findings } from './node-findings.ts';

/** What the plan of a node says about policies and pools. */
export function findingsOf(plan: NodeStatePlan, facts: Pick<Findings, 'generations' | 'isSettled' | 'hold'>): Findings {
  const { matches, pool, undecided, problems } = plan;
  // A paused policy says what it holds back, also where it no longer selects anything.
  const pausing = facts.hold?.policies ?? [];
  const policySubjects = (names: Iterable<string>): string[] =>
    [...names].map((name) => subjectOf('SriovNetworkNodePolicy', name));
  const pools = pool === undefined ? [] : [subjectOf('SriovNetworkPoolConfig', pool)];
  return {
    ...facts,
    problems,
    subjects: new Set([...policySubjects([...matches.keys(), ...pausing]), ...pools]),
    undecided: new Set(policySubjects(undecided)),
  };
}

/** The findings, and that the policies of the node find no room in a ConfigMap. */
export function withoutRoom(findings: Findings, { name, matches }: NodeStatePlan, message: string): Findings {
  const problems = [...matches.keys()].map((policy) =>
    policyProblem({ policy, node: name }, REASON.configMapFull, message),
  );
  return { ...findings, problems: [...findings.problems, ...problems], isSettled: false };
}
