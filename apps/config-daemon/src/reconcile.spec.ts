import { describe, expect, it } from '@jest/globals';
import {
  ANNOTATION,
  formatTime,
  type NodeStateSpec,
  type NodeStateStatus,
  type SriovNetworkNodeState,
} from '@sriov/api';
import { setNumVfs } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { createLogger, Metrics } from '@sriov/runtime';
import { eventually, FakeClock } from '@sriov/testing';
import { findGone } from './device-plugin/find-gone.ts';
import { CardFirmware } from './firmware/card-firmware.ts';
import { Journal } from './journal/journal.ts';
import { createNodeMetrics } from './metrics.ts';
import { nextStatus } from '@sriov/node-plan';
import { createPluginRestarter } from './plugin-restart/apply-restart.ts';
import { createPluginMetrics } from './plugin-restart/plugin-metrics.ts';
import { createReconciler } from './reconcile.ts';
import { hostPorts, MemoryFolder, MemoryPods, PORTS, testKernel, testSpec } from './test/test-host.ts';

const [PF, OTHER] = PORTS;
const PLANNED = { [ANNOTATION.plannedFrom]: PORTS.join(',') };
const NUM_VFS = `/sys/bus/pci/devices/${PF}/sriov_numvfs`;

/** A daemon whose API server is a variable. */
class Daemon {
  readonly clock = new FakeClock();
  readonly kernel = this.makeKernel();
  readonly metrics = new Metrics();
  /** Every status that was written, as `syncStatus: first line of the Ready condition`. */
  readonly reports: string[] = [];
  state: SriovNetworkNodeState | undefined = { metadata: { name: 'node-1', generation: 1, annotations: PLANNED } };
  isApiAway = false;
  wakes = 0;
  /** Calls over which passes were given up. */
  readonly heldUp: string[] = [];

  /** Lines of the commands that were run. */
  readonly execs: string[] = [];

  readonly folder = new MemoryFolder();
  readonly pods = new MemoryPods();
  /** Reasons of the events of the device plugin's restarts. */
  readonly events: string[] = [];

  /** Lines of the log, as JSON. */
  readonly log: string[] = [];

  readonly #log = createLogger({ service: 'test', level: 'info' }, { write: (line) => void this.log.push(line) });
  readonly #nodeMetrics = createNodeMetrics(this.metrics);
  readonly #journal = new Journal(this.folder);

  readonly reconcile = createReconciler({
    host: {
      ...hostPorts({ kernel: this.kernel, journal: this.#journal, clock: this.clock }),
      firmware: new CardFirmware(this.kernel),
    },
    findGone: (nodeState, seen) => findGone(this.kernel, nodeState, seen),
    restartPlugin: createPluginRestarter({
      kernel: this.kernel,
      pods: this.pods,
      journal: this.#journal,
      getNodeState: () => this.state,
      recorder: { record: (_, object, { reason }) => void this.events.push(`${object.metadata.name}: ${reason}`) },
      log: this.#log,
      metrics: createPluginMetrics(this.metrics),
    }),
    getNodeState: () => this.state,
    iommu: 'none',
    maxReboots: 0,
    status: {
      isOurs: () => true,
      write: (nodeState, pass) => {
        if (this.isApiAway) return Promise.reject(new Error('connect ECONNREFUSED'));
        const { status } = nextStatus({ ...nodeState, status: this.status }, pass, this.clock.now());
        this.state = { metadata: { name: 'node-1' }, ...this.state, status };
        this.reports.push(`${status.syncStatus}: ${this.ready.message.split('\n')[0]}`);
        return Promise.resolve(true);
      },
    },
    beginDrain: () => ({
      mayDisturb: 'nothing',
      users: 'seen',
      isPressing: false,
      end: () => Promise.resolve(undefined),
    }),
    isRebootGranted: () => Promise.resolve(false),
    resetsFirmware: () => false,
    allowHostInterfaces: false,
    clock: this.clock,
    log: this.#log,
    metrics: this.#nodeMetrics,
    wake: () => (this.wakes += 1),
    onHeldUp: ({ verb, path }) => void this.heldUp.push(`${verb} ${path}`),
  });

  constructor() {
    const exec = this.kernel.exec.bind(this.kernel);
    this.kernel.exec = (command, args, options) => {
      this.execs.push([command, ...args].join(' '));
      return exec(command, args, options);
    };
  }

  makeKernel(): SimulatedKernel {
    return testKernel(this.clock);
  }

  get status(): NodeStateStatus {
    return this.state?.status ?? {};
  }

  get ready(): NonNullable<NodeStateStatus['conditions']>[number] {
    const ready = this.status.conditions?.find(({ type }) => type === 'Ready');
    if (ready === undefined) throw new Error('no condition Ready');
    return ready;
  }

  want(spec: NodeStateSpec): void {
    const generation = (this.state?.metadata.generation ?? 0) + 1;
    this.state = { ...this.state, metadata: { ...this.state?.metadata, name: 'node-1', generation }, spec };
  }

  /** The policy controller has written another configuration of the device plugin. */
  configure(hash: string): void {
    const annotations = { ...PLANNED, [ANNOTATION.devicePluginConfigHash]: hash };
    this.state = { ...this.state, metadata: { name: 'node-1', ...this.state?.metadata, annotations } };
  }

  mtuOf(link: string): number | undefined {
    return this.kernel.state.links[link]?.mtu;
  }

  vfsOf(pf: string): number | undefined {
    return this.kernel.state.devices[pf]?.pf?.vfs.length;
  }
}

const onlyOther: NodeStateSpec = { interfaces: (testSpec(4, 2).interfaces ?? []).slice(1) };

/** A node whose card has firmware that takes a query. */
class CardDaemon extends Daemon {
  override makeKernel(): SimulatedKernel {
    const nic = { model: 'mlx5', address: PF, name: 'ens1', mac: 'b8:59:9f:00:00:10', up: true, totalVfs: 4 };
    return new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: [nic] }), clock: this.clock });
  }
}

describe('firmware that the spec can do without', () => {
  it('is read when the status is out, and mended in the next pass if it would lose what it has', async () => {
    const daemon = new CardDaemon();
    await daemon.kernel.exec('mstconfig', ['-d', PF, '-y', 'set', 'NUM_OF_VFS=0']);
    daemon.execs.length = 0;
    const reported: (string | undefined)[] = [];
    const exec = daemon.kernel.exec.bind(daemon.kernel);
    daemon.kernel.exec = (command, ...rest) => {
      if (command === 'mstconfig') reported.push(daemon.reports.at(-1));
      return exec(command, ...rest);
    };
    const vfGroups = [{ resourceName: 'k', policyName: 'p', deviceType: 'netdevice', vfRange: '0-2' }];
    daemon.want({ interfaces: [{ pciAddress: PF, name: 'ens1', numVfs: 3, vfGroups }] });
    await daemon.reconcile();
    expect([reported, daemon.wakes]).toEqual([['Succeeded: the host is as the spec wants it'], 1]);
    for (let pass = 0; pass < 3; pass += 1) await daemon.reconcile();
    const query = `mstconfig -e -d ${PF} q`;
    const asked = daemon.execs.filter((line) => line.startsWith('mstconfig'));
    // The write is verified, and what was known is read anew.
    expect(asked).toEqual([query, `mstconfig -d ${PF} -y set NUM_OF_VFS=3`, query, query]);
    expect(daemon.reports.at(-1)).toBe('Succeeded: the host is as the spec wants it');
  });
});

describe('a write that does not come back from the kernel', () => {
  it('is named with PF, step and time, holds up no other PF, and the work goes on when it is back', async () => {
    const daemon = new Daemon();
    const release = daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, hang: true });
    daemon.want(testSpec(4, 2, 1500));
    const since = formatTime(daemon.clock.now());
    const passing = daemon.reconcile();
    await eventually(() => daemon.vfsOf(OTHER) === 4 && daemon.clock.pending >= 1);
    await daemon.clock.advance(10_000);
    expect(await passing).toMatchObject({ kind: 'wait', ms: 30_000, reason: 'Applying' });
    const sentence = `ens1 (${PF}): create 4 VFs: not back from the kernel since ${since}: the PF is left alone until it is`;
    expect(daemon.reports).toEqual([
      'InProgress: load kernel module vfio-pci unless it is loaded',
      `InProgress: ${sentence}`,
    ]);
    expect(daemon.status.interfaces?.map(({ numVfs = 0 }) => numVfs)).toEqual([0, 0, 4]);
    // The VFs may still come, and no driver must be probed for them then.
    expect(daemon.kernel.state.devices[PF]?.pf?.autoprobe).toBe(false);

    // Nothing more is done to the PF; what comes for the other one is.
    const { writes } = daemon.kernel.state;
    await daemon.reconcile();
    expect(daemon.kernel.state.writes).toBe(writes);
    daemon.want({
      interfaces: [...testSpec(4, 2, 1500).interfaces!.slice(0, 1), ...testSpec(2, 1, 1500).interfaces!.slice(1)],
    });
    await daemon.reconcile();
    expect([daemon.vfsOf(PF), daemon.vfsOf(OTHER)]).toEqual([0, 2]);

    // Slow firmware would have answered by now.
    await daemon.clock.advance(110_000);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', ms: 30_000, reason: 'BlockedInKernel' });
    expect(daemon.status).toMatchObject({ syncStatus: 'Failed', lastSyncError: sentence });

    expect(daemon.wakes).toBe(0);
    release();
    await eventually(() => daemon.wakes === 1);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'InSync' });
    expect(daemon.vfsOf(PF)).toBe(4);
    expect(daemon.kernel.state.devices[PF]?.pf?.autoprobe).toBe(true);
    expect(await daemon.metrics.text()).toContain(
      `sriov_node_steps_total{pf="${PF}",step="set-num-vfs",outcome="blocked"} 1`,
    );
  });
});

describe('a PF with a call that does not come back', () => {
  it.each<[string, Parameters<SimulatedKernel['addFault']>[0], number]>([
    ['a write to numvfs', { verb: 'write', path: NUM_VFS, hang: true }, 10_000],
    ['a command', { verb: 'exec', path: 'ip link set dev ens1 mtu *', hang: true }, 30_000],
  ])('stays known as such when the next look at the host fails: %s', async (_, fault, deadlineMs) => {
    const daemon = new Daemon();
    const release = daemon.kernel.addFault(fault);
    daemon.want(testSpec(4, 2));
    const passing = daemon.reconcile();
    await eventually(() => daemon.clock.pending >= 1);
    const mend = daemon.kernel.addFault({ verb: 'exec', path: 'ip -j -d link show', errno: 'EMFILE' });
    await daemon.clock.advance(deadlineMs);
    expect(await passing).toMatchObject({ kind: 'wait', ms: 30_000, reason: 'HostUnreadable' });
    const [first, ...others] = daemon.status.lastSyncError?.split('\n') ?? [];
    expect(first).toBe('exec ip -j -d link show: EMFILE');
    expect(others).toContainEqual(expect.stringContaining(`ens1 (${PF}): `));
    expect(others).toContainEqual(expect.stringContaining('not back from the kernel since '));
    mend();
    const { writes } = daemon.kernel.state;
    const commands = daemon.execs.length;
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', reason: 'Applying' });
    expect(daemon.ready.message).toContain(`ens1 (${PF}): `);
    expect([daemon.kernel.state.writes, daemon.execs.slice(commands).filter((line) => / set /.test(line))]).toEqual([
      writes,
      [],
    ]);
    // A clock that somebody sets tells nothing of how long it takes.
    daemon.clock.jump(3_600_000);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', reason: 'Applying' });
    await daemon.clock.advance(120_000);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', reason: 'BlockedInKernel' });
    release();
    await eventually(() => daemon.wakes === 1);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'InSync' });
  });

  it('is not tried again sooner because the look after its failure failed as well', async () => {
    const daemon = new Daemon();
    daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, errno: 'EINVAL' });
    daemon.kernel.addFault({ verb: 'exec', path: 'ip -j -d link show', errno: 'EMFILE', after: 1 });
    daemon.want(testSpec(4, 2));
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', ms: 30_000, reason: 'HostUnreadable' });
    expect(daemon.status.lastSyncError).toContain(`ens1 (${PF}): create 4 VFs: write ${NUM_VFS}: EINVAL`);
  });

  it('of one PF, as a file that cannot be read, is named, and holds up no other PF', async () => {
    const daemon = new Daemon();
    daemon.kernel.addFault({ verb: 'read', path: `/sys/bus/pci/devices/${PF}/vendor`, hang: true });
    daemon.want(testSpec(4, 2));
    const passing = daemon.reconcile();
    await eventually(() => daemon.clock.pending >= 1);
    await daemon.clock.advance(10_000);
    expect(await passing).toMatchObject({ kind: 'wait', reason: 'BlockedInKernel' });
    expect(daemon.ready.message).toMatch(
      /^ens1 \(0000:01:00\.0\): read .*vendor: EBLOCKED \(not back from the kernel since /,
    );
    expect([daemon.vfsOf(PF), daemon.vfsOf(OTHER)]).toEqual([0, 4]);
  });

  it('of all PFs, as a look that does not come back, is named, and no second look is begun', async () => {
    const daemon = new Daemon();
    const release = daemon.kernel.addFault({ verb: 'exec', path: 'ip -j -d link show', hang: true });
    const since = formatTime(daemon.clock.now());
    const passing = daemon.reconcile();
    await eventually(() => daemon.clock.pending >= 1);
    await daemon.clock.advance(30_000);
    expect(await passing).toMatchObject({ kind: 'wait', ms: 30_000, reason: 'BlockedInKernel' });
    expect(daemon.status.lastSyncError).toBe(
      `exec ip -j -d link show: EBLOCKED (not back from the kernel since ${since})`,
    );
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', reason: 'BlockedInKernel' });
    expect(daemon.heldUp).toEqual(['exec ip -j -d link show', 'exec ip -j -d link show']);
    release();
    await eventually(() => daemon.wakes > 0);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'InSync' });
    expect(daemon.heldUp).toHaveLength(2);
  });
});

describe('a VF whose lock somebody else holds, for example because of a reset that never ends', () => {
  it('is named, and holds up neither the daemon nor the other PF', async () => {
    const daemon = new Daemon();
    const release = daemon.kernel.addFault({ verb: 'write', path: '*/0000:01:10.2/driver_override', hang: true });
    daemon.want(testSpec(4, 2));
    const passing = daemon.reconcile();
    await eventually(() => daemon.vfsOf(OTHER) === 4 && daemon.clock.pending >= 1);
    await daemon.clock.advance(10_000);
    expect(await passing).toMatchObject({ kind: 'wait', reason: 'Applying' });
    expect(daemon.ready.message).toContain(`ens1 (${PF}): VF 1: bind vfio-pci: not back from the kernel since `);
    release();
    await eventually(() => daemon.wakes === 1);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'InSync' });
  });
});

describe('PFs whose devices reset for VFs and for another MTU', () => {
  it('take turns, and one whose turn takes too long does not keep the others from theirs', async () => {
    const daemon = new Daemon();
    const release = daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, hang: true });
    daemon.want(testSpec(4, 2));
    const passing = daemon.reconcile();
    await eventually(() => daemon.clock.pending >= 1 && daemon.mtuOf('ens1') === 9000);
    expect([daemon.mtuOf('ens2'), daemon.vfsOf(OTHER)]).toEqual([1500, 0]);
    await daemon.clock.advance(1_000);
    await eventually(() => daemon.vfsOf(OTHER) === 4);
    await daemon.clock.advance(9_000);
    expect(await passing).toMatchObject({ kind: 'wait', reason: 'Applying' });
    expect([daemon.mtuOf('ens2'), daemon.vfsOf(OTHER)]).toEqual([9000, 4]);
    release();
    await eventually(() => daemon.wakes === 1);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'InSync' });
    expect(daemon.vfsOf(PF)).toBe(4);
  });
});

describe('a failure', () => {
  it.each([
    ['ERANGE', 'the device cannot have so many VFs'],
    ['EBUSY', 'the device has another number of VFs already'],
    ['EINVAL', 'the driver does not take this number'],
    ['ENOENT', 'the driver of the PF cannot make VFs, or there is none'],
    ['ENODEV', 'the device is gone'],
  ])('of numvfs with %s says what it means, and the other PF is served', async (errno, meaning) => {
    const daemon = new Daemon();
    daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, errno });
    daemon.want(testSpec(4, 2));
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', reason: 'ApplyFailed' });
    expect(daemon.status.lastSyncError).toBe(
      `ens1 (${PF}): create 4 VFs: write ${NUM_VFS}: ${errno} (${meaning} (4 wanted, 7 possible))`,
    );
    expect(daemon.vfsOf(OTHER)).toBe(4);
    expect(daemon.kernel.state.devices[PF]?.pf?.autoprobe).toBe(true);
    const text = await daemon.metrics.text();
    expect(text).toContain(`sriov_node_steps_total{pf="${PF}",step="set-num-vfs",outcome="failed"} 1`);
    expect(text).toContain('sriov_node_failures_total{reason="ApplyFailed"} 1');
    expect(text).toContain('sriov_node_in_sync 0');
  });

  it('that many VFs share is one line, so that it does not hide what else is wrong', async () => {
    const daemon = new Daemon();
    daemon.kernel.addFault({ verb: 'write', path: '/sys/bus/pci/drivers/vfio-pci/unbind', errno: 'EIO' });
    daemon.kernel.addFault({ verb: 'exec', path: 'ip link set dev ens2v3 mtu *', errno: 'EINVAL' });
    daemon.want(testSpec(6, 5));
    await daemon.reconcile();
    daemon.want(testSpec(6, 1, 1400));
    await daemon.reconcile();
    const unbind = 'unbind its driver: write /sys/bus/pci/drivers/vfio-pci/unbind: EIO (and likewise VF 2-4)';
    expect(daemon.status.lastSyncError?.split('\n')).toEqual([
      `ens1 (${PF}): VF 1: ${unbind}`,
      `ens2 (${OTHER}): VF 1: ${unbind}`,
    ]);
  });

  it('with a very long message is cut short', async () => {
    const daemon = new Daemon();
    const interfaces = Array.from({ length: 200 }, (_, id) => ({ pciAddress: `0000:${id.toString(16)}:00.0` }));
    daemon.want({ interfaces });
    await daemon.reconcile();
    expect(daemon.status.lastSyncError).toBe(daemon.ready.message);
    expect(daemon.ready.message).toHaveLength(4096);
  });

  it('to look at the host is counted like any other', async () => {
    const daemon = new Daemon();
    await daemon.reconcile();
    daemon.kernel.addFault({ verb: 'exec', path: 'ip -j -d link show', errno: 'ETIMEDOUT' });
    await expect(daemon.reconcile()).rejects.toThrow('ip -j -d link show: ETIMEDOUT');
    expect(daemon.status).toMatchObject({ syncStatus: 'Failed', interfaces: [{}, {}, {}] });
    const text = await daemon.metrics.text();
    expect(text).toContain('sriov_node_failures_total{reason="HostUnreadable"} 1');
    expect(text).toContain('sriov_node_in_sync 0');
    expect(text).toContain(`sriov_node_virtual_functions_possible{pf="${PF}"} 7`);
  });

  it('does not take away what was configured before', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    daemon.kernel.addFault({ verb: 'exec', path: 'ip link set dev ens1v3 mtu *', errno: 'EINVAL' });
    daemon.want(testSpec(4, 2, 1400));
    await daemon.reconcile();
    expect(daemon.status.lastSyncError).toContain(`ens1 (${PF}): VF 3: set its MTU to 1400: `);
    const vfs = daemon.status.interfaces?.[1]?.Vfs?.map(({ driver, mtu }) => [driver, mtu]);
    expect(vfs).toEqual([
      ['vfio-pci', undefined],
      ['vfio-pci', undefined],
      ['igbvf', 1400],
      ['igbvf', 9000],
    ]);
  });

  it('of a kernel module is a failure of the VFs that need it', async () => {
    const daemon = new Daemon();
    daemon.kernel.addFault({ verb: 'exec', path: 'modprobe vfio-pci', errno: 'ENOENT' });
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    expect(daemon.status.lastSyncError?.split('\n')[0]).toBe(
      `ens1 (${PORTS[0]}): load kernel module vfio-pci: exec modprobe vfio-pci: ENOENT`,
    );
    expect(daemon.status.interfaces?.[1]?.Vfs?.map(({ driver }) => driver)).toEqual([
      undefined,
      undefined,
      'igbvf',
      'igbvf',
    ]);
  });

  it('stays in the status while the step is tried again, less and less often, until another spec comes', async () => {
    const daemon = new Daemon();
    const mend = daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, errno: 'EINVAL' });
    daemon.want(testSpec(4, 2));
    const waits: unknown[] = [];
    for (let pass = 0; pass < 6; pass += 1) waits.push(await daemon.reconcile());
    expect(waits.map((outcome) => (outcome as { ms: number }).ms)).toEqual([
      30_000, 60_000, 120_000, 240_000, 300_000, 300_000,
    ]);
    expect(daemon.reports.map((line) => line.split(':')[0])).toEqual([
      'InProgress',
      ...Array<string>(6).fill('Failed'),
    ]);

    daemon.want(testSpec(3, 2));
    expect(await daemon.reconcile()).toMatchObject({ ms: 30_000 });
    expect(daemon.reports.slice(-2).map((line) => line.split(':')[0])).toEqual(['InProgress', 'Failed']);

    mend();
    await daemon.reconcile();
    expect(daemon.status).toMatchObject({ syncStatus: 'Succeeded' });
    expect(daemon.status.lastSyncError).toBeUndefined();
  });

  it('of one PF does not hide what is wrong with another', async () => {
    const daemon = new Daemon();
    daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, errno: 'EINVAL' });
    daemon.want({ interfaces: [...(testSpec(4, 2).interfaces ?? []), { pciAddress: '0000:09:00.0', numVfs: 1 }] });
    await daemon.reconcile();
    expect(daemon.status.lastSyncError?.split('\n')).toEqual([
      expect.stringContaining(`ens1 (${PF}): create 4 VFs`),
      '0000:09:00.0: the node has no such network device',
    ]);
  });
});

describe('reports', () => {
  it('that cannot be written do not hold up what is done to the host', async () => {
    const daemon = new Daemon();
    daemon.isApiAway = true;
    daemon.want(testSpec(4, 2));
    await expect(daemon.reconcile()).rejects.toThrow('ECONNREFUSED');
    expect([daemon.vfsOf(PF), daemon.vfsOf(OTHER)]).toEqual([4, 4]);

    daemon.isApiAway = false;
    const { writes } = daemon.kernel.state;
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done' });
    expect(daemon.kernel.state.writes).toBe(writes);
    expect(daemon.reports).toEqual(['Succeeded: the host is as the spec wants it']);
  });

  it('concern the spec that was carried out, not one that came meanwhile', async () => {
    const daemon = new Daemon();
    const release = daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, hang: true });
    daemon.want(testSpec(4, 2));
    const passing = daemon.reconcile();
    await eventually(() => daemon.clock.pending >= 1);
    daemon.want(onlyOther);
    release();
    await passing;
    expect([daemon.status.syncStatus, daemon.ready.observedGeneration]).toEqual(['Succeeded', 2]);
    await daemon.reconcile();
    expect([daemon.status.syncStatus, daemon.ready.observedGeneration]).toEqual(['Succeeded', 3]);
    expect([daemon.vfsOf(PF), daemon.vfsOf(OTHER)]).toEqual([0, 4]);
  });

  it('are three conditions that say the same from three sides', async () => {
    const daemon = new Daemon();
    const conditions = (): unknown =>
      Object.fromEntries(
        (daemon.status.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
      );
    await daemon.reconcile();
    expect(conditions()).toEqual({ Ready: 'True InSync', Progressing: 'False InSync', Degraded: 'False InSync' });
    const release = daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, hang: true });
    daemon.want(testSpec(4, 2));
    const passing = daemon.reconcile();
    await eventually(() => daemon.clock.pending >= 1);
    expect(conditions()).toEqual({ Ready: 'False Applying', Progressing: 'True Applying', Degraded: 'False Applying' });
    release();
    await passing;
    daemon.want({ interfaces: [{ pciAddress: '0000:09:00.0' }] });
    await daemon.reconcile();
    expect(conditions()).toEqual({
      Ready: 'False InterfaceNotFound',
      Progressing: 'False InterfaceNotFound',
      Degraded: 'True InterfaceNotFound',
    });
  });

  it('count the VFs of each PF, and say when all was last well', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    const text = await daemon.metrics.text();
    expect(text).toContain(`sriov_node_virtual_functions{pf="${PF}"} 4`);
    expect(text).toContain(`sriov_node_virtual_functions_possible{pf="${PF}"} 7`);
    expect(text).toContain('sriov_node_in_sync 1');
    expect(text).toContain(`sriov_node_last_success_timestamp_seconds ${daemon.clock.now() / 1000}`);
    await daemon.kernel.unplug(PF);
    await daemon.reconcile();
    expect(await daemon.metrics.text()).not.toContain(`sriov_node_virtual_functions{pf="${PF}"}`);
  });
});

describe('drift', () => {
  const lineOf = async (daemon: Daemon, name: string): Promise<string | undefined> =>
    (await daemon.metrics.text()).split('\n').find((line) => line.startsWith(`sriov_node_${name} `));
  const driftOf = async (daemon: Daemon): Promise<unknown> =>
    Promise.all(['drift_found_total', 'drift_repaired_total', 'drifted'].map((name) => lineOf(daemon, name)));
  const LINES = (found: number, repaired: number, drifted: number): string[] => [
    `sriov_node_drift_found_total ${found}`,
    `sriov_node_drift_repaired_total ${repaired}`,
    `sriov_node_drifted ${drifted}`,
  ];

  it('is counted when it is found and when it is repaired, and the work on a new spec is none', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    expect(await driftOf(daemon)).toEqual(LINES(0, 0, 0));
    await daemon.kernel.exec('ip', ['link', 'set', 'ens1', 'mtu', '1500']);
    await daemon.reconcile();
    expect([daemon.mtuOf('ens1'), await driftOf(daemon)]).toEqual([9000, LINES(1, 1, 0)]);
  });

  it('that cannot be repaired is told as long as it lasts, and not once more when the host cannot be read', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    await setNumVfs(daemon.kernel, PF, 0);
    daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, errno: 'EIO', times: 1 });
    await daemon.reconcile();
    expect(await driftOf(daemon)).toEqual(LINES(1, 0, 1));
    daemon.kernel.addFault({ verb: 'exec', path: 'ip -j -d link show', errno: 'ETIMEDOUT', times: 1 });
    await expect(daemon.reconcile()).rejects.toThrow('ETIMEDOUT');
    expect(await driftOf(daemon)).toEqual(LINES(1, 0, 1));
    await daemon.reconcile();
    expect([daemon.vfsOf(PF), await driftOf(daemon)]).toEqual([4, LINES(1, 1, 0)]);
  });
});

describe('a full disk', () => {
  it('leaves the host as it is, is reported, and the work goes on when there is room', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    const { writes } = daemon.kernel.state;
    const write = daemon.folder.write.bind(daemon.folder);
    daemon.folder.write = () => Promise.reject(new Error('ENOSPC: no space left on device, write'));
    daemon.want(testSpec(3, 2));
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', ms: 30_000 });
    expect(daemon.status.lastSyncError).toBe(
      'the state folder cannot be written, so nothing is done to the host: ENOSPC: no space left on device, write: make it writable, or choose another with --state-folder',
    );
    expect(daemon.kernel.state.writes).toBe(writes);
    daemon.folder.write = write;
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done' });
    expect(daemon.vfsOf(PF)).toBe(3);
  });
});

describe('VFs in use', () => {
  it('wait, and are served when they are free', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    const vf = daemon.kernel.state.devices[PF]?.pf?.vfs[1] ?? '';
    const release = daemon.kernel.holdVfio(vf);
    const back = daemon.kernel.moveToNamespace('ens2v3');
    daemon.want(testSpec(4, 1));
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', ms: 30_000, reason: 'VirtualFunctionInUse' });
    expect(daemon.status.lastSyncError).toBe(
      [
        `ens1 (${PF}): VF 1 has driver vfio-pci, not igbvf, and it is in use by process 4711 (qemu-kvm): it is left alone until it is free`,
        `needs a drain: VF 1 of ${PF} (VF 1 has driver vfio-pci, not igbvf; in use: VF 1 by process 4711 (qemu-kvm))`,
      ].join('\n'),
    );
    daemon.want({});
    await daemon.reconcile();
    expect([daemon.vfsOf(PF), daemon.vfsOf(OTHER)]).toEqual([4, 4]);
    release();
    back();
    await daemon.reconcile();
    expect([daemon.vfsOf(PF), daemon.vfsOf(OTHER)]).toEqual([0, 0]);
  });
});

describe('without a node state', () => {
  it('nothing is done to the host, and no status is written', async () => {
    const daemon = new Daemon();
    daemon.want(testSpec(4, 2));
    await daemon.reconcile();
    daemon.state = undefined;
    const { writes } = daemon.kernel.state;
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'NoNodeState' });
    expect(daemon.kernel.state.writes).toBe(writes);
    expect(daemon.vfsOf(PF)).toBe(4);
  });

  it('that is said once, however often the host reports changes', async () => {
    const daemon = new Daemon();
    daemon.state = undefined;
    await daemon.reconcile();
    await daemon.reconcile();
    expect(daemon.log).toHaveLength(1);
  });
});

describe('the device plugin', () => {
  const runningWith = async (spec: NodeStateSpec): Promise<Daemon> => {
    const daemon = new Daemon();
    daemon.configure('a');
    daemon.want(spec);
    await daemon.reconcile();
    daemon.pods.restarts = 0;
    daemon.events.length = 0;
    return daemon;
  };

  it.each<[string, number, (daemon: Daemon) => void]>([
    [
      'once for VFs and their configuration',
      1,
      (daemon) => {
        daemon.want(testSpec(4, 2));
        daemon.configure('b');
      },
    ],
    ['for the configuration alone', 1, (daemon) => daemon.configure('b')],
    ['for other VFs alone', 1, (daemon) => daemon.want(testSpec(4, 2))],
    ['for another driver of VFs', 1, (daemon) => daemon.want(testSpec(3, 2))],
    ['for VFs that are removed', 1, (daemon) => daemon.want({})],
    ['not for another MTU', 0, (daemon) => daemon.want(testSpec(3, 1, 8000))],
    ['not for a spec that changes nothing', 0, (daemon) => daemon.want({ ...testSpec(3, 1) })],
    ['not for nothing', 0, () => undefined],
  ])('is restarted %s', async (_, restarts, change) => {
    const daemon = await runningWith(testSpec(3, 1));
    change(daemon);
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done', reason: 'InSync' });
    expect(daemon.pods.restarts).toBe(restarts);
    expect(daemon.events).toEqual(restarts === 0 ? [] : ['node-1: DevicePluginRestarted']);
    await daemon.reconcile();
    expect(daemon.pods.restarts).toBe(restarts);
  });

  it('is not restarted while a PF is half configured, and once when the PF is done', async () => {
    const daemon = await runningWith(testSpec(4, 2));
    const [vf = ''] = daemon.kernel.state.devices[PF]?.pf?.vfs ?? [];
    const path = `/sys/bus/pci/devices/${vf}/driver_override`;
    const heal = daemon.kernel.addFault({ verb: 'write', path, errno: 'EIO' });
    daemon.want(testSpec(4, 1));
    daemon.configure('b');
    daemon.kernel.addFault({ verb: 'write', path: '/sys/bus/pci/drivers_probe', errno: 'EIO', times: 1 });
    const first = await daemon.reconcile();
    expect(first).toMatchObject({ kind: 'wait' });
    expect(daemon.pods.restarts).toBe(0);
    expect(await daemon.metrics.text()).toMatch(/^sriov_node_device_plugin_restart_owed 1$/m);
    heal();
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done' });
    expect(daemon.pods.restarts).toBe(1);
    expect(await daemon.metrics.text()).toMatch(/^sriov_node_device_plugin_restart_owed 0$/m);
  });

  it('is restarted for the VFs of a PF although another one cannot have any, and not at each further attempt', async () => {
    const daemon = await runningWith({});
    daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, errno: 'ENOMEM' });
    daemon.want(testSpec(4, 2));
    expect(await daemon.reconcile()).toMatchObject({ kind: 'wait', reason: 'ApplyFailed' });
    expect([daemon.vfsOf(OTHER), daemon.pods.restarts]).toEqual([4, 1]);
    await daemon.reconcile();
    await daemon.reconcile();
    expect(daemon.pods.restarts).toBe(1);
  });

  it('waits for a spec that has come meanwhile: one restart will do for both', async () => {
    const daemon = await runningWith({});
    const release = daemon.kernel.addFault({ verb: 'write', path: NUM_VFS, hang: true });
    daemon.want(testSpec(4, 2, 1500));
    const passing = daemon.reconcile();
    await eventually(() => daemon.vfsOf(OTHER) === 4);
    daemon.want(testSpec(2, 1, 1500));
    release();
    await passing;
    expect(daemon.pods.restarts).toBe(0);
    await daemon.reconcile();
    expect(daemon.pods.restarts).toBe(1);
  });

  it('that cannot be restarted is reported, takes nothing from the host, and is tried again', async () => {
    const daemon = await runningWith(testSpec(2, 1));
    daemon.pods.refusal = new Error('pods is forbidden');
    daemon.configure('b');
    const waits = [await daemon.reconcile(), await daemon.reconcile()];
    expect(waits).toMatchObject([
      { kind: 'wait', ms: 30_000, reason: 'InSync' },
      { kind: 'wait', ms: 60_000, reason: 'InSync' },
    ]);
    expect(daemon.status.syncStatus).toBe('Succeeded');
    expect(daemon.ready).toMatchObject({
      status: 'True',
      message: 'the host is as the spec wants it, but the device plugin could not be restarted: pods is forbidden',
    });
    expect(await daemon.metrics.text()).toMatch(/^sriov_node_device_plugin_restarts_total\{outcome="failed"\} 2$/m);
    daemon.pods.refusal = undefined;
    expect(await daemon.reconcile()).toMatchObject({ kind: 'done' });
    expect(daemon.ready.message).toBe('the host is as the spec wants it');
    expect(daemon.pods.restarts).toBe(1);
  });
});

describe('a device that a pod has and the host has not', () => {
  const two = (numVfs: number): NodeStateSpec => {
    const vfGroups = [{ resourceName: 'vf', policyName: 'p', deviceType: 'netdevice', vfRange: `0-${numVfs - 1}` }];
    return { interfaces: [{ pciAddress: PF, name: 'ens1', numVfs, vfGroups }] };
  };
  const told = ({ status }: Daemon): string | undefined =>
    status.conditions?.find(({ type }) => type === 'ResourcesOffered')?.message;

  it('is named as long as the pod is there, beside the device plugin of somebody else', async () => {
    const daemon = new Daemon();
    daemon.want(two(2));
    await daemon.reconcile();
    expect(told(daemon)).toBeUndefined();
    const end = daemon.kernel.users.allocate('0000:01:10.6', { namespace: 'default', name: 'web' });
    daemon.want(two(3));
    // The pod of a VF delays the change: the look is a close one.
    const release = daemon.kernel.users.allocate('0000:01:10.0', { name: 'other' });
    await daemon.reconcile();
    const message =
      'openshift.io/vf: pod default/web has 0000:01:10.6, which is no longer there: delete the pod, it cannot get the device back';
    expect(told(daemon)).toBe(message);
    daemon.want(two(2));
    await daemon.reconcile();
    expect(told(daemon)).toBe(message);
    end();
    await daemon.reconcile();
    expect(told(daemon)).toBeUndefined();
    release();
  });

  it("is told by the operator's own device plugin, with the pod and the cure", async () => {
    const daemon = new Daemon();
    daemon.kernel.plugin.start();
    const gone = {
      resource: 'a/b',
      devices: ['0000:01:10.6'],
      reason: 'Gone' as const,
      message: 'a/b: 0000:01:10.6: pod n/p has it',
    };
    daemon.kernel.plugin.says({ heldBack: [gone] });
    daemon.want(two(2));
    await daemon.reconcile();
    expect(told(daemon)).toMatch(/^a\/b: 0000:01:10.6: pod n\/p has it: delete the pod/);
  });
});
