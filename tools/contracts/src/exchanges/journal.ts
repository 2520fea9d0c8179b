import { Journal } from '@sriov/config-daemon';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';
import { CHANGED_POLICIES, PF, POLICIES } from '../scenario.ts';
import { nodeWith, nothingWanted, planned, portrait, SimulatedNode } from '../simulated-node.ts';

const documentSchema = z.record(z.string(), z.string());

async function recordPlugin(journal: Journal): Promise<void> {
  const found = { uids: ['a'], configHash: 'b' };
  await journal.recordPlugin({ configHash: 'a', owed: { because: ['the VFs of ens1 were made anew'], found } }, {});
}

/** What the node of the recordings has no part in: Open vSwitch, InfiniBand, firmware, a platform, a reboot. */
async function recordOthers(): Promise<Record<string, string>> {
  const { files, folder } = new SimulatedNode();
  const journal = new Journal(folder);
  const known = await journal.read();
  const settings = {
    externalIDs: { a: '1' },
    otherConfig: { b: '2' },
    datapathType: 'system',
    failMode: 'secure',
  } as const;
  const uplinks = [{ pciAddress: PF.left, name: 'ens2f0np0', interface: { type: 'system', mtuRequest: 9000 } }];
  await journal.ownBridges([{ name: 'br-0000_5e_00.0', bridge: settings, uplinks }], known.bridges);
  const guids = { pfGuid: 'b859:9f03:0000:0010', vfs: { 0: '0200:0000:0000:0001' } };
  await journal.recordGuids(PF.right, guids, known);
  await journal.recordFirmware(new Map([['0000:5e:00', { settings: 'NUM_OF_VFS=16', bootId: 'c' }]]), known.firmware);
  const network = 'openstack/NetworkID:d';
  await journal.recordGuestPorts([{ mac: '52:54:00:aa:00:10', network, pciAddress: PF.igb, name: 'ens1' }], undefined);
  const reasons = [{ kind: 'firmware', pciAddress: PF.left, why: 'it has 0 VFs' }] as const;
  await journal.writeReboots([{ bootId: 'c', at: '2026-01-01T00:00:00Z', reasons }]);
  return Object.fromEntries(files);
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
    await recordPlugin(new Journal(node.folder));
    return {
      'PFs were taken over': first,
      'their policies changed': Object.fromEntries(node.files),
      'all else that is not forgotten': await recordOthers(),
    };
  },
  async understand(document) {
    const files = documentSchema.parse(document);
    const { node, state } = await nodeWith(POLICIES);
    node.files.clear();
    for (const [name, text] of Object.entries(files)) node.files.set(name, text);
    const entries = await new Journal(new SimulatedNode(files).folder).read();
    const { owned, initial, damaged, plugin, bridges, guids, firmware, guestPorts, reboots } = entries;
    await node.pass(nothingWanted(state, Object.values(PF)));
    return {
      owned: Object.fromEntries(owned),
      initial: Object.fromEntries(initial),
      damaged: [...damaged.keys()],
      plugin,
      bridges: { ...bridges, own: Object.fromEntries(bridges.own) },
      guids: { ...guids, records: Object.fromEntries(guids.records) },
      firmware: Object.fromEntries(firmware),
      guestPorts,
      reboots,
      givenBack: portrait(node.kernel.state),
      left: [...node.files.keys()].sort(),
    };
  },
};
