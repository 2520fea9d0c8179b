import { describe, expect, it } from '@jest/globals';
import { verdictOf } from '@sriov/node-plan';
import { PORTS, testSpec } from './test/test-host.ts';
import { hostAfter, type WorldHost } from './test/world-host.ts';
import { WORLDS } from './test/worlds.ts';

const world = WORLDS['two ports of igb']!;
const SPEC = testSpec(4, 2);

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
