import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startControlPlane } from '@sriov/control-plane';
import { type Row } from '../../report.ts';
import { type FixtureHost } from '../fixture-host.ts';
import { type MeasuredProcess } from '../measured-process.ts';
import { startOnHost } from '../start-on-host.ts';
import { BenchNode } from './node.ts';

/** How long the idle daemon is looked at. */
export interface IdleLoad {
  readonly idleSeconds: number;
  readonly say: (line: string) => void;
}

const BAR = { rssMb: 80, idlePercent: 0.3, commandsPerMinute: 20 };
/** By then a process has ended the threads that it needed only for its start. */
const SETTLE_MS = 15_000;

/** Measures the config daemon as it is shipped, on the files and commands of a host on which nothing happens. */
export async function benchIdleDaemon(host: FixtureHost, load: IdleLoad): Promise<Row[]> {
  const plane = await startControlPlane({ onProgress: load.say });
  const folder = mkdtempSync(join(tmpdir(), 'sriov-idle-'));
  try {
    const node = await BenchNode.make(plane);
    const env = { ...node.env, KUBECONFIG: plane.kubeconfigPath, LISTEN: '127.0.0.1:0', HOST_ROOT: '/' };
    const daemon = await startOnHost('config-daemon', host, [], { ...env, STATE_FOLDER: folder });
    try {
      const all = host.vfs.length;
      await Promise.race([node.until('all PFs', ({ status }) => status?.interfaces?.length === all), daemon.end()]);
      return await measure(daemon, host, load);
    } finally {
      await daemon.stop();
    }
  } finally {
    await plane.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measure(daemon: MeasuredProcess, host: FixtureHost, { idleSeconds, say }: IdleLoad): Promise<Row[]> {
  await delay(SETTLE_MS);
  const { rss, own, peak } = await daemon.memory();
  say(`the daemon takes ${rss.toFixed(0)} MB; ${idleSeconds} s of idleness`);
  const [cpuMs, commands] = [await daemon.cpuMs(), await host.commandsRun()];
  await delay(idleSeconds * 1_000);
  const idlePercent = ((await daemon.cpuMs()) - cpuMs) / idleSeconds / 10;
  const perMinute = (((await host.commandsRun()) - commands) / idleSeconds) * 60;
  const after = await daemon.memory();
  return [
    {
      what: `idle daemon: RSS with ${host.vfs.flat().length} VFs, what of it is not shared, and the peak`,
      measured: `${rss.toFixed(0)} MB, ${own.toFixed(0)} MB, ${peak.toFixed(0)} MB; ${after.rss.toFixed(0)} MB at the end`,
      bar: `RSS at most ${BAR.rssMb} MB`,
      isMet: Math.max(rss, after.rss) <= BAR.rssMb,
    },
    {
      what: `processor time of ${idleSeconds} s of idleness`,
      measured: `${idlePercent.toFixed(2)} % of a core`,
      bar: `at most ${BAR.idlePercent} %`,
      isMet: idlePercent <= BAR.idlePercent,
    },
    {
      what: 'commands run in that time',
      measured: `${perMinute.toFixed(1)} a minute`,
      bar: `at most ${BAR.commandsPerMinute} a minute`,
      isMet: perMinute <= BAR.commandsPerMinute,
    },
  ];
}
