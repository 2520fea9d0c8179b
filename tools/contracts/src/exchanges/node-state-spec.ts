import { nodeStateSpecSchema, type SriovNetworkNodeState } from '@sriov/api';
import { handoverSchema } from '@sriov/plugin-handover';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';
import { FORMER_POLICIES, POLICIES, POOLS, UNSUPPORTED_POLICIES } from '../scenario.ts';
import { nodeWith, planned, portrait, SimulatedNode, UNPLANNED } from '../simulated-node.ts';

const documentSchema = z.object({
  annotations: z.record(z.string(), z.string()),
  generation: z.number(),
  spec: nodeStateSpecSchema,
});

function documentOf({ metadata: { annotations, generation }, spec }: SriovNetworkNodeState): object {
  return { annotations, generation, spec };
}

/** What the node is to be. */
export const nodeStateSpec: Exchange = {
  name: 'node-state-spec',
  what: 'SriovNetworkNodeState, spec and annotations',
  writer: 'policy-controller',
  readers: ['config-daemon'],
  async write() {
    const reported = await new SimulatedNode().report(UNPLANNED);
    return {
      'policies of each kind of VF': documentOf(planned(reported, POLICIES).state),
      'policies that the daemon cannot follow': documentOf(planned(reported, UNSUPPORTED_POLICIES).state),
      'a pool with settings of its nodes': documentOf(planned(reported, [], POOLS).state),
      'no policies': documentOf(planned(reported, []).state),
    };
  },
  async understand(document) {
    const { annotations, generation, spec } = documentSchema.parse(document);
    // With VFs of ours on a PF that no document wants: they go if the spec was planned from that PF, and stay if not.
    const { node } = await nodeWith(FORMER_POLICIES);
    const { rest } = await node.pass({ metadata: { name: UNPLANNED.metadata.name, annotations, generation }, spec });
    return {
      machine: portrait(node.kernel.state),
      takenOver: [...node.files.keys()].sort(),
      refused: rest.problems.map(({ pciAddress, reason }) => ({ pciAddress, reason })),
      configHash: handoverSchema.parse(JSON.parse(node.handovers.at(-1) ?? '')).config?.hash,
    };
  },
  checked: { schema: nodeStateSpecSchema, part: (document) => documentSchema.parse(document).spec },
};
