import { admit } from '@sriov/admission';
import {
  type KubeObject,
  nodeStateSpecSchema,
  nodeStateStatusSchema,
  type SriovNetworkNodeState,
  withReadableStatus,
} from '@sriov/api';
import { hasReported, missedPfs } from '@sriov/policy';
import { nodeReadiness } from '@sriov/policy-status';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';
import { LABELS, NODE, PF, POLICIES } from '../scenario.ts';
import { nodeWith, planned, planOf, SimulatedNode, UNPLANNED } from '../simulated-node.ts';

const documentSchema = z.object({
  generation: z.number(),
  annotations: z.record(z.string(), z.string()).optional(),
  spec: nodeStateSpecSchema.optional(),
  status: nodeStateStatusSchema,
});

function documentOf({ metadata: { generation, annotations }, spec, status }: SriovNetworkNodeState): object {
  return { generation, annotations, spec, status };
}

async function failed(): Promise<SriovNetworkNodeState> {
  const node = new SimulatedNode();
  const { state } = planned(await node.report(UNPLANNED), POLICIES);
  node.kernel.addFault({ verb: 'write', path: `/sys/bus/pci/devices/${PF.igb}/sriov_numvfs`, errno: 'EIO' });
  return node.report(state);
}

/** Whether a policy with so many VFs on the PF would be let in. */
function isAdmitted(state: SriovNetworkNodeState, pfName: string, numVfs: number): boolean {
  const metadata = { name: 'asked', namespace: 'operator' };
  const spec = { resourceName: 'asked', nodeSelector: LABELS, nicSelector: { pfNames: [pfName] }, numVfs };
  const object: KubeObject & { spec: object } = { kind: 'SriovNetworkNodePolicy', metadata, spec };
  const nodes = [{ metadata: { name: NODE, labels: LABELS } }];
  const cluster = { nodes, nodeStates: [state], policies: [], pools: [], supportedNics: undefined };
  const settings = { operatorNamespace: 'operator', supportedNicsOnly: false };
  return admit({ operation: 'CREATE', object, cluster, settings }).allowed;
}

/** What the node is. */
export const nodeStateStatus: Exchange = {
  name: 'node-state-status',
  what: 'SriovNetworkNodeState, status',
  writer: 'config-daemon',
  readers: ['policy-controller', 'admission-webhook'],
  async write() {
    return {
      'a node that was looked at': documentOf(await new SimulatedNode().report(UNPLANNED)),
      'a node in sync': documentOf((await nodeWith(POLICIES)).state),
      'a node with a PF that failed': documentOf(await failed()),
    };
  },
  understand(document) {
    const { generation, annotations = {}, spec, status } = documentSchema.parse(document);
    const state = withReadableStatus({
      metadata: { name: NODE, generation, annotations },
      ...(spec && { spec }),
      status,
    });
    return Promise.resolve({
      hasReported: hasReported(state),
      missedPfs: [...missedPfs(state)],
      ready: Object.fromEntries(
        POLICIES.map(({ metadata: { name } }) => [name, nodeReadiness(state, name).readiness] as const),
      ),
      planned: planOf({ metadata: { name: NODE }, status }, POLICIES).spec,
      admitted: Object.fromEntries(
        (status.interfaces ?? []).map(({ name = '', totalvfs = 0 }) => [
          name,
          [1, totalvfs, totalvfs + 1].map((numVfs) => isAdmitted(state, name, numVfs)),
        ]),
      ),
    });
  },
  checked: { schema: nodeStateStatusSchema, part: (document) => documentSchema.parse(document).status },
};
