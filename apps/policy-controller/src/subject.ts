import { type Problem } from '@sriov/selection';

/** A kind whose status is about many nodes. */
export type SubjectKind = Extract<Problem['kind'], 'SriovNetworkNodePolicy' | 'SriovNetworkPoolConfig'>;

/** A policy or pool that a node has to do with, as `kind/name`. A kind contains no slash. */
export function subjectOf(kind: Problem['kind'], name: string): string {
  return `${kind}/${name}`;
}

/** Name of the subject, if it is of that kind. */
export function nameOfSubject(subject: string, kind: SubjectKind): string | undefined {
  return subject.startsWith(`${kind}/`) ? subject.slice(kind.length + 1) : undefined;
}
