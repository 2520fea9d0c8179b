import { HANDOVER_FILE, HANDOVER_FOLDER, handoverSchema } from '@sriov/plugin-handover';
import { type Documents, type Exchange } from '../exchange.ts';
import { CHANGED_POLICIES, OTHER_POLICIES, POLICIES } from '../scenario.ts';
import { nodeWith, planned } from '../simulated-node.ts';
import { OfferingPlugin, offerOf } from './device-plugin.ts';

/** What the daemon hands over while it brings a node from the first policies to others. */
async function handovers(policies: typeof POLICIES): Promise<unknown[]> {
  const { node, state } = await nodeWith(POLICIES);
  node.kernel.plugin.start();
  node.handovers.length = 0;
  await node.pass(planned(state, policies).state);
  return node.handovers.map((text): unknown => JSON.parse(text));
}

async function documents(): Promise<Documents> {
  const [before, after] = await handovers(CHANGED_POLICIES);
  const [moved] = await handovers(OTHER_POLICIES);
  return {
    'VFs are about to change': before,
    'VFs have changed': after,
    'VFs are about to go to another resource': moved,
  };
}

/** What VFs nobody may be given, and which configuration is in force. */
export const handover: Exchange = {
  name: 'handover',
  what: `${HANDOVER_FOLDER}/${HANDOVER_FILE}`,
  writer: 'config-daemon',
  readers: ['device-plugin', 'config-daemon'],
  write: documents,
  async understand(document) {
    const { node } = await nodeWith(POLICIES);
    const plugin = new OfferingPlugin(node.kernel);
    // What was on offer before says which devices can be held.
    await plugin.look();
    await node.kernel.handoverFolder.write(HANDOVER_FILE, JSON.stringify(document));
    const { plan, configHash } = await plugin.look();
    return { configHash, ...offerOf(plan) };
  },
  checked: { schema: handoverSchema, part: (document) => document },
};
