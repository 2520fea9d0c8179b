import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckFailed, type Report, type Section } from '@sriov/vm';
import { History } from './history.ts';
import { Operator } from './operator.ts';
import { RealNode } from './real-node.ts';
import { type NodeSupplies } from './supplies/node-supplies.ts';

/** What a scenario works with. */
export interface Lab {
  readonly section: Section;
  readonly node: RealNode;
  /** The operator on the node; the first scenario that asks for it installs it. */
  readonly operate: () => Promise<Operation>;
}

/** The operator on the node, and what the API server has told since it came. */
export interface Operation {
  readonly operator: Operator;
  readonly history: History;
}

/** Checks, one after the other. Each builds on what the ones before left; a scenario by itself also runs on a new node. */
export interface Scenario {
  readonly name: string;
  readonly run: (lab: Lab) => Promise<void>;
}

const LOGS = join(import.meta.dirname, '../test-results');

/**
 * Runs scenarios on one node: a boot and the first start of the operator take a minute. When a check fails, the logs of
 * the node are kept, and the scenarios after it are not run.
 */
export async function runScenarios(
  scenarios: readonly Scenario[],
  supplies: NodeSupplies,
  report: Report,
): Promise<void> {
  const begin = report.section('node');
  await rm(LOGS, { recursive: true, force: true });
  let node: RealNode | undefined;
  let operation: Promise<Operation> | undefined;
  try {
    const booted = await begin.check('the kubelet makes its node, which becomes ready', () =>
      RealNode.start(supplies, () => undefined),
    );
    node = booted;
    const operate = (): Promise<Operation> =>
      (operation ??= begin.check('helm installs the operator, and all of it runs in pods', () => install(booted)));
    for (const { name, run } of scenarios) await run({ section: report.section(name), node: booted, operate });
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    await node?.saveLogs(LOGS);
    begin.show(`no more is run; the logs of the node and what the cluster held are in ${LOGS}`);
  } finally {
    await operation?.then(
      ({ history }) => history.close(),
      () => undefined,
    );
    await node?.close();
  }
}

async function install(node: RealNode): Promise<Operation> {
  const operator = await Operator.install(node);
  return { operator, history: await History.of(node) };
}
