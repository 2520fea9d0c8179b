import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { verdictOf } from '@sriov/node-plan';
import { PORTS, testSpec } from './test/test-host.ts';
import { hostAfter, WorldHost } from './test/world-host.ts';
import { WORLDS } from './test/worlds.ts';

const world = WORLDS['two ports of igb']!;
const SPEC = testSpec(4, 2);

/** VFs of InfiniBand whose GUIDs are those of the file. */
const infiniBand = WORLDS['two InfiniBand ports of mlx5']!;
const guidFile = (last: string): string =>
  JSON.stringify(
    PORTS.map((pciAddress, index) => ({
      pciAddress,
      guids: [`02:00:00:00:00:00:${index}0:01`, `02:00:00:00:00:00:${index}0:${last}`],
    })),
  );

const vfsOf = (host: WorldHost, pf: string): string[] =>
  (host.simulated.state.devices[pf]?.pf?.vfs ?? []).map((vf) => vf ?? '');
const driverOf = (host: WorldHost, vf = ''): string | undefined => host.simulated.state.devices[vf]?.driver;

describe('a VF that a pod has just given back', () => {
  // Users saw a whole PF reset because the link of one VF's driver was missing for 200 ms.
  it('and whose driver cannot be seen for a moment costs no other VF anything', async () => {
    const host = await hostAfter(world, [SPEC]);
    const whole = await host.whole();
    const [, vf = ''] = vfsOf(host, PORTS[0]);
    host.simulated.addFault({ verb: 'readlink', path: `/sys/bus/pci/devices/${vf}/driver`, errno: 'ENOENT', times: 1 });
    expect(verdictOf(await host.pass(SPEC)).syncStatus).toBe('Succeeded');
    expect(host.resets.filter((deed) => !deed.startsWith(`${vf} > /sys/bus/pci/drivers_probe`))).toEqual([]);
    expect(await host.whole()).toEqual(whole);
  });
});

describe('a VF whose driver a workload has unbound', () => {
  it('stays as it is while the pod has it, and gets its driver again when the pod ends, and no other VF feels it', async () => {
    const host = await hostAfter(world, [SPEC]);
    const { plugin, users } = host.simulated;
    const whole = await host.whole();
    const [vf = ''] = vfsOf(host, PORTS[0]);
    const release = users.allocate(vf, { resource: 'openshift.io/d' });
    await host.simulated.write(`/sys/bus/pci/drivers/${driverOf(host, vf)}/unbind`, vf);
    host.resets.length = 0;
    const { reason, message } = verdictOf(await host.pass(SPEC));
    expect([reason, message]).toEqual([
      'VirtualFunctionInUse',
      expect.stringMatching(/VF 0 has no driver, not vfio-pci, and it is in use by pod default\/web/),
    ]);
    expect(host.resets).toEqual([]);
    release();
    expect(verdictOf(await host.pass(SPEC)).syncStatus).toBe('Succeeded');
    expect(host.resets).toEqual([`${vf} > /sys/bus/pci/drivers_probe`]);
    expect(await host.whole()).toEqual(whole);
    expect(plugin.allocatable).toContain(vf);
  });

  it('is not offered until it has its driver again, and it gets that alone', async () => {
    const host = await hostAfter(world, [SPEC]);
    const { plugin } = host.simulated;
    const whole = await host.whole();
    const [vf = ''] = vfsOf(host, PORTS[0]);
    const driver = driverOf(host, vf) ?? '';
    expect(plugin.allocatable).toContain(vf);
    await host.simulated.write(`/sys/bus/pci/drivers/${driver}/unbind`, vf);
    expect(plugin.allocatable).not.toContain(vf);
    host.resets.length = 0;
    expect(verdictOf(await host.pass(SPEC)).syncStatus).toBe('Succeeded');
    expect(host.resets).toEqual([`${vf} > /sys/bus/pci/drivers_probe`]);
    expect(await host.whole()).toEqual(whole);
    expect(plugin.allocatable).toContain(vf);
  });
});

describe('a VF that a pod has in its network namespace, because nobody has drained the node', () => {
  it('keeps its GUID when the file has another one, which is said, and gets it when the pod ends', async () => {
    const [, , spec] = infiniBand.changes[0]!;
    const host = new WorldHost(infiniBand);
    host.folder.files.set('infiniband/guids', guidFile('02'));
    await host.pass(spec);
    const [, vf = ''] = vfsOf(host, PORTS[0]);
    const giveBack = host.simulated.moveToNamespace(linkOf(host, vf));
    host.folder.files.set('infiniband/guids', guidFile('07'));
    host.resets.length = 0;
    const { reason, message } = verdictOf(await host.pass(spec));
    expect([reason, message]).toEqual([
      'VirtualFunctionInUse',
      expect.stringMatching(/ib0 .*: VF 1 has GUID \S+:00:02, and it is in use by a pod/),
    ]);
    expect(host.resets.filter((deed) => deed.includes(vf))).toEqual([]);
    expect(host.simulated.state.devices[vf]?.nodeGuid).toBe('02:00:00:00:00:00:00:02');
    giveBack();
    expect(verdictOf(await host.pass(spec)).syncStatus).toBe('Succeeded');
    expect(host.simulated.state.devices[vf]?.nodeGuid).toBe('02:00:00:00:00:00:00:07');
  });

  it('keeps the MTU that it has there when the policy has another one, and gets that when the pod ends', async () => {
    const small = vfMtu(1500);
    const host = await hostAfter(world, [small]);
    const [, vf = ''] = vfsOf(host, PORTS[0]);
    const name = linkOf(host, vf);
    const giveBack = host.simulated.moveToNamespace(name);
    const mtuOf = (): number | undefined => host.simulated.state.links[name]?.mtu;
    expect(verdictOf(await host.pass(vfMtu(1400))).syncStatus).toBe('Succeeded');
    expect([host.resets, mtuOf()]).toEqual([[], 1500]);
    giveBack();
    expect(verdictOf(await host.pass(vfMtu(1400))).syncStatus).toBe('Succeeded');
    expect([host.resets, mtuOf()]).toEqual([[], 1400]);
  });
});

const linkOf = (host: WorldHost, vf: string): string =>
  Object.entries(host.simulated.state.links).find(([, { device }]) => device === vf)?.[0] ?? '';

/** The same VFs with this MTU. */
function vfMtu(mtu: number): NodeStateSpec {
  const vfGroups = [{ resourceName: 'k', policyName: 'k', deviceType: 'netdevice', vfRange: '0-1', mtu }];
  return {
    interfaces: PORTS.map((pciAddress, index) => ({ pciAddress, name: `ens${index + 1}`, numVfs: 2, vfGroups })),
  };
}
