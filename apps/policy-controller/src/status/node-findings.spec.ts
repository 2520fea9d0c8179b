import { describe, expect, it } from '@jest/globals';
import { type Problem } from '@sriov/selection';
import { type Findings, NodeFindings } from './node-findings.ts';
import { subjectOf } from '../subject.ts';

const policy = (name: string): string => subjectOf('SriovNetworkNodePolicy', name);
const found = (policies: string[], rest: Partial<Findings> = {}): Findings => ({
  subjects: new Set(policies.map(policy)),
  undecided: new Set(),
  problems: [],
  generations: new Map(),
  isSettled: true,
  ...rest,
});
const problem = (name: string): Problem => ({
  kind: 'SriovNetworkNodePolicy',
  name,
  node: 'n1',
  reason: 'PolicyInvalid',
  message: 'no',
});

describe('NodeFindings', () => {
  it('tells of which subjects something is new, and of none when nothing is', () => {
    const findings = new NodeFindings();
    expect(findings.set('n1', found(['a']))).toEqual(new Set([policy('a')]));
    expect(findings.set('n1', found(['a']))).toEqual(new Set());
    expect(findings.set('n1', found(['b']))).toEqual(new Set([policy('a'), policy('b')]));
    expect(findings.set('n1', found(['b'], { isSettled: false }))).toEqual(new Set([policy('b')]));
    const undecided = new Set([policy('c')]);
    expect(findings.set('n1', found(['b'], { undecided }))).toEqual(new Set([policy('b'), policy('c')]));
    expect([findings.nodesOf(policy('c')), findings.undecidedNodesOf(policy('c'))]).toEqual([[], ['n1']]);
    expect(findings.set('n1', undefined)).toEqual(new Set([policy('b'), policy('c')]));
  });

  it('tells of a subject that the node was planned with a new version of, and of no other', () => {
    const findings = new NodeFindings();
    findings.set(
      'n1',
      found(['a'], {
        generations: new Map([
          [policy('a'), 1],
          [policy('b'), 1],
        ]),
      }),
    );
    const generations = new Map([
      [policy('a'), 1],
      [policy('b'), 2],
    ]);
    expect(findings.set('n1', found(['a'], { generations }))).toEqual(new Set([policy('b')]));
  });

  it('knows nodes and problems of a subject', () => {
    const findings = new NodeFindings();
    findings.set('n1', found(['a'], { problems: [problem('b')] }));
    findings.set('n2', found(['a', 'b']));
    expect([findings.nodesOf(policy('a')), findings.nodesOf(policy('b'))]).toEqual([['n1', 'n2'], ['n2']]);
    expect(findings.problemsOf(policy('b'))).toEqual([problem('b')]);
    expect(findings.problemsOf(policy('a'))).toEqual([]);
    expect(findings.subjectsOf('n1')).toEqual(new Set([policy('a'), policy('b')]));
    findings.set('n2', undefined);
    expect(findings.nodesOf(policy('b'))).toEqual([]);
  });
});
