import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type DesiredInterface, type NodeStateSpec } from '@sriov/api';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { describePlan, nextStatus, verdictOf } from '@sriov/node-plan';
import { type Clock, systemClock } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { RefusedModes } from './steps/refused-modes.ts';
import { hostPorts, MemoryFolder } from './test/test-host.ts';
import { watchTouchedVfs } from './test/touched-vfs.ts';

jest.setTimeout(60_000);

const PORTS = ['0000:10:00.0', '0000:10:00.1'] as const;
const plannedFrom = new Set<string>(PORTS);

interface Host {
  readonly kernel: SimulatedKernel;
  readonly folder: MemoryFolder;
  /** What was done to VFs that the kubelet could have given to a pod. */
  readonly wrong: readonly string[];
}

/** A card of the model with two ports, whose VFs the operator's device plugin offers. */
function boot(model: string, rest: object = {}, clock: Clock = systemClock): Host {
  const nics = PORTS.map((address, index) => ({
    model,
    address,
    name: `ens${index}`,
    mac: `b8:59:9f:00:00:1${index}`,
    up: true,
    vfOffset: 8 + 16 * index,
    ...rest,
  }));
  const world = parseWorld({ latency: 'none', modules: ['iavf', 'mlx5_core'], nics });
  const kernel = new SimulatedKernel({ world, clock });
  kernel.plugin.start();
  return { kernel, folder: new MemoryFolder(), wrong: watchTouchedVfs(kernel) };
}

const entry = (pciAddress: string, eSwitchMode: string, numVfs: number): DesiredInterface => ({
  pciAddress,
  numVfs,
  eSwitchMode,
  vfGroups: [{ resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}` }],
});
/** Both ports with so many VFs in the mode. */
const spec = (eSwitchMode: string, numVfs: number): NodeStateSpec => ({
  interfaces: PORTS.map((address) => entry(address, eSwitchMode, numVfs)),
});

/** One pass of a daemon, which was just started unless it knows what drivers have refused. */
function pass({ kernel, folder }: Host, wanted: NodeStateSpec, refusedModes = new RefusedModes()): Promise<Converged> {
  const ports = hostPorts({ kernel, journal: new Journal(folder), folder: kernel.handoverFolder });
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  return converge(ports, { spec: wanted, plannedFrom, allowHostInterfaces: false, refusedModes }, followers);
}

const statusOf = (converged: Converged): ReturnType<typeof nextStatus>['status'] =>
  nextStatus({ metadata: { name: 'n' } }, { observed: converged.observed, verdict: verdictOf(converged) }, 0).status;

/** How often VFs were made or removed on the host. */
function countNumVfsWrites(kernel: SimulatedKernel): () => number {
  const write = kernel.write.bind(kernel);
  let count = 0;
  kernel.write = (path, value, options) => {
    if (path.endsWith('/sriov_numvfs')) count += 1;
    return write(path, value, options);
  };
  return () => count;
}

/** All that is written for drivers of VFs and their number. */
function followVfWrites(kernel: SimulatedKernel): string[] {
  const write = kernel.write.bind(kernel);
  const written: string[] = [];
  kernel.write = (path, value, options) => {
    if (/(bind|driver_override|drivers_probe|sriov_numvfs|autoprobe)$/.test(path)) written.push(`${path} ${value}`);
    return write(path, value, options);
  };
  return written;
}

/** Has the drivers refuse modes until it is called. */
function refuseModes(kernel: SimulatedKernel): () => void {
  const exec = kernel.exec.bind(kernel);
  const stderr = 'Error: it has traffic rules.\nkernel answers: Device or resource busy';
  kernel.exec = (command, args, options) =>
    args.includes('eswitch') && args.includes('set')
      ? Promise.resolve({ exitCode: 1, stdout: '', stderr })
      : exec(command, args, options);
  return () => {
    kernel.exec = exec;
  };
}

/** Whose firmware puts traffic rules into the NIC at first, which the daemon changes. */
const SLOW = { flowSteering: 'dmfs' };

async function hostWith(model: string, ...specs: NodeStateSpec[]): Promise<Host> {
  const host = boot(model, SLOW);
  for (const each of specs) await pass(host, each);
  return host;
}

describe.each(['mlx5', 'ice'])('two ports of %s', (model) => {
  it('come into switchdev mode, and their VFs are bound once and represented', async () => {
    const host = boot(model);
    const { interfaces, syncStatus } = statusOf(await pass(host, spec('switchdev', 2)));
    expect(syncStatus).toBe('Succeeded');
    expect(interfaces).toMatchObject(
      [0, 1].map((port) => ({
        eSwitchMode: 'switchdev',
        numVfs: 2,
        Vfs: [0, 1].map((id) => ({ vfID: id, representorName: `ens${port}npf${port}vf${id}` })),
      })),
    );
    expect((await pass(host, spec('switchdev', 2))).hasActed).toBe(false);
  });

  it('keep a VF that a pod has taken, and their mode with it', async () => {
    const host = await hostWith(model, spec('legacy', 2));
    const [vf] = Object.values(host.kernel.state.devices).flatMap(({ pf }) => pf?.vfs ?? []);
    const [name = ''] = Object.entries(host.kernel.state.links).find(([, { device }]) => device === vf) ?? [];
    host.kernel.moveToNamespace(name);
    const { interfaces, failures } = statusOf(await pass(host, spec('switchdev', 2)));
    expect(interfaces?.map(({ eSwitchMode }) => eSwitchMode)).toEqual(['legacy', 'switchdev']);
    expect(failures).toMatchObject([{ pciAddress: PORTS[0], reason: 'VirtualFunctionInUse' }]);
  });

  it('go back to the mode that they had when no policy wants them any more', async () => {
    const host = await hostWith(model, spec('switchdev', 2));
    const { interfaces } = statusOf(await pass(host, {}));
    expect(interfaces).toMatchObject([{ eSwitchMode: 'legacy' }, { eSwitchMode: 'legacy' }]);
    expect([...host.folder.files.keys()].filter((file) => /^(pci|initial)\//.test(file))).toEqual([]);
  });

  it('stay in switchdev mode where they were in it before the operator came', async () => {
    const host = boot(model);
    for (const port of PORTS)
      await host.kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${port}`, 'mode', 'switchdev']);
    await pass(host, spec('legacy', 1));
    const { interfaces } = statusOf(await pass(host, {}));
    expect(interfaces).toMatchObject([{ eSwitchMode: 'switchdev' }, { eSwitchMode: 'switchdev' }]);
  });

  it('say why the driver refuses, and are tried again', async () => {
    const host = boot(model);
    const refusal = `Error: ${model}: no.\nkernel answers: Device or resource busy`;
    const exec = host.kernel.exec.bind(host.kernel);
    let isBusy = true;
    host.kernel.exec = (command, args, options) =>
      isBusy && args.includes('set') && args.includes(`pci/${PORTS[1]}`)
        ? Promise.resolve({ exitCode: 1, stdout: '', stderr: refusal })
        : exec(command, args, options);
    const { interfaces, failures } = statusOf(await pass(host, spec('switchdev', 1)));
    expect(interfaces?.map(({ eSwitchMode }) => eSwitchMode)).toEqual(['switchdev', 'legacy']);
    expect(failures).toMatchObject([
      {
        pciAddress: PORTS[1],
        step: 'set-eswitch-mode',
        errno: 'EBUSY',
        message: expect.stringContaining(`${model}: no.`),
      },
    ]);
    isBusy = false;
    expect(statusOf(await pass(host, spec('switchdev', 1))).syncStatus).toBe('Succeeded');
  });

  it.each([
    ['switchdev', 'legacy'],
    ['legacy', 'switchdev'],
  ])('have their VFs with drivers while the driver refuses %s mode, and say why', async (wanted, present) => {
    const host = await hostWith(model, spec(present, 2));
    const exec = host.kernel.exec.bind(host.kernel);
    host.kernel.exec = (command, args, options) =>
      args.includes('set') && args.includes(wanted)
        ? Promise.resolve({ exitCode: 1, stdout: '', stderr: 'kernel answers: Device or resource busy' })
        : exec(command, args, options);
    for (let repeated = 0; repeated < 2; repeated += 1) {
      const { interfaces, failures } = statusOf(await pass(host, spec(wanted, 2)));
      expect(failures).toMatchObject(
        PORTS.map((pciAddress) => ({ pciAddress, step: 'set-eswitch-mode', errno: 'EBUSY' })),
      );
      const driver = model === 'ice' ? 'iavf' : 'mlx5_core';
      expect(interfaces).toMatchObject(
        PORTS.map(() => ({ eSwitchMode: present, numVfs: 2, Vfs: [{ driver }, { driver }] })),
      );
    }
    host.kernel.exec = exec;
    expect(statusOf(await pass(host, spec(wanted, 2))).syncStatus).toBe('Succeeded');
    expect(host.wrong).toEqual([]);
  });
});

describe('VFs of a PF whose driver has refused a mode', () => {
  it.each(['mlx5', 'ice'])('of %s are not touched while it refuses, and the status stays as it is', async (model) => {
    const host = await hostWith(model, spec('legacy', 2));
    refuseModes(host.kernel);
    const memory = new RefusedModes();
    await pass(host, spec('switchdev', 2), memory);
    const written = followVfWrites(host.kernel);
    const first = statusOf(await pass(host, spec('switchdev', 2), memory));
    expect(first.failures).toMatchObject(PORTS.map(() => ({ step: 'set-eswitch-mode', errno: 'EBUSY' })));
    for (let retry = 0; retry < 3; retry += 1) {
      expect(statusOf(await pass(host, spec('switchdev', 2), memory)).failures).toEqual(first.failures);
    }
    expect(written).toEqual([]);
  });

  it('of mlx5 change as soon as it says something else, and come into the mode', async () => {
    const host = await hostWith('mlx5', spec('legacy', 2));
    const relent = refuseModes(host.kernel);
    const memory = new RefusedModes();
    await pass(host, spec('switchdev', 2), memory);
    await pass(host, spec('switchdev', 2), memory);
    relent();
    const written = followVfWrites(host.kernel);
    // Its firmware refuses while VFs have a driver.
    const { failures = [] } = statusOf(await pass(host, spec('switchdev', 2), memory));
    expect(failures[0]?.message).toMatch(/it has traffic rules.*; with its VFs as they are: .*Failed setting eswitch/);
    expect(written).toEqual([]);
    const { syncStatus, interfaces } = statusOf(await pass(host, spec('switchdev', 2), memory));
    expect([syncStatus, interfaces?.map(({ eSwitchMode }) => eSwitchMode)]).toEqual([
      'Succeeded',
      ['switchdev', 'switchdev'],
    ]);
    expect(host.wrong).toEqual([]);
  });

  it('of mlx5 are taken away in vain once where it always says something else while they have drivers', async () => {
    const host = await hostWith('mlx5', spec('legacy', 2));
    const exec = host.kernel.exec.bind(host.kernel);
    const { devices } = host.kernel.state;
    const areBound = (args: readonly string[]): boolean =>
      PORTS.filter((port) => args.includes(`pci/${port}`)).some((port) =>
        devices[port]?.pf?.vfs.some((vf) => devices[vf ?? '']?.driver !== undefined),
      );
    host.kernel.exec = (command, args, options) =>
      args.includes('eswitch') && args.includes('set') && !areBound(args)
        ? Promise.resolve({ exitCode: 1, stdout: '', stderr: 'kernel answers: Device or resource busy' })
        : exec(command, args, options);
    const memory = new RefusedModes();
    for (let attempt = 0; attempt < 3; attempt += 1) await pass(host, spec('switchdev', 2), memory);
    const written = followVfWrites(host.kernel);
    for (let retry = 0; retry < 3; retry += 1) await pass(host, spec('switchdev', 2), memory);
    expect(written).toEqual([]);
  });

  it.each(['mlx5', 'ice'])(
    'of %s change when the daemon is started again, or another number is wanted',
    async (model) => {
      const host = await hostWith(model, spec('legacy', 2));
      const relent = refuseModes(host.kernel);
      const memory = new RefusedModes();
      await pass(host, spec('switchdev', 2), memory);
      relent();
      expect(statusOf(await pass(host, spec('switchdev', 3), memory)).syncStatus).toBe('Succeeded');
      refuseModes(host.kernel)();
      expect(statusOf(await pass(host, spec('legacy', 3))).syncStatus).toBe('Succeeded');
    },
  );
});

it('a VF that no policy asks for has its driver and its address again after a change of mode', async () => {
  const host = await hostWith('mlx5', spec('legacy', 2));
  const [vf = ''] = Object.values(host.kernel.state.devices).flatMap(({ pf }) => pf?.vfs[1] ?? []);
  await host.kernel.exec('ip', ['link', 'set', 'dev', 'ens0', 'vf', '1', 'mac', '02:00:00:00:00:99']);
  const first = { ...entry(PORTS[0], 'switchdev', 2), vfGroups: entry(PORTS[0], 'switchdev', 1).vfGroups };
  const wanted: NodeStateSpec = { interfaces: [first, entry(PORTS[1], 'legacy', 2)] };
  expect(statusOf(await pass(host, wanted)).syncStatus).toBe('Succeeded');
  expect(host.kernel.state.devices[vf]?.driver).toBe('mlx5_core');
  expect(host.kernel.state.devices[PORTS[0]]?.pf?.vfSettings[1]?.mac).toBe('02:00:00:00:00:99');
  expect((await pass(host, wanted)).hasActed).toBe(false);
});

it('a PF of bnxt_en whose switchdev mode goes with its VFs is given back for good', async () => {
  const host = boot('bnxt');
  for (const port of PORTS) {
    await host.kernel.write(`/sys/bus/pci/devices/${port}/sriov_numvfs`, '2');
    await host.kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${port}`, 'mode', 'switchdev']);
  }
  await pass(host, spec('switchdev', 2));
  expect(statusOf(await pass(host, {})).syncStatus).toBe('Succeeded');
  expect([...host.folder.files.keys()].filter((file) => /^(pci|initial)\//.test(file))).toEqual([]);
});

it('a PF of bnxt_en that is to be in switchdev mode without VFs is not asked for what its driver refuses', async () => {
  const host = boot('bnxt');
  const changes: string[] = [];
  const exec = host.kernel.exec.bind(host.kernel);
  host.kernel.exec = (command, args, options) => {
    if (args.includes('set')) changes.push(args.join(' '));
    return exec(command, args, options);
  };
  const warnings: (readonly string[])[] = [];
  const run = (numVfs: number): Promise<Converged> => {
    const journal = new Journal(host.folder);
    const ports = { ...hostPorts({ kernel: host.kernel, journal, folder: host.kernel.handoverFolder }) };
    const onWarnings = (_: unknown, sentences: readonly string[]): unknown => warnings.push(sentences);
    const first = { ...entry(PORTS[0], 'switchdev', numVfs), ...(numVfs === 0 && { vfGroups: [] }) };
    const wanted = { spec: { interfaces: [first] }, plannedFrom, allowHostInterfaces: false };
    const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
    return converge({ ...ports, onWarnings }, wanted, followers);
  };
  expect(verdictOf(await run(0)).syncStatus).toBe('Succeeded');
  expect(changes).toEqual([]);
  expect(warnings.at(-1)).toEqual([
    expect.stringContaining(
      'switchdev is wanted, and bnxt_en has it only while there are VFs, of which none are wanted',
    ),
  ]);
  expect(statusOf(await run(2)).interfaces?.[0]).toMatchObject({ numVfs: 2, eSwitchMode: 'switchdev' });
  expect(statusOf(await run(0)).interfaces?.[0]).toMatchObject({ eSwitchMode: 'legacy' });
  expect((await run(0)).hasActed).toBe(false);
});

it('VFs whose links take a minute to appear are waited for, and are not made a second time', async () => {
  const clock = new FakeClock();
  const host = boot('mlx5', { vfLinksAfterMs: 65_000 }, clock);
  const count = countNumVfsWrites(host.kernel);
  const first = await pass(host, spec('switchdev', 2));
  expect(first.failures).toMatchObject(
    PORTS.map((pciAddress) => ({
      pciAddress,
      outcome: 'blocked',
      message: expect.stringMatching(
        /links of 2 of them have not appeared since .*: the PF is left alone until they have/,
      ),
    })),
  );
  await clock.advance(65_000);
  expect(statusOf(await pass(host, spec('switchdev', 2)))).toMatchObject({
    syncStatus: 'Succeeded',
    interfaces: [
      { eSwitchMode: 'switchdev', numVfs: 2 },
      { eSwitchMode: 'switchdev', numVfs: 2 },
    ],
  });
  expect(count()).toBe(PORTS.length);
});

describe('a daemon that is started while the links of VFs are still appearing', () => {
  const start = async (wanted: NodeStateSpec): Promise<Host & { readonly count: () => number; clock: FakeClock }> => {
    const clock = new FakeClock();
    const host = boot('mlx5', { vfLinksAfterMs: 60_000 }, clock);
    const count = countNumVfsWrites(host.kernel);
    await pass(host, wanted);
    expect(count()).toBe(PORTS.length);
    await clock.advance(30_000);
    return { ...host, count, clock };
  };

  it('waits for them, says so, and makes none a second time', async () => {
    const host = await start(spec('switchdev', 2));
    expect(statusOf(await pass(host, spec('switchdev', 2)))).toMatchObject({
      failures: PORTS.map((pciAddress) => ({
        pciAddress,
        reason: 'BlockedInKernel',
        message: expect.stringMatching(
          /: the kernel counts 2 VFs, and not all of their links have appeared: the PF is left alone until they have$/,
        ),
      })),
    });
    await host.clock.advance(30_000);
    expect(statusOf(await pass(host, spec('switchdev', 2))).syncStatus).toBe('Succeeded');
    expect(host.count()).toBe(PORTS.length);
  });

  it('does not give a PF back before they are there', async () => {
    const host = await start(spec('legacy', 2));
    await pass(host, {});
    expect(host.count()).toBe(PORTS.length);
    await host.clock.advance(30_000);
    expect(statusOf(await pass(host, {})).syncStatus).toBe('Succeeded');
    expect(Object.values(host.kernel.state.devices).flatMap(({ pf }) => pf?.vfs ?? [])).toEqual([]);
  });

  it('does not forget a PF none of whose links is there yet', async () => {
    const clock = new FakeClock();
    const host = boot('mlx5', { vfLinksAfterMs: 60_000 }, clock);
    await pass(host, spec('legacy', 2));
    expect(statusOf(await pass(host, {})).failures).toMatchObject(PORTS.map(() => ({ reason: 'BlockedInKernel' })));
    await clock.advance(60_000);
    expect(statusOf(await pass(host, {})).syncStatus).toBe('Succeeded');
    expect(Object.values(host.kernel.state.devices).flatMap(({ pf }) => pf?.vfs ?? [])).toEqual([]);
  });
});

describe('what a dry run prints', () => {
  let lines: string[] = [];
  beforeAll(async () => {
    const host = boot('mlx5', SLOW);
    const followers = {
      onPlan: (plan: Parameters<typeof describePlan>[0]) => {
        lines = lines.length === 0 ? describePlan(plan) : lines;
        return Promise.resolve();
      },
      onStep: () => undefined,
    };
    const wanted = { spec: { interfaces: [entry(PORTS[0], 'switchdev', 2)] }, plannedFrom, allowHostInterfaces: false };
    await converge(hostPorts({ kernel: host.kernel }), wanted, followers);
  });

  it('is the plan with its reasons, in the order of the driver', () => {
    expect(lines).toEqual([
      `ens0 (${PORTS[0]}):`,
      '  because the number of VFs is 0, not 2',
      '  because the eSwitch mode is legacy, and switchdev is wanted',
      '  because its flow_steering_mode is dmfs, and smfs is wanted in switchdev mode',
      '  because its offload of traffic rules (hw-tc-offload) is off, which is wanted in switchdev mode',
      '  turn driver probing of new VFs off',
      '  create 2 VFs',
      '  set flow_steering_mode to smfs',
      '  set the eSwitch mode to switchdev',
      '  VF 0-1: set its MAC address, bind mlx5_core',
      '  turn driver probing of new VFs on',
      '  turn the offload of traffic rules (hw-tc-offload) on',
    ]);
  });
});
