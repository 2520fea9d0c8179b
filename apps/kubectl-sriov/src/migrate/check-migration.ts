import { counted } from '@sriov/words';
import { type Catalog } from '../input/catalog.ts';
import { type ChangeStyle } from '../plan/node-change.ts';
import { type ClusterPlan } from '../plan/plan-cluster.ts';
import { type Deployed } from './deployed.ts';
import { type FindingLevel, type MigrationFinding } from './finding.ts';
import { fleetFindings } from './fleet-findings.ts';
import { operatorFindings } from './operator-findings.ts';

/** How ready a cluster is to be moved from upstream's operator to this one. */
type MigrationVerdict = 'nothing-disturbed' | 'changes' | 'not-ready';

/** The verdict, and what it rests on. */
export interface MigrationCheck {
  readonly verdict: MigrationVerdict;
  /** What has to be put right first comes first, and notes come last. */
  readonly findings: readonly MigrationFinding[];
  /** How many managed nodes were looked at. */
  readonly nodes: number;
}

/** What a move is judged by. */
export interface MigrationFacts {
  readonly catalog: Catalog;
  readonly plan: ClusterPlan;
  readonly deployed: Deployed;
  readonly operatorNamespace: string;
  readonly style: ChangeStyle;
}

/** Finds what a move from upstream would change, and what stands in its way. */
export function checkMigration(facts: MigrationFacts): MigrationCheck {
  const { catalog, plan, deployed, operatorNamespace, style } = facts;
  const all = [...operatorFindings(deployed, catalog, operatorNamespace), ...fleetFindings(plan, catalog, style)];
  const of = (level: FindingLevel): MigrationFinding[] => all.filter((finding) => finding.level === level);
  const [first, changes, notes] = [of('first'), of('change'), of('note')];
  const verdict = first.length > 0 ? 'not-ready' : changes.length > 0 ? 'changes' : 'nothing-disturbed';
  return { verdict, findings: [...first, ...changes, ...notes], nodes: plan.nodes.length };
}

const TITLES: Readonly<Record<FindingLevel, string>> = {
  first: 'Put right first',
  change: 'Changes',
  note: 'To know',
};

/** For people: the verdict, then the findings by what they mean. */
export function migrationText({ verdict, findings, nodes }: MigrationCheck): string {
  const of = (level: FindingLevel): MigrationFinding[] => findings.filter((finding) => finding.level === level);
  const count = (level: FindingLevel): number => of(level).length;
  const blocks = (['first', 'change', 'note'] as const)
    .filter((level) => count(level) > 0)
    .map((level) => [TITLES[level], ...of(level).flatMap(findingLines)].join('\n'));
  const changes = counted(count('change'), 'change');
  const line = {
    'nothing-disturbed': `Ready to move: nothing is disturbed on ${counted(nodes, 'node')}`,
    changes: `Ready to move, with ${changes}`,
    'not-ready': `Not ready to move: ${counted(count('first'), 'finding')} to put right first, ${changes}`,
  }[verdict];
  return `${[line, ...blocks].join('\n\n')}\n`;
}

function findingLines({ kind, namespace, name, message, cure }: MigrationFinding): string[] {
  return [
    `  ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    ...message.split('\n').map((line) => `    ${line}`),
    ...(cure === undefined ? [] : [`    cure: ${cure}`]),
  ];
}
