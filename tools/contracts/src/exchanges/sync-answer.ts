import { syncAnswer } from '@sriov/device-plugin';
import { resourcesCondition } from '@sriov/node-plan';
import { HANDOVER_FILE, SYNC_METHOD, syncAnswerSchema } from '@sriov/plugin-handover';
import { type Documents, type Exchange } from '../exchange.ts';
import { CHANGED_POLICIES, POLICIES } from '../scenario.ts';
import { nodeWith, planned, portrait } from '../simulated-node.ts';
import { OfferingPlugin } from './device-plugin.ts';

async function answers(): Promise<Documents> {
  const { node, state } = await nodeWith(POLICIES);
  const plugin = new OfferingPlugin(node.kernel);
  const rest = { unregistered: new Map<string, string>(), allocating: [] };
  const offered = syncAnswer({ ...(await plugin.look()), ...rest });
  const [first = ''] = offered.resources.flatMap(({ healthy }) => healthy);
  const [unknown = ''] = offered.resources.map(({ name }) => name);
  node.kernel.plugin.start();
  node.handovers.length = 0;
  await node.pass(planned(state, CHANGED_POLICIES).state);
  const { node: unchanged } = await nodeWith(POLICIES);
  const busy = new OfferingPlugin(unchanged.kernel);
  await busy.look();
  await unchanged.kernel.handoverFolder.write(HANDOVER_FILE, node.handovers[0] ?? '');
  return {
    'all is on offer': offered,
    'a device is being given to a pod': { ...offered, allocating: [first] },
    'the kubelet does not know a resource': syncAnswer({
      ...(await plugin.look()),
      ...{ allocating: [], unregistered: new Map([[unknown, 'the kubelet does not answer']]) },
    }),
    'devices are withdrawn': syncAnswer({ ...(await busy.look()), ...rest }),
  };
}

/** What pods are offered. */
export const syncAnswers: Exchange = {
  name: 'sync-answer',
  what: `answer to ${SYNC_METHOD}`,
  writer: 'device-plugin',
  readers: ['config-daemon'],
  write: answers,
  async understand(document) {
    const answer = syncAnswerSchema.parse(document);
    const { node, state } = await nodeWith(POLICIES);
    node.kernel.plugin.start();
    node.kernel.plugin.says(answer);
    const { rest } = await node.pass(planned(state, CHANGED_POLICIES).state);
    const condition = resourcesCondition({ answer, gone: [] });
    return {
      condition: { status: condition?.status, reason: condition?.reason },
      notChanged: rest.problems.map(({ pciAddress, reason }) => ({ pciAddress, reason })),
      machine: portrait(node.kernel.state),
    };
  },
  checked: { schema: syncAnswerSchema, part: (document) => document },
};
