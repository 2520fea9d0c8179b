import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { KernelBlockedError } from '../kernel/kernel.ts';
import { listDevlinkPorts, readESwitchMode, readESwitches, representorsOf, setESwitchMode } from './devlink.ts';
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
      { device: NIC, flavour: 'physical', controller: 0, linkName: 'ens2f0np0' },
      { device: NIC, flavour: 'pcivf', controller: 0, linkName: 'ens2f0npf0vf0', pfNumber: 0, vfId: 0 },
      { device: NIC, flavour: 'pcivf', controller: 0, pfNumber: 0, vfId: 1 },
      { device: 'pci/0000:5e:00.1', flavour: 'pcivf', controller: 0, linkName: 'ens2f1npf1vf0', pfNumber: 1, vfId: 0 },
    ]);
  });

  it('are of no flavour where none is told', async () => {
    expect(await listDevlinkPorts(kernel(JSON.stringify({ port: { [`${NIC}/1`]: {} } })))).toEqual([
      { device: NIC, flavour: '', controller: 0 },
    ]);
  });

  it('are none without such a NIC', async () => {
    expect(await listDevlinkPorts(kernel('{"port":{}}'))).toEqual([]);
    expect(await listDevlinkPorts(kernel('{}'))).toEqual([]);
  });

  it('represent the VFs of their own device, as far as they have an interface here', async () => {
    const ports = await listDevlinkPorts(kernel(JSON.stringify({ port: PORTS })));
    expect(representorsOf(ports, NIC)).toEqual(new Map([[0, 'ens2f0npf0vf0']]));
    const others = [
      { device: NIC, flavour: 'pcisf', controller: 0, linkName: 'ens2f0npf0sf1', vfId: 1 },
      { device: NIC, flavour: 'pcivf', controller: 0, linkName: 'ens2f0npf0vfx' },
      { device: NIC, flavour: 'pcivf', controller: 1, linkName: 'ens2f0nc1pf0vf3', vfId: 3 },
    ];
    expect(representorsOf(others, NIC)).toEqual(new Map());
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

  const set = `devlink dev eswitch set ${NIC} mode switchdev`;
  const modeOf = (mode: string): string => `{"dev":{"${NIC}":{"mode":"${mode}"}}}`;

  it('is set, with time for slow firmware, and read again', async () => {
    const kernel = new TestKernel({ commands: { [set]: '', [show]: modeOf('legacy') } });
    kernel.onExec = (line) => {
      if (line === set) kernel.commands.set(show, modeOf('switchdev'));
    };
    await setESwitchMode(kernel, NIC, 'switchdev');
    expect(kernel.done).toEqual([show, set, show]);
    expect([...kernel.deadlines]).toEqual([[set, 120_000]]);
  });

  it.each<[string, string, 'legacy' | 'switchdev']>([
    ['that is there already', modeOf('switchdev'), 'switchdev'],
    ['legacy of a device without an eSwitch', '!kernel answers: Operation not supported', 'legacy'],
  ])('%s is not set', async (_, output, mode) => {
    const kernel = new TestKernel({ commands: { [show]: output } });
    await setESwitchMode(kernel, NIC, mode);
    expect(kernel.done).toEqual([show]);
  });

  it('that stays another one although devlink reports no error is an error', async () => {
    const kernel = new TestKernel({ commands: { [set]: '', [show]: modeOf('legacy') } });
    await expect(setESwitchMode(kernel, NIC, 'switchdev')).rejects.toThrow(
      'eSwitch mode switchdev was asked for, devlink reported no error, and the mode is legacy',
    );
  });

  it.each<[string, string, RegExp]>([
    [
      "Error: mlx5_core: Can't change mode, E-Switch is busy.\nkernel answers: Device or resource busy",
      'EBUSY',
      /E-Switch is busy\., kernel answers: Device or resource busy: something uses the eSwitch/,
    ],
    [
      'Error: ice: Changing eswitch mode is allowed only if there is no VFs created.\nkernel answers: Operation not supported',
      'EOPNOTSUPP',
      /no VFs created/,
    ],
    ['devlink answers: Operation not permitted', 'EPERM', /manages the eSwitch/],
    ['kernel answers: Invalid argument', 'EINVAL', /firmware refuses/],
    ['kernel answers: No such device', 'ENODEV', /knows no such device/],
    ['', 'FAILED', /exit code 1/],
  ])('that is refused says all that devlink says: %s', async (stderr, code, message) => {
    const kernel = new TestKernel({ commands: { [set]: `!${stderr}`, [show]: modeOf('legacy') } });
    const refusal = setESwitchMode(kernel, NIC, 'switchdev');
    await expect(refusal).rejects.toMatchObject({ code, cause: expect.any(CommandError) });
    await expect(refusal).rejects.toThrow(message);
  });
});

describe('the eSwitch modes of the PFs', () => {
  const LIST = 'devlink -j dev show';
  const show = `devlink -j dev eswitch show ${NIC}`;
  const listed = JSON.stringify({ dev: { [NIC]: {}, 'auxiliary/mlx5_core.sf.4': {} } });

  it.each<[string, Record<string, string>, object]>([
    [
      'that of a PF',
      { [LIST]: listed, [show]: `{"dev":{"${NIC}":{"mode":"switchdev"}}}` },
      { eSwitches: { '0000:5e:00.0': { mode: 'switchdev' } } },
    ],
    ['none where devlink knows none', { [LIST]: listed, [show]: '!kernel answers: Operation not supported' }, {}],
    ['none without devlink in the kernel', { [LIST]: '!Failed to connect to devlink Netlink' }, {}],
    [
      'unknown where devlink fails for one',
      { [LIST]: listed, [show]: '!kernel answers: Connection timed out' },
      { failures: { '0000:5e:00.0': `${show}: kernel answers: Connection timed out` } },
    ],
    [
      'unknown where devlink tells one that we do not know',
      { [LIST]: listed, [show]: `{"dev":{"${NIC}":{"mode":"other"}}}` },
      {
        failures: {
          '0000:5e:00.0': `the output of ${show} cannot be understood: the mode is other, which this version does not know`,
        },
      },
    ],
    [
      'unknown where devlink fails',
      { [LIST]: '!kernel answers: Cannot allocate memory' },
      { failure: `${LIST}: kernel answers: Cannot allocate memory` },
    ],
  ])('are %s', async (_, commands, expected) => {
    const kernel = new TestKernel({ commands });
    const { eSwitches, failures, failure } = await readESwitches(kernel);
    expect({ eSwitches: Object.fromEntries(eSwitches), failures: Object.fromEntries(failures), failure }).toEqual({
      eSwitches: {},
      failures: {},
      failure: undefined,
      ...expected,
    });
    expect(kernel.done.filter((line) => line.includes('auxiliary'))).toEqual([]);
  });

  const holding = (line: string): { readonly kernel: TestKernel; readonly blocked: KernelBlockedError } => {
    const kernel = new TestKernel({ commands: { [LIST]: listed } });
    const exec = kernel.exec.bind(kernel);
    const blocked = new KernelBlockedError({
      verb: 'exec',
      path: line,
      since: 0,
      waitedMs: 30_000,
      released: new Promise(() => undefined),
    });
    kernel.exec = (command, args) =>
      [command, ...args].join(' ') === line ? Promise.reject(blocked) : exec(command, args);
    return { kernel, blocked };
  };

  it('are not asked for while the kernel holds the list of devices', async () => {
    const { kernel, blocked } = holding(LIST);
    await expect(readESwitches(kernel)).rejects.toBe(blocked);
    expect(kernel.done).toEqual([]);
  });

  it('hide nothing of other devices while the kernel holds the call about one', async () => {
    const other = 'pci/0000:5e:00.1';
    const { kernel, blocked } = holding(show);
    kernel.commands.set(LIST, JSON.stringify({ dev: { [NIC]: {}, [other]: {} } }));
    kernel.commands.set(`devlink -j dev eswitch show ${other}`, `{"dev":{"${other}":{"mode":"switchdev"}}}`);
    const table = await readESwitches(kernel);
    expect([...table.eSwitches]).toEqual([['0000:5e:00.1', { mode: 'switchdev' }]]);
    expect([...table.blocked]).toEqual([['0000:5e:00.0', blocked]]);
  });

  it('hide nothing of other devices where one cannot even be told from a VF', async () => {
    const other = 'pci/0000:5e:00.1';
    const files = { '/sys/bus/pci/devices/0000:5e:00.0': '[EIO]' };
    const commands = {
      [LIST]: JSON.stringify({ dev: { [NIC]: {}, [other]: {} } }),
      [`devlink -j dev eswitch show ${other}`]: `{"dev":{"${other}":{"mode":"switchdev"}}}`,
    };
    const { eSwitches, failures } = await readESwitches(new TestKernel({ files, commands }));
    expect([...eSwitches]).toEqual([['0000:5e:00.1', { mode: 'switchdev' }]]);
    expect([...failures]).toEqual([['0000:5e:00.0', expect.stringContaining('EIO')]]);
  });
});
