import { describe, it, jest } from '@jest/globals';
import { corpus, survives } from '@sriov/testing/survives';
import { CommandError } from '../kernel/commands.ts';
import { KernelError } from '../kernel/kernel.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { HostNetwork } from './host-network.ts';

jest.setTimeout(180_000);

const LINKS = ['lo', 'ens1', 'ens2'].map((ifname, index) => ({ ifname, ifindex: index + 1, link_type: 'ether' }));
const COMMANDS = {
  'ip -j -d link show': JSON.stringify(LINKS),
  'ip -j addr show': '[{"ifname":"lo"}]',
  'ip -j -4 route show table all': '[]',
  'ip -j -6 route show table all': '[]',
  'ip -j nexthop show': '[{"id":12,"dev":"ens1"}]',
};

/** A route by a next hop that only its number tells: all next hops are asked for then. */
const BY_NUMBER = { 'ip -j -4 route show table all': '[{"dst":"198.51.100.0/24","nhid":12}]' };

describe('whatever ip prints of the network, we say what the host uses an interface for, or that we do not know', () => {
  it.each<[string, string, object]>([
    ['ip -j addr show', 'ip-addr', {}],
    ['ip -j -4 route show table all', 'ip-route4', {}],
    ['ip -j -6 route show table all', 'ip-route6', {}],
    ['ip -j nexthop show', 'ip-nexthop', BY_NUMBER],
  ])('%s', async (command, prefix, others) => {
    const usesOfAll = async (output: string): Promise<unknown> => {
      const kernel = new TestKernel({ commands: { ...COMMANDS, ...others, [command]: output } });
      const network = await HostNetwork.read(kernel);
      return LINKS.flatMap(({ ifname }) => network.named(ifname) ?? []).map((link) => network.usesOf(link));
    };
    await survives(({ text }) => usesOfAll(text), {
      samples: corpus(import.meta.dirname, prefix),
      errors: [NotUnderstoodError, CommandError, KernelError],
    });
  });
});
