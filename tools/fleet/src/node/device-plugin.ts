import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../quantile.ts';
import { type Row } from '../report.ts';
import { type Calls, measureCalls } from './calls.ts';
import { measureDrivers, measureHandovers, type Parts, resourceOf } from './changes.ts';
import { DRIVER, type FixtureHost, pfName } from './fixture-host.ts';
import { PlayedKubelet } from './kubelet/played-kubelet.ts';
import { type Memory, type MeasuredProcess } from './measured-process.ts';
import { startOnHost } from './start-on-host.ts';

/** How much is measured. */
export interface PluginLoad {
  readonly allocations: number;
  /** How long the idle process is looked at. */
  readonly idleSeconds: number;
  /** Changes of each kind, and as many back. */
  readonly rounds: number;
  readonly say: (line: string) => void;
}

const BAR = { rssMb: 60, idlePercent: 0.1, allocateMs: 20, changeMs: 1_000 };
/** By then a process has ended the threads that it needed only for its start. */
const SETTLE_MS = 15_000;

/** Measures the device plugin as it is shipped, beside a kubelet that another process plays. */
export async function benchDevicePlugin(host: FixtureHost, load: PluginLoad): Promise<Row[]> {
  const config = join(host.folder, 'config/node');
  await writeFile(config, JSON.stringify({ resourceList: host.vfs.map((_, pf) => configOf(pf)) }));
  const kubelet = await PlayedKubelet.start(join(host.folder, 'kubelet'));
  try {
    const begin = performance.now();
    const plugin = await startOnHost('device-plugin', host, [`--config-file=${config}`], { LISTEN: '127.0.0.1:0' });
    try {
      await Promise.race([untilListed(kubelet, host), plugin.end()]);
      load.say(`the kubelet knows all VFs ${(performance.now() - begin).toFixed(0)} ms after bundling and starting`);
      return await measure({ host, kubelet, plugin }, load);
    } finally {
      await plugin.stop();
    }
  } finally {
    kubelet.stop();
  }
}

/** A resource for the VFs of one PF. */
function configOf(pf: number): object {
  return {
    resourceName: `nic${pf + 1}`,
    selectors: { vendors: ['15b3'], pfNames: [`${pfName(pf)}#0-127`], drivers: [DRIVER] },
  };
}

async function untilListed(kubelet: PlayedKubelet, { vfs }: FixtureHost): Promise<void> {
  for (const [pf, addresses] of vfs.entries()) {
    await kubelet.until(resourceOf(pf), ({ healthy }) => healthy.length === addresses.length);
  }
}

async function measure(parts: Parts & { readonly plugin: MeasuredProcess }, load: PluginLoad): Promise<Row[]> {
  const { plugin, host } = parts;
  const { say, idleSeconds, rounds, allocations } = load;
  await delay(SETTLE_MS);
  const atStart = await plugin.memory();
  say(`${atStart.rss.toFixed(0)} MB; ${idleSeconds} s of idleness`);
  const cpuMs = await plugin.cpuMs();
  await delay(idleSeconds * 1_000);
  const idlePercent = ((await plugin.cpuMs()) - cpuMs) / idleSeconds / 10;
  say(`${idlePercent.toFixed(2)} % of a core; ${rounds} changed hand-over files, and as many back`);
  const handovers = await measureHandovers(parts, rounds);
  say(`${rounds} changed drivers, and as many back`);
  const drivers = await measureDrivers(parts, rounds);
  say(`${allocations} allocations`);
  const calls = await measureCalls(parts, allocations);
  return [
    memoryRow(`device plugin: RSS with ${host.vfs.flat().length} VFs, what of it is not shared, and the peak`, atStart),
    memoryRow(`the same at the end, after ${allocations} allocations`, await plugin.memory()),
    {
      what: `processor time of ${idleSeconds} s of idleness`,
      measured: `${idlePercent.toFixed(2)} % of a core`,
      bar: `at most ${BAR.idlePercent} %`,
      isMet: idlePercent <= BAR.idlePercent,
    },
    ...callRows(calls),
    changeRow("from a changed hand-over file and Sync to the kubelet's list", handovers),
    changeRow("from another driver of a VF to the kubelet's list", drivers),
  ];
}

function memoryRow(what: string, { rss, own, peak }: Memory): Row {
  const measured = `${rss.toFixed(0)} MB, ${own.toFixed(0)} MB, ${peak.toFixed(0)} MB`;
  return { what, measured, bar: `RSS at most ${BAR.rssMb} MB`, isMet: rss <= BAR.rssMb };
}

const spread = (ms: readonly number[], q: number): string =>
  `${quantile(ms, 0.5).toFixed(1)} / ${quantile(ms, q).toFixed(1)} ms`;

function callRows({ allocate, echo }: Calls): Row[] {
  const p99 = quantile(allocate, 0.99);
  const ratio = (q: number): string => (quantile(allocate, q) / quantile(echo, q)).toFixed(1);
  return [
    {
      what: `Allocate of a VF, p50 / p99 of ${allocate.length}`,
      measured: spread(allocate, 0.99),
      bar: `p99 at most ${BAR.allocateMs} ms`,
      isMet: p99 <= BAR.allocateMs,
    },
    { what: 'a bare gRPC echo on such a socket', measured: spread(echo, 0.99), bar: '' },
    { what: "Allocate's time divided by the echo's, p50 / p99", measured: `${ratio(0.5)} / ${ratio(0.99)}`, bar: '' },
  ];
}

function changeRow(what: string, ms: readonly number[]): Row {
  const longest = Math.max(...ms);
  return {
    what: `${what}, p50 / longest of ${ms.length}`,
    measured: spread(ms, 1),
    bar: `at most ${BAR.changeMs} ms`,
    isMet: longest <= BAR.changeMs,
  };
}
