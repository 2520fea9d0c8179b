import { type Problem } from '@sriov/selection';

/** What helps, where the message of the problem does not say it. */
const CURES: Partial<Record<Problem['reason'], string>> = {
  PolicyInvalid: 'correct what is named; on PFs that the policy configured already all stays as it is until then',
  PolicyConflict: 'say the same in both policies, or give each its own PFs, VFs, resource or priority',
  TooManyVirtualFunctions: 'lower spec.numVfs, or raise the limit in the firmware; until then the PF stays as it is',
  PoolInvalid: 'correct the field that is named; until then the nodes keep their RDMA mode',
};

/** Equal problems of many nodes, as one. */
export interface ProblemGroup {
  readonly problem: Problem;
  readonly nodes: readonly string[];
  readonly cure: string | undefined;
}

/** Joins equal problems of several nodes, in the order of the first of each. */
export function problemGroups(problems: readonly Problem[]): ProblemGroup[] {
  const groups = new Map<
    string,
    { readonly problem: Problem; readonly nodes: string[]; readonly cure: string | undefined }
  >();
  for (const problem of problems) {
    const key = JSON.stringify([problem.kind, problem.name, problem.reason, problem.message]);
    const group = groups.get(key) ?? { problem, nodes: [], cure: CURES[problem.reason] };
    if (problem.node !== undefined) group.nodes.push(problem.node);
    groups.set(key, group);
  }
  return [...groups.values()];
}
