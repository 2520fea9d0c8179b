import { type NodeStateSpec } from '@sriov/api';
import { type BridgePlan, type HostPlan } from '@sriov/node-plan';
import { type ChangeRow } from './change-row.ts';
import { compareTexts, NOTHING } from './compare-texts.ts';

/** The bridges that were wanted, those that are, and what the daemon will do, where it is foreseen. */
export interface BridgeChange {
  readonly before: NodeStateSpec | undefined;
  readonly after: NodeStateSpec;
  readonly steps: HostPlan['bridges'];
}

/** A row for each step on a bridge, and one for each bridge of the specs that has no step and is not the same. */
export function bridgeRows({ before, after, steps = [] }: BridgeChange): ChangeRow[] {
  const rows = steps.map(rowOf);
  const others = compareTexts(bridgesOf(before), bridgesOf(after)).filter(
    ({ setting }) => !steps.some(({ name }) => name === setting),
  );
  return [...rows, ...others].map((row) => ({ subject: 'bridge', ...row }));
}

function rowOf({ name, step }: BridgePlan): Omit<ChangeRow, 'subject'> {
  switch (step.kind) {
    case 'make-bridge':
      return { setting: name, before: NOTHING, after: `present, with the uplink ${step.uplink}` };
    case 'change-bridge':
      return { setting: name, before: 'present', after: 'changed' };
    case 'detach-uplink':
      return { setting: name, before: `uplink ${step.uplink}`, after: `without ${step.uplink} for a while` };
    case 'remove-bridge':
      return { setting: name, before: 'present', after: NOTHING };
  }
}

function bridgesOf(spec: NodeStateSpec | undefined): Map<string, string> {
  return new Map((spec?.bridges?.ovs ?? []).map((bridge) => [bridge.name, JSON.stringify(bridge)]));
}
