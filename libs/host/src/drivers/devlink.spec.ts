import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { listDevlinkPorts, readESwitchMode, representorsOf, setESwitchMode } from './devlink.ts';
import { TestKernel } from '../test/test-kernel.ts';

const NIC = 'pci/0000:5e:00.0';
const vfPort = (vfnum: number, netdev: string, pfnum = 0): object => ({
  type: 'eth',
  netdev,
  flavour: 'pcivf',
  controller: 0,
  pfnum,
  vfnum,
  external: false,
});
/** As iproute2 prints them for two ports of a card in switchdev mode. */
const PORTS = {
  [`${NIC}/65535`]: { type: 'eth', netdev: 'ens2f0np0', flavour: 'physical', port: 0 },
  [`${NIC}/1`]: vfPort(0, 'ens2f0npf0vf0'),
  [`${NIC}/2`]: vfPort(1, ''),
  'pci/0000:5e:00.1/131072': vfPort(0, 'ens2f1npf1vf0', 1),
};

describe('the ports of a NIC', () => {
  const kernel = (output: string): TestKernel => new TestKernel({ commands: { 'devlink -j port show': output } });

  it('are read with whose they are', async () => {
    expect(await listDevlinkPorts(kernel(JSON.stringify({ port: PORTS })))).toEqual([
      { device: NIC, flavour: 'physical', linkName: 'ens2f0np0' },
      { device: NIC, flavour: 'pcivf', linkName: 'ens2f0npf0vf0', pfNumber: 0, vfId: 0 },
      { device: NIC, flavour: 'pcivf', pfNumber: 0, vfId: 1 },
      { device: 'pci/0000:5e:00.1', flavour: 'pcivf', linkName: 'ens2f1npf1vf0', pfNumber: 1, vfId: 0 },
    ]);
  });

  it('are none without such a NIC', async () => {
    expect(await listDevlinkPorts(kernel('{"port":{}}'))).toEqual([]);
    expect(await listDevlinkPorts(kernel('{}'))).toEqual([]);
  });

  it('represent the VFs of their own device, as far as they have an interface here', async () => {
    const ports = await listDevlinkPorts(kernel(JSON.stringify({ port: PORTS })));
    expect(representorsOf(ports, NIC)).toEqual(new Map([[0, 'ens2f0npf0vf0']]));
  });
});

describe('the eSwitch mode', () => {
  const show = `devlink -j dev eswitch show ${NIC}`;

  it.each<[string, string, string | undefined]>([
    ['switchdev', `{"dev":{"${NIC}":{"mode":"switchdev","inline-mode":"none"}}}`, 'switchdev'],
    ['none in the answer', `{"dev":{"${NIC}":{}}}`, undefined],
    ['none of a device without an eSwitch', '!kernel answers: Operation not supported', undefined],
    ['none of a device without devlink', '!kernel answers: No such device', undefined],
  ])('is read: %s', async (_, output, mode) => {
    expect(await readESwitchMode(new TestKernel({ commands: { [show]: output } }), NIC)).toBe(mode);
  });

  it('is set, and a refusal is told', async () => {
    const set = `devlink dev eswitch set ${NIC} mode switchdev`;
    const kernel = new TestKernel({ commands: { [set]: '' } });
    await setESwitchMode(kernel, NIC, 'switchdev');
    expect(kernel.done).toEqual([set]);
    const refusing = new TestKernel({ commands: { [set]: '!kernel answers: Device or resource busy' } });
    await expect(setESwitchMode(refusing, NIC, 'switchdev')).rejects.toThrow(CommandError);
  });
});
