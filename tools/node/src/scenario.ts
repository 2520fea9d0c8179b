import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckFailed, type Section } from '@sriov/vm';
import { RealNode } from './real-node.ts';
import { type NodeSupplies } from './supplies/node-supplies.ts';

/** What a scenario works with. */
export interface Lab {
  readonly section: Section;
  readonly node: RealNode;
}

/** Checks that need a node of their own, one after the other: each builds on what the ones before left. */
export interface Scenario {
  readonly name: string;
  readonly run: (lab: Lab) => Promise<void>;
}

const LOGS = join(import.meta.dirname, '../test-results');

/** Starts a node for a scenario and runs it. When a check fails, the logs of the node are kept. */
export async function runScenario(scenario: Scenario, supplies: NodeSupplies, section: Section): Promise<void> {
  const logs = join(LOGS, scenario.name);
  await rm(logs, { recursive: true, force: true });
  let node: RealNode | undefined;
  try {
    node = await section.check('the kubelet makes its node, which becomes ready', () =>
      RealNode.start(supplies, () => undefined),
    );
    await scenario.run({ section, node });
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    await node?.saveLogs(logs);
    section.show(`the logs of the node and what the cluster held are in ${logs}`);
  } finally {
    await node?.close();
  }
}
