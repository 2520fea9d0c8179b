import { Journal } from '@sriov/config-daemon';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';
import { CHANGED_POLICIES, PF, POLICIES } from '../scenario.ts';
import { nodeWith, nothingWanted, planned, portrait, SimulatedNode } from '../simulated-node.ts';

const documentSchema = z.record(z.string(), z.string());

async function recordPlugin(files: Map<string, string>): Promise<void> {
  const journal = new Journal({
    ...{ read: (name) => Promise.resolve(files.get(name)), list: () => Promise.resolve([]) },
    ...{ write: (name, text) => Promise.resolve(void files.set(name, text)), remove: () => Promise.resolve() },
  });
  const found = { uids: ['a'], configHash: 'b' };
  await journal.recordPlugin({ configHash: 'a', owed: { because: ['the VFs of ens1 were made anew'], found } }, {});
}

/** What the daemon must not forget. */
export const journal: Exchange = {
  name: 'journal',
  what: 'files in the state folder of the host',
  writer: 'config-daemon',
  readers: ['config-daemon'],
  async write() {
    const { node, state } = await nodeWith(POLICIES);
    const first = Object.fromEntries(node.files);
    await node.pass(planned(state, CHANGED_POLICIES).state);
    await recordPlugin(node.files);
    return { 'PFs were taken over': first, 'their policies changed': Object.fromEntries(node.files) };
  },
  async understand(document) {
    const files = documentSchema.parse(document);
    const { node, state } = await nodeWith(POLICIES);
    node.files.clear();
    for (const [name, text] of Object.entries(files)) node.files.set(name, text);
    const { owned, initial, damaged, plugin } = await new Journal(new SimulatedNode(files).folder).read();
    await node.pass(nothingWanted(state, Object.values(PF)));
    return {
      owned: Object.fromEntries(owned),
      initial: Object.fromEntries(initial),
      damaged: [...damaged.keys()],
      plugin,
      givenBack: portrait(node.kernel.state),
      left: [...node.files.keys()].sort(),
    };
  },
};
