import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { type Row } from '../../report.ts';
import { type HostSize, pfAddress } from '../fixture-host.ts';
import { outsideRows } from './outside-changes.ts';
import { BenchNode, isDone } from './node.ts';
import { SimulatedHost } from './simulated-host.ts';
import { type RemoteDaemon, startRemoteDaemon } from './start-daemon.ts';

/** How much is measured. */
export interface DaemonLoad {
  readonly rounds: number;
  readonly say: (line: string) => void;
}

const BAR = { ratio: 1.3, processes: 200, stallMs: 100, peakMb: 160, noopWrites: 0 };
/** Times of the model of mlx5, in ms: making all VFs of a PF, and probing a driver for one. */
const MODEL = { createVfs: 400, probe: 700 };
/** Drivers that a PF can probe at the same time, in the floor that the daemon is compared with. */
const PROBES_AT_ONCE = 8;
/** As long as a pass with nothing to do can take. */
const PASS_MS = 3_000;

const SMALL: HostSize = { pfs: 8, vfs: 16 };
const LARGE: HostSize = { pfs: 8, vfs: 128 };

/** What is measured with. */
export interface Parts {
  readonly node: BenchNode;
  readonly host: SimulatedHost;
  readonly daemon: RemoteDaemon;
}

/** Measures the config daemon, whose simulated host is in another process. */
export async function benchConfigDaemon({ rounds, say }: DaemonLoad): Promise<Row[]> {
  const plane = await startControlPlane({ onProgress: say });
  try {
    const node = await BenchNode.make(plane);
    const ofSmall = await withDaemon(plane, node, SMALL, async (parts) => [
      ...(await applyRows(parts, SMALL, say)),
      ...(await noopRows(parts, say)),
      ...(await outsideRows(parts, { rounds, say })),
    ]);
    say('exchanges the host and the daemon for larger ones');
    await node.reset();
    return [...ofSmall, ...(await withDaemon(plane, node, LARGE, (parts) => applyRows(parts, LARGE, say)))];
  } finally {
    await plane.stop();
  }
}

async function withDaemon(
  { kubeconfigPath: kubeconfig }: ControlPlane,
  node: BenchNode,
  size: HostSize,
  measure: (parts: Parts) => Promise<Row[]>,
): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sriov-daemon-'));
  const host = await SimulatedHost.start(folder, { ...size, pfs: size.pfs + 1 });
  const daemon = await startRemoteDaemon(folder, { node, kubeconfig, socket: host.socket });
  try {
    return await Promise.race([measure({ node, host, daemon }), daemon.process.end()]);
  } finally {
    await daemon.process.stop();
    host.stop();
    rmSync(folder, { recursive: true });
  }
}

/** From a spec that wants VFs of the kernel's driver on all PFs but the last, of which it wants nothing, to its Succeeded. */
async function applyRows(
  { node, host, daemon }: Parts,
  { pfs, vfs }: HostSize,
  say: DaemonLoad['say'],
): Promise<Row[]> {
  say(`waits for the first status of ${pfs + 1} PFs`);
  await node.until('all PFs', ({ status }) => status?.interfaces?.length === pfs + 1);
  await daemon.longestStall();
  const before = await host.counts();
  say(`waits for ${pfs} PFs x ${vfs} VFs`);
  const begin = performance.now();
  await node.wantVfs({ pfs, vfs });
  await node.until('Succeeded', isDone);
  const ms = performance.now() - begin;
  const after = await host.counts();
  const stall = await daemon.longestStall();
  const { peak } = await daemon.process.memory();
  const processes = after.processes - before.processes;
  const floor = MODEL.createVfs + Math.ceil(vfs / PROBES_AT_ONCE) * MODEL.probe;
  say(`${pfs} PFs x ${vfs} VFs took ${ms.toFixed(0)} ms, ${processes} processes, ${stall.toFixed(0)} ms of a stall`);
  const what = `${pfs} PFs x ${vfs} VFs of the kernel's driver`;
  return [
    ratioRow(`${what}: from the spec to Succeeded, divided by the modelled ${floor} ms`, ms, floor),
    row(`${what}: processes started`, processes, BAR.processes, ''),
    row(`${what}: longest stall of the event loop`, stall, BAR.stallMs, ' ms'),
    row(`${what}: peak RSS, without the threads for calls of the host`, peak, BAR.peakMb, ' MB'),
  ];
}

/** Somebody sets an interface up that is up: the host tells of it, and there is nothing to do. */
async function noopRows({ node, host }: Parts, say: DaemonLoad['say']): Promise<Row[]> {
  say('watches a pass with nothing to do');
  const version = async (): Promise<string | undefined> => (await node.get()).metadata.resourceVersion;
  await delay(PASS_MS);
  const [before, versionBefore] = [await host.counts(), await version()];
  await host.change({ ask: 'write', path: '/sys/bus/pci/drivers_probe', value: pfAddress(0) });
  await delay(PASS_MS);
  const after = await host.counts();
  const ours = after.writes - before.writes - 1;
  const ofApi = (await version()) === versionBefore ? 0 : 1;
  return [row('writes to host and API of a pass with nothing to do', ours + ofApi, BAR.noopWrites, '')];
}

function ratioRow(what: string, ms: number, floor: number): Row {
  const ratio = ms / floor;
  return {
    what,
    measured: `${ratio.toFixed(2)} (${ms.toFixed(0)} ms)`,
    bar: `at most ${BAR.ratio}`,
    isMet: ratio <= BAR.ratio,
  };
}

function row(what: string, value: number, most: number, unit: string): Row {
  return { what, measured: `${value.toFixed(0)}${unit}`, bar: `at most ${most}${unit}`, isMet: value <= most };
}
