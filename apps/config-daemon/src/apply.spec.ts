import { describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type HostPlan, type VfStep } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { apply } from './apply.ts';
import { type FailedStep } from './steps/failed-step.ts';
import { MemoryFolder } from './test/test-host.ts';

const modprobeFolder = new MemoryFolder();
const addressOf = (port: number): string => `0000:${(0x10 + 4 * port).toString(16)}:00.0`;

/** A host with so many PFs of 16 VFs each, which have no driver, and a plan to bind them all. */
async function hostWith(pfs: number): Promise<{ clock: FakeClock; kernel: SimulatedKernel; plan: HostPlan }> {
  const ports = Array.from({ length: pfs }, (_, port) => port);
  const nics = ports.map((port) => ({
    model: 'mlx5',
    address: addressOf(port),
    name: `ens${port}`,
    mac: `b8:59:9f:00:00:${(0x10 + port).toString(16)}`,
  }));
  const clock = new FakeClock();
  const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', modules: ['vfio_pci'], nics }), clock });
  for (const port of ports) {
    await kernel.write(`/sys/bus/pci/devices/${addressOf(port)}/sriov_drivers_autoprobe`, '0');
    await kernel.write(`/sys/bus/pci/devices/${addressOf(port)}/sriov_numvfs`, '16');
  }
  const vfs = Array.from({ length: 16 }, (_, id) => ({
    id,
    steps: [{ kind: 'bind-vf', driver: 'vfio-pci' }] as const,
  }));
  const plans = ports.map((port) => ({
    pciAddress: addressOf(port),
    name: `ens${port}`,
    because: [],
    before: [],
    vfs,
    after: [],
  }));
  return { clock, kernel, plan: { modules: [], pfs: plans, problems: [], taken: [], released: [] } };
}

describe('VFs that do not come back from the kernel', () => {
  it.each([
    [1, 8],
    [2, 16],
    [8, 64],
    [16, 64],
  ])('of %d PFs cost %d threads, and not one each', async (pfs, threads) => {
    const { clock, kernel, plan } = await hostWith(pfs);
    kernel.addFault({ verb: 'write', path: '*/driver_override', hang: true });
    const applying = apply(kernel, plan, {
      onStep: () => undefined,
      modprobeFolder,
      sleep: (ms, signal) => clock.sleep(ms, signal),
    });
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(10_000);
    const failures = await applying;
    expect(failures).toHaveLength(threads);
    expect(failures.every(({ cause }) => cause instanceof KernelBlockedError)).toBe(true);
  });

  it('do not keep the others from being bound', async () => {
    const { clock, kernel, plan } = await hostWith(1);
    kernel.addFault({ verb: 'write', path: '*/driver_override', hang: true, times: 1 });
    const applying = apply(kernel, plan, {
      onStep: () => undefined,
      modprobeFolder,
      sleep: (ms, signal) => clock.sleep(ms, signal),
    });
    await clock.advance(10_000);
    expect((await applying).map(({ vfId }) => vfId)).toEqual([0]);
    const bound = Object.values(kernel.state.devices).filter(({ driver }) => driver === 'vfio-pci');
    expect(bound).toHaveLength(15);
  });
});

describe('what ip sets for the VFs of a PF', () => {
  const MAC = (id: number): string => `02:00:00:00:00:${id.toString(16).padStart(2, '0')}`;
  const stepsOf = (id: number): VfStep[] => [
    { kind: 'set-vf-mac', mac: MAC(id) },
    { kind: 'bind-vf', driver: 'mlx5_core' },
    { kind: 'set-vf-mtu', mtu: 9000 },
  ];
  const LINK_SET = /^ip (link set|-force -batch)/;

  async function applyTo(pfs: number): Promise<{ kernel: SimulatedKernel; ran: string[]; failures: FailedStep[] }> {
    const { clock, kernel, plan } = await hostWith(pfs);
    for (const port of Array.from({ length: pfs }).keys()) await kernel.exec('ip', upWith9000(`ens${port}`));
    const ran: string[] = [];
    const exec = kernel.exec.bind(kernel);
    kernel.exec = (command, args, options) => {
      ran.push([command, ...args].join(' '));
      return exec(command, args, options);
    };
    const vfs = Array.from({ length: 16 }, (_, id) => ({ id, steps: stepsOf(id) }));
    const changed = { ...plan, pfs: plan.pfs.map((pf) => ({ ...pf, vfs })) };
    const applying = apply(kernel, changed, {
      onStep: () => undefined,
      modprobeFolder,
      sleep: (ms, signal) => clock.sleep(ms, signal),
    });
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000);
    return { kernel, ran: ran.filter((line) => LINK_SET.test(line)), failures: await applying };
  }
  const upWith9000 = (name: string): string[] => ['link', 'set', 'dev', name, 'mtu', '9000'];

  it('takes two processes for a PF, whatever the number of its VFs', async () => {
    const { kernel, ran, failures } = await applyTo(2);
    expect([ran, failures]).toEqual([Array.from({ length: 4 }, () => 'ip -force -batch -'), []]);
    const { pf } = kernel.state.devices[addressOf(1)] ?? {};
    expect(pf?.vfSettings.map(({ mac }) => mac)).toEqual(pf?.vfs.map((_, id) => MAC(id)));
    const mtus = Object.values(kernel.state.links).map(({ mtu }) => mtu);
    expect(mtus).toEqual(Array.from({ length: 34 }, () => 9000));
  });
});

describe('PFs that take turns, one of which never comes back', () => {
  it('all begin at once, except the one that is stuck', async () => {
    const ports = Array.from({ length: 6 }, (_, port) => port);
    const nics = ports.map((port) => ({
      model: 'igb',
      address: addressOf(port),
      name: `ens${port}`,
      mac: `52:54:00:aa:00:${(0x10 + port).toString(16)}`,
    }));
    const clock = new FakeClock();
    const kernel = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock });
    kernel.addFault({ verb: 'write', path: `*/${addressOf(3)}/sriov_numvfs`, hang: true });
    const pfs = ports.map((port) => ({
      pciAddress: addressOf(port),
      name: `ens${port}`,
      because: [],
      takesTurn: true as const,
      before: [
        { kind: 'set-pf-mtu', mtu: 9000 },
        { kind: 'set-num-vfs', numVfs: 4 },
      ] as const,
      vfs: [],
      after: [],
    }));
    const plan = { modules: [], pfs, problems: [], taken: [], released: [] };
    const begun = new Set<string>();
    const applying = apply(kernel, plan, {
      onStep: ({ pf }) => void begun.add(pf),
      modprobeFolder,
      sleep: (ms, signal) => clock.sleep(ms, signal),
    });
    await clock.advance(1_000);
    await clock.advance(0);
    expect(begun.size).toBe(6);
    const made = ports.map((port) => kernel.state.devices[addressOf(port)]?.pf?.vfs.length);
    expect(made).toEqual([4, 4, 4, 0, 4, 4]);
    await clock.advance(10_000);
    expect((await applying).map(({ pciAddress }) => pciAddress)).toEqual([addressOf(3)]);
  });
});

describe('the preparation of a reboot', () => {
  const beforeReboot = {
    because: [],
    steps: [{ kind: 'write-rdma-mode-file', mode: 'exclusive', content: 'x' }],
  } as const;

  it.each([
    ['comes last', undefined, 1],
    ['does not come while something else has failed', 'EIO', 0],
  ])('%s', async (_, errno, files) => {
    const { kernel, plan } = await hostWith(1);
    if (errno !== undefined) kernel.addFault({ verb: 'write', path: '*/driver_override', errno });
    const folder = new MemoryFolder();
    const ports = { onStep: () => undefined, modprobeFolder: folder };
    const failures = await apply(kernel, { ...plan, beforeReboot }, ports);
    expect([failures.length > 0, folder.files.size]).toEqual([errno !== undefined, files]);
  });
});
