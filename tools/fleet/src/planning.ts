import { type SriovNetworkNodeState } from '@sriov/api';
import { nodeWrites, planNodeState, prepareFleet } from '@sriov/policy';
import { configHash } from '@sriov/runtime';
import { type FleetSize, nodeObject, policyObjects, reportedStatus } from './fleet-objects.ts';

/** How long planning took, without any API server. */
export interface PlanningTime {
  readonly nodes: number;
  readonly policies: number;
  /** Policies about a node, on average. */
  readonly matches: number;
  /** Bytes of device-plugin configuration a node. */
  readonly configBytes: number;
  /** The least of a few runs: what the code costs, not what else the machine did. */
  readonly ms: number;
}

const RUNS = 5;

/** Plans the whole fleet, as a new leader does: what is wanted, and what of it differs from what is there. */
export function measurePlanning(size: FleetSize): PlanningTime {
  const policies = policyObjects(size);
  const facts = Array.from({ length: size.nodes }, (_, index) => {
    const { metadata } = nodeObject(index);
    const state: SriovNetworkNodeState = { metadata: { name: metadata.name }, spec: {} };
    // One VF is what the controller's cache keeps of each PF.
    return {
      name: metadata.name,
      labels: metadata.labels ?? {},
      state: { ...state, status: reportedStatus({ ...size, vfs: 1 }, state) },
    };
  });
  let ms = Infinity;
  let matches = 0;
  let configBytes = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const start = performance.now();
    const fleet = prepareFleet({
      policies,
      pools: [],
      operatorConfig: undefined,
      supportedNics: undefined,
      supportedNicsOnly: false,
    });
    matches = 0;
    configBytes = 0;
    for (const node of facts) {
      const plan = planNodeState(fleet, node);
      const devicePlugin = { home: '', texts: new Map<string, string>() };
      nodeWrites(
        plan,
        { state: node.state, isOwned: true, devicePlugin, devicePluginLabel: undefined, exists: true },
        configHash,
      );
      matches += plan.matches.size;
      configBytes += plan.devicePluginConfig?.length ?? 0;
    }
    ms = Math.min(ms, performance.now() - start);
  }
  return {
    nodes: size.nodes,
    policies: size.policies,
    matches: matches / size.nodes,
    configBytes: configBytes / size.nodes,
    ms,
  };
}
