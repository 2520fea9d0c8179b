import { REASON, type Reason } from '@sriov/api';

/** Something that is wrong with an object, so that part of the plan cannot be made. It never stops the rest. */
export interface Problem {
  /** Kind and name of the object that causes the problem and has to be changed. */
  readonly kind: 'SriovNetworkNodePolicy' | 'SriovNetworkPoolConfig' | 'SriovOperatorConfig' | 'ConfigMap' | 'Node';
  readonly name: string;
  /** The node on which the problem shows; absent when it shows everywhere. */
  readonly node?: string;
  readonly reason: Reason;
  /** A sentence: field, PF, what is wrong, and the cure where one is known. */
  readonly message: string;
}

/** A problem of a policy. */
export function policyProblem(
  about: { readonly policy: string; readonly node?: string },
  reason: Reason,
  message: string,
): Problem {
  const { policy, node } = about;
  return { kind: 'SriovNetworkNodePolicy', name: policy, ...(node !== undefined && { node }), reason, message };
}

const PLURALS = { SriovNetworkNodePolicy: 'policies', SriovNetworkPoolConfig: 'pools' } as const;

/** The problem of a policy or a pool that is not in the operator's namespace. */
export function misplaced(about: {
  readonly kind: keyof typeof PLURALS;
  readonly name: string;
  readonly operatorNamespace: string;
}): Problem {
  const { kind, name, operatorNamespace } = about;
  const message = `${PLURALS[kind]} are read from the namespace ${operatorNamespace} only: move it there`;
  return { kind, name, reason: REASON.wrongNamespace, message };
}
