import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { observeOffload } from '../observe/observe-offload.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { readFlowSteering, readTcOffload, setFlowSteering, setTcOffload } from './offload.ts';

const NIC = 'pci/0000:5e:00.0';
const FEATURES = 'ethtool --json -k ens1';
const TURN_ON = 'ethtool -K ens1 hw-tc-offload on';
const PARAM = `devlink -j dev param show ${NIC} name flow_steering_mode`;
const SET_PARAM = `devlink dev param set ${NIC} name flow_steering_mode value smfs cmode runtime`;

/** As ethtool 6.1 prints features; the first one stands for several. */
const features = (tc?: object): string =>
  JSON.stringify([
    {
      ifname: 'ens1',
      'tx-checksumming': { active: true, fixed: null, requested: null },
      ...(tc && { 'hw-tc-offload': tc }),
    },
  ]);
const OFF = features({ active: false, fixed: false, requested: false });
const ON = features({ active: true, fixed: false, requested: true });

const param = (...values: object[]): string =>
  JSON.stringify({ param: { [NIC]: [{ name: 'flow_steering_mode', type: 'driver-specific', values }] } });
const steering = (value: string): string => param({ cmode: 'runtime', value });

describe('offload of traffic rules', () => {
  it.each([
    ['on', ON, 'on'],
    ['off', OFF, 'off'],
    ['off for good', features({ active: false, fixed: true, requested: false }), 'fixed'],
    ['on for good', features({ active: true, fixed: true, requested: true }), 'on'],
    ['not known to the kernel', features(), undefined],
  ])('is %s', async (_, output, expected) => {
    expect(await readTcOffload(new TestKernel({ commands: { [FEATURES]: output } }), 'ens1')).toBe(expected);
  });

  it('is turned on, and looked at again', async () => {
    const kernel = new TestKernel({ commands: { [FEATURES]: OFF, [TURN_ON]: '' } });
    kernel.onExec = (line) => {
      if (line === TURN_ON) kernel.commands.set(FEATURES, ON);
    };
    await setTcOffload(kernel, 'ens1');
    expect(kernel.done).toEqual([FEATURES, TURN_ON, FEATURES]);
  });

  it('that is on already is not turned on', async () => {
    const kernel = new TestKernel({ commands: { [FEATURES]: ON } });
    await setTcOffload(kernel, 'ens1');
    expect(kernel.done).toEqual([FEATURES]);
  });

  it.each([
    ['the kernel refuses', '!Could not change any device features', 'FAILED', /Could not change any device features/],
    ['nothing comes of it', '', 'NO_EFFECT', /was turned on, ethtool reported no error, and it is off/],
  ])('says that %s', async (_, output, code, message) => {
    const kernel = new TestKernel({ commands: { [FEATURES]: OFF, [TURN_ON]: output } });
    const set = setTcOffload(kernel, 'ens1');
    await expect(set).rejects.toMatchObject({ code });
    await expect(set).rejects.toThrow(message);
  });
});

describe('flow steering', () => {
  it.each([
    ['smfs', steering('smfs'), { mode: 'smfs', cmode: 'runtime' }],
    [
      'the first of several values',
      param({ cmode: 'driverinit', value: 'dmfs' }, { cmode: 'runtime', value: 'smfs' }),
      { mode: 'dmfs', cmode: 'driverinit' },
    ],
    ['nothing where it has no value', param(), undefined],
    ['nothing where the value is empty', steering(''), undefined],
    [
      'nothing of another parameter',
      JSON.stringify({ param: { [NIC]: [{ name: 'test1', values: [{ cmode: 'driverinit', value: true }] }] } }),
      undefined,
    ],
    ['nothing of a driver without it', '!kernel answers: Invalid argument', undefined],
    ['nothing of a device without devlink', '!kernel answers: No such device', undefined],
  ])('is %s', async (_, output, expected) => {
    expect(await readFlowSteering(new TestKernel({ commands: { [PARAM]: output } }), NIC)).toEqual(expected);
  });

  it('is set as the device wants it, and looked at again', async () => {
    const set = SET_PARAM.replace('runtime', 'driverinit');
    const kernel = new TestKernel({ commands: { [PARAM]: param({ cmode: 'driverinit', value: 'dmfs' }), [set]: '' } });
    kernel.onExec = (line) => {
      if (line === set) kernel.commands.set(PARAM, param({ cmode: 'driverinit', value: 'smfs' }));
    };
    await setFlowSteering(kernel, NIC, 'smfs');
    expect(kernel.done).toEqual([PARAM, set, PARAM]);
  });

  it('that is there already is not set', async () => {
    const kernel = new TestKernel({ commands: { [PARAM]: steering('smfs') } });
    await setFlowSteering(kernel, NIC, 'smfs');
    expect(kernel.done).toEqual([PARAM]);
  });

  it.each([
    [
      'the driver refuses',
      '!Error: mlx5_core: Changing fs mode is not supported when eswitch offloads enabled.\nkernel answers: Operation not supported',
      'EOPNOTSUPP',
      /Changing fs mode is not supported when eswitch offloads enabled\., kernel answers/,
    ],
    ['devlink says nothing', '!', 'FAILED', /exit code 1/],
    ['nothing comes of it', '', 'NO_EFFECT', /smfs was asked for, devlink reported no error, and it is dmfs/],
  ])('says that %s', async (_, output, code, message) => {
    const kernel = new TestKernel({ commands: { [PARAM]: steering('dmfs'), [SET_PARAM]: output } });
    const set = setFlowSteering(kernel, NIC, 'smfs');
    await expect(set).rejects.toMatchObject({ code });
    await expect(set).rejects.toThrow(message);
  });
});

describe('a look at both', () => {
  const look = (commands: Record<string, string>): ReturnType<typeof observeOffload> =>
    observeOffload(new TestKernel({ commands }), '0000:5e:00.0', 'ens1');

  it('says what is', async () => {
    expect(await look({ [FEATURES]: OFF, [PARAM]: steering('dmfs') })).toEqual({
      tc: 'off',
      steering: { mode: 'dmfs', cmode: 'runtime' },
    });
  });

  it('says what could not be read, and hides nothing else', async () => {
    const seen = await look({ [FEATURES]: '[ENOENT]', [PARAM]: '!kernel answers: Input/output error' });
    expect(seen).toEqual({
      unknown: [expect.stringContaining('ENOENT'), expect.stringContaining('Input/output error')],
    });
    expect(await look({ [FEATURES]: 'nonsense', [PARAM]: steering('smfs') })).toMatchObject({
      steering: { mode: 'smfs' },
    });
  });

  it('keeps the words of the command', async () => {
    const kernel = new TestKernel({ commands: { [PARAM]: '!kernel answers: Input/output error' } });
    await expect(readFlowSteering(kernel, NIC)).rejects.toBeInstanceOf(CommandError);
  });
});
