import { describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec, SYNC_STATUS } from '@sriov/api';
import { parseWorld } from '@sriov/host-sim';
import { verdictOf } from '@sriov/node-plan';
import { PORTS } from './test/test-host.ts';
import { PORT, UdevHost, vfSpec } from './test/udev-host.ts';
import { hostAfter } from './test/world-host.ts';
import { WORLDS } from './test/worlds.ts';

jest.setTimeout(60_000);

const inMode = (eSwitchMode: 'legacy' | 'switchdev', numVfs = 2): NodeStateSpec => vfSpec(numVfs, { eSwitchMode });

async function hostWith(
  specs: readonly NodeStateSpec[],
  world: ConstructorParameters<typeof UdevHost>[0] = {},
): Promise<UdevHost> {
  const host = new UdevHost({ modules: ['mlx5_core'], ...world }, 'mlx5');
  for (const spec of specs) await host.pass(spec);
  return host;
}

/** Names of the interfaces of the port's own device: itself, and the representors of its VFs. */
const interfacesOf = ({ kernel }: UdevHost): string[] =>
  Object.entries(kernel.state.links)
    .flatMap(([name, { device, altNames }]) => (device === PORT ? [[name, ...altNames].join(' ')] : []))
    .sort();

describe('a PF whose policy changes from legacy to switchdev mode', () => {
  it('keeps its name, and udev names the representors of its VFs after it', async () => {
    const host = await hostWith([inMode('legacy')]);
    expect(interfacesOf(host)).toEqual(['ens1']);
    expect(verdictOf(await host.pass(inMode('switchdev'))).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect(interfacesOf(host)).toEqual(['ens1', 'ens1_0', 'ens1_1']);
    const { writes } = host.kernel.state;
    expect((await host.pass(inMode('switchdev'))).hasActed).toBe(false);
    expect(host.kernel.state.writes).toBe(writes);
  });

  it('has representors with alternative names where no udev runs', async () => {
    const host = await hostWith([inMode('legacy'), inMode('switchdev')], { udev: false });
    expect(interfacesOf(host)).toEqual(['ens1', 'ens1npf0vf0 ens1_0', 'ens1npf0vf1 ens1_1']);
  });

  it('has further representors named by the rule alone', async () => {
    const host = await hostWith([inMode('legacy'), inMode('switchdev')]);
    host.commands.length = 0;
    await host.pass(inMode('switchdev', 3));
    expect([interfacesOf(host), host.commands]).toEqual([['ens1', 'ens1_0', 'ens1_1', 'ens1_2'], []]);
  });

  it('has its representors named in the same pass in which a step of another PF fails', async () => {
    const world = WORLDS['two ports of ice']!;
    const [, , spec] = world.changes[0]!;
    const [undisturbed, host] = [await hostAfter(world, []), await hostAfter(world, [])];
    await undisturbed.pass(spec);
    host.simulated.addFault({ verb: 'write', path: `*/${PORTS[0]}/sriov_numvfs`, errno: 'EIO' });
    const { failures = [] } = verdictOf(await host.pass(spec));
    expect(failures.map(({ pciAddress, errno }) => [pciAddress, errno])).toEqual([[PORTS[0], 'EIO']]);
    expect(await host.portOf(PORTS[1])).toEqual(await undisturbed.portOf(PORTS[1]));
  });
});

it('representors are named in the pass in which they appear, although something has failed on another PF', async () => {
  const other = '0000:02:00.0';
  const nics = [PORT, other].map((address, index) => ({
    ...{ model: 'mlx5' as const, address, name: `ens${index + 1}`, up: true },
    mac: `52:54:00:aa:00:1${index}`,
  }));
  const world = parseWorld({ latency: 'none', modules: ['mlx5_core'], nics, udev: false });
  const host = new UdevHost(world);
  host.kernel.addFault({ verb: 'write', path: `*/${other}/sriov_numvfs`, errno: 'EIO' });
  const [entry] = inMode('switchdev').interfaces ?? [];
  const end = await host.pass({
    interfaces: [
      { ...entry, pciAddress: PORT },
      { ...entry, pciAddress: other, name: 'ens2' },
    ],
  });
  expect(end.failures.map(({ pciAddress, kind }) => [pciAddress, kind])).toEqual([[other, 'set-num-vfs']]);
  expect(interfacesOf(host)).toEqual(['ens1', 'ens1npf0vf0 ens1_0', 'ens1npf0vf1 ens1_1']);
  expect(end.rest.pfs.map(({ pciAddress }) => pciAddress)).toEqual([other]);
});
