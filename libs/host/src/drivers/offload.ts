import { type FlowSteering, type TcOffload } from '@sriov/observed-host';
import { z } from 'zod';
import { CommandError, run, runJson } from '../kernel/commands.ts';
import { EffectError, type Kernel, KernelError } from '../kernel/kernel.ts';

const TC = 'hw-tc-offload';
const STEERING = 'flow_steering_mode';

/** As ethtool 6.1 prints them; a feature that stands for several has `null` in the place of `fixed`. */
const features = z.array(
  z.looseObject({ [TC]: z.object({ active: z.boolean(), fixed: z.boolean().nullable().default(false) }).optional() }),
);
const params = z.object({
  param: z
    .record(
      z.string(),
      z.array(
        z.object({
          name: z.string(),
          values: z
            .array(
              z.object({ cmode: z.string(), value: z.union([z.string(), z.number(), z.boolean()]).transform(String) }),
            )
            .default([]),
        }),
      ),
    )
    .default({}),
});

/**
 * Whether an interface hands traffic rules to its NIC; nothing where the kernel does not know the feature.
 * @throws {CommandError} {@link KernelError} `NotUnderstoodError` when that cannot be read
 */
export async function readTcOffload(kernel: Kernel, link: string): Promise<TcOffload | undefined> {
  const [told] = await runJson(kernel, ['ethtool', '--json', '-k', link], features);
  const feature = told?.[TC];
  if (feature === undefined) return undefined;
  if (feature.active) return 'on';
  return feature.fixed === true ? 'fixed' : 'off';
}

/**
 * Lets an interface hand traffic rules to its NIC, unless it does so already.
 * @throws {KernelError} when the driver refuses, with what it says; {@link EffectError} when it is off afterwards
 */
export async function setTcOffload(kernel: Kernel, link: string): Promise<void> {
  if ((await readTcOffload(kernel, link)) === 'on') return;
  const command = ['ethtool', '-K', link, TC, 'on'];
  await runOrExplain(kernel, command);
  if ((await readTcOffload(kernel, link)) === 'on') return;
  const detail = `${TC} was turned on, ethtool reported no error, and it is off: see dmesg for what the driver says`;
  throw new EffectError({ verb: 'exec', path: command.join(' '), detail });
}

/** How devlink says that a device is none of its own (ENODEV), or has no such parameter (EINVAL). */
const NO_PARAM = /No such device|Invalid argument|not supported/i;

/**
 * Who puts traffic rules into a NIC, by the handle of its devlink device; nothing where the driver does not tell.
 * @throws {CommandError} {@link KernelError} `NotUnderstoodError` when that cannot be read
 */
export async function readFlowSteering(kernel: Kernel, device: string): Promise<FlowSteering | undefined> {
  const found = await readDevlinkParam(kernel, device, STEERING);
  return found === undefined || found.value === '' ? undefined : { mode: found.value, cmode: found.cmode };
}

/**
 * Has another one put traffic rules into the NIC, unless it is that one already. mlx5_core takes it in legacy mode only,
 * and the mode only of devices that have it (EOPNOTSUPP, mlx5_fs_mode_validate in
 * drivers/net/ethernet/mellanox/mlx5/core/fs_core.c).
 * @throws {KernelError} when the driver refuses, with what it says; {@link EffectError} when it is another one afterwards
 */
export async function setFlowSteering(kernel: Kernel, device: string, mode: string): Promise<void> {
  const before = await readFlowSteering(kernel, device);
  if (before?.mode === mode) return;
  const value = ['name', STEERING, 'value', mode, 'cmode', before?.cmode ?? 'runtime'];
  const command = ['devlink', 'dev', 'param', 'set', device, ...value];
  await runOrExplain(kernel, command);
  const after = await readFlowSteering(kernel, device);
  if (after?.mode === mode) return;
  const detail = `${STEERING} ${mode} was asked for, devlink reported no error, and it is ${after?.mode ?? 'not told'}: see dmesg for what the driver says`;
  throw new EffectError({ verb: 'exec', path: command.join(' '), detail });
}

/** First value of a parameter of a devlink device; nothing where the device has no such parameter. */
export async function readDevlinkParam(
  kernel: Kernel,
  device: string,
  name: string,
): Promise<{ readonly value: string; readonly cmode: string } | undefined> {
  try {
    const { param } = await runJson(kernel, ['devlink', '-j', 'dev', 'param', 'show', device, 'name', name], params);
    return param[device]?.find((each) => each.name === name)?.values[0];
  } catch (error) {
    if (error instanceof CommandError && NO_PARAM.test(error.stderr)) return undefined;
    throw error;
  }
}

/** The line before the errno is the driver's own, where it has one. */
async function runOrExplain(kernel: Kernel, command: readonly string[]): Promise<void> {
  try {
    await run(kernel, command);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const lines = error.stderr.trim().split('\n').filter(Boolean);
    const detail = lines.join(', ') || `exit code ${error.exitCode}`;
    const code = /not supported/i.test(error.stderr) ? 'EOPNOTSUPP' : 'FAILED';
    const explained = new KernelError({ verb: 'exec', path: command.join(' '), code, detail });
    explained.cause = error;
    throw explained;
  }
}
