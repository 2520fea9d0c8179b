import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
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
    const listen = `127.0.0.1:${await findFreePort()}`;
    const env = { ...node.env, KUBECONFIG: plane.kubeconfigPath, LISTEN: listen, HOST_ROOT: '/' };
    const daemon = await startOnHost('config-daemon', host, [], { ...env, STATE_FOLDER: folder });
    try {
      const all = host.vfs.length;
      await Promise.race([node.until('all PFs', ({ status }) => status?.interfaces?.length === all), daemon.end()]);
      return await measure({ daemon, host, callsMade: () => readCalls(listen) }, load);
    } finally {
      await daemon.stop();
    }
  } finally {
    await plane.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A port that nobody listens at: the service does not tell which it has chosen. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** All calls of its kernel port that the daemon has made since its start, by its own count. */
async function readCalls(listen: string): Promise<number> {
  const text = await (await fetch(`http://${listen}/metrics`)).text();
  const counts = [...text.matchAll(/^sriov_node_host_calls_total\{[^}]*\} (\d+)$/gm)].map(([, count]) => Number(count));
  if (counts.length === 0) throw new Error(`the daemon does not count its calls of the host at ${listen}/metrics`);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The daemon, its host, and how many calls of it the daemon has made. */
interface IdleParts {
  readonly daemon: MeasuredProcess;
  readonly host: FixtureHost;
  readonly callsMade: () => Promise<number>;
}

async function measure({ daemon, host, callsMade }: IdleParts, { idleSeconds, say }: IdleLoad): Promise<Row[]> {
  await delay(SETTLE_MS);
  const { rss, own, peak } = await daemon.memory();
  say(`the daemon takes ${rss.toFixed(0)} MB; ${idleSeconds} s of idleness`);
  const calls = await callsMade();
  const [cpuMs, commands] = [await daemon.cpuMs(), await host.commandsRun()];
  await delay(idleSeconds * 1_000);
  const idlePercent = ((await daemon.cpuMs()) - cpuMs) / idleSeconds / 10;
  const perMinute = (((await host.commandsRun()) - commands) / idleSeconds) * 60;
  const callsPerMinute = (((await callsMade()) - calls) / idleSeconds) * 60;
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
    { what: 'calls of the host in that time', measured: `${callsPerMinute.toFixed(0)} a minute`, bar: '' },
  ];
}
