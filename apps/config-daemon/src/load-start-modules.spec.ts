import { describe, expect, it } from '@jest/globals';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { createLogger, systemClock } from '@sriov/runtime';
import { readLogLine } from '@sriov/testing';
import { loadStartModules } from './load-start-modules.ts';

const nics = [{ model: 'igb', address: '0000:01:00.0', name: 'ens1', mac: '52:54:00:aa:00:10' }];

/** What is loaded and logged at the start on such a host. */
async function start(world: object): Promise<{ modules: readonly string[]; log: (string | undefined)[] }> {
  const lines: string[] = [];
  const log = createLogger({ service: 'test', level: 'warn' }, { write: (line) => void lines.push(line) });
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics, ...world }), clock: systemClock });
  await loadStartModules(kernel, log);
  const { modules } = kernel.state;
  return { modules: modules.filter((name) => name !== 'igb').sort(), log: lines.map((line) => readLogLine(line).msg) };
}

describe('at its start the daemon loads vhost_net and tun', () => {
  it.each<[string, object, string[]]>([
    ['', {}, ['tun', 'vhost_net']],
    ['unless they are loaded', { modules: ['tun', 'vhost_net'] }, ['tun', 'vhost_net']],
    ['unless they are built in', { builtIn: ['tun'] }, ['vhost_net']],
  ])('%s', async (_, world, modules) => {
    expect(await start(world)).toEqual({ modules, log: [] });
  });

  it.each<[string, object, string]>([
    [
      'is kept out',
      { modprobe: { 'a.conf': 'install vhost-net /bin/false' } },
      'the kernel module vhost_net is kept out by /etc/modprobe.d/a.conf ("install vhost-net /bin/false")',
    ],
    ['does not exist', { missingModules: ['vhost_net'] }, 'the kernel does not have the module vhost_net'],
  ])('and goes on without one that %s, and says why', async (_, world, cause) => {
    const { modules, log } = await start(world);
    expect(modules).toEqual(['tun']);
    expect(log).toEqual([expect.stringContaining(`pods with needVhostNet may miss a device file: ${cause}`)]);
  });
});
