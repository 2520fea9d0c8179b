import { describe, expect, it, jest } from '@jest/globals';
import { corpus, type Input, survives } from '@sriov/testing/survives';
import { CommandError } from '../kernel/commands.ts';
import { KernelError } from '../kernel/kernel.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { observeHost } from '../observe.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { readBridges } from './ovs-bridge-table.ts';
import { findUndoneChange } from './ovs-changes.ts';
import { OvsdbError } from './ovsdb.ts';

jest.setTimeout(180_000);

const errors = [NotUnderstoodError, CommandError, KernelError, OvsdbError];
const samples = (prefix: string): ReturnType<typeof corpus> => corpus(import.meta.dirname, prefix);

const PF = '0000:01:00.0';
const FOLDER = `/sys/bus/pci/devices/${PF}`;

const LINK = { ifindex: 2, ifname: 'ens1', link_type: 'ether', parentbus: 'pci', parentdev: PF };
const COMMANDS = {
  'ip -j -d link show': JSON.stringify([{ ifindex: 1, ifname: 'lo' }, LINK]),
  'ip -j addr show': '[{"ifname":"lo"}]',
  'ip -j -4 route show table all': '[]',
  'ip -j -6 route show table all': '[]',
  'ip -j nexthop show': '[]',
  'devlink -j dev show': '{"dev":{}}',
};
const FILES: Readonly<Record<string, string>> = {
  [`${FOLDER}/class`]: '0x020000',
  [`${FOLDER}/vendor`]: '0x8086',
  [`${FOLDER}/device`]: '0x10c9',
  [`${FOLDER}/driver`]: '->../../../bus/pci/drivers/igb',
  [`${FOLDER}/iommu_group`]: '->../../../kernel/iommu_groups/9',
  [`${FOLDER}/sriov_totalvfs`]: '7',
  [`${FOLDER}/sriov_vf_device`]: '10ca',
  [`${FOLDER}/sriov_drivers_autoprobe`]: '1',
  [`${FOLDER}/net/ens1/x`]: '',
  '/sys/class/net/ens1/address': '52:54:00:aa:00:10',
  '/sys/class/net/ens1/mtu': '1500',
  '/sys/class/net/ens1/flags': '0x1003',
  '/sys/class/net/ens1/speed': '1000',
};

const hostWith = (change: { files?: Record<string, string>; commands?: Record<string, string> }): TestKernel =>
  new TestKernel({ files: { ...FILES, ...change.files }, commands: { ...COMMANDS, ...change.commands } });

describe('whatever Open vSwitch answers, its bridges are told, or that nobody knows them', () => {
  it.each<[string, string, (kernel: TestKernel) => Promise<unknown>]>([
    ['rows of bridges', 'ovsdb-rows', readBridges],
    ['counters of its changes', 'ovsdb-counters', findUndoneChange],
  ])('%s', async (_, prefix, read) => {
    const ask = ({ text }: Input): Promise<unknown> => {
      const kernel = new TestKernel({});
      kernel.jsonAnswers.set('/run/openvswitch/db.sock transact', parsed(text));
      return read(kernel);
    };
    await survives(ask, { samples: samples(prefix), errors });
  });
});

/** What is no JSON never comes this far. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

it('nonsense in a file or link of a PF is a problem of its own, and not taken for anything that the kernel could say', async () => {
  const paths = Object.keys(FILES).filter((path) => /sriov_|iommu|vendor|device$|class$|address|mtu|flags/.test(path));
  for (const path of paths) {
    const text = FILES[path]?.startsWith('->') === true ? '->nonsense' : 'nonsense';
    const { interfaces, problems } = await observeHost(hostWith({ files: { [path]: text } }));
    expect({ path, interfaces, problems }).toEqual({
      path,
      interfaces: [],
      problems: [expect.objectContaining({ pciAddress: PF })],
    });
  }
});
