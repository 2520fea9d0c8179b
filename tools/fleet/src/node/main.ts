// Measures what runs on each node, as it is shipped: memory, processor time, and how soon the kubelet has what it needs.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Row, tableOf } from '../report.ts';
import { benchDevicePlugin, type PluginLoad } from './device-plugin.ts';
import { benchConfigDaemon } from './daemon/index.ts';
import { benchIdleDaemon } from './daemon/idle.ts';
import { FixtureHost } from './fixture-host.ts';

const number = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    pfs: { ...number, default: '8' },
    vfs: { ...number, default: '16' },
    allocations: { ...number, default: '1000' },
    'idle-seconds': { ...number, default: '300' },
    rounds: { ...number, default: '20' },
    only: { type: 'string', default: 'device-plugin,config-daemon,idle-daemon' },
  },
});

/** What can be measured, by the name of the service. */
const SECTIONS: Readonly<Record<string, (host: FixtureHost, load: PluginLoad) => Promise<Row[]>>> = {
  'device-plugin': benchDevicePlugin,
  'config-daemon': (_, load) => benchConfigDaemon(load),
  'idle-daemon': benchIdleDaemon,
};

const start = performance.now();
const say = (line: string): void => {
  process.stderr.write(`${((performance.now() - start) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
};
const size = {
  allocations: Number(values.allocations),
  idleSeconds: Number(values['idle-seconds']),
  rounds: Number(values.rounds),
  say,
};
const load = loadavg()[0] ?? 0;
const rows: Row[] = [];
for (const name of values.only.split(',')) {
  const folder = mkdtempSync(join(tmpdir(), 'sriov-node-'));
  const host = await FixtureHost.make(folder, { pfs: Number(values.pfs), vfs: Number(values.vfs) });
  try {
    const measure = SECTIONS[name];
    if (measure === undefined) throw new Error(`--only: "${name}" is none of ${Object.keys(SECTIONS).join(', ')}`);
    rows.push(...(await measure(host, size)));
  } finally {
    await host.close();
    rmSync(folder, { recursive: true });
  }
}
console.log(
  `${values.pfs} PFs x ${values.vfs} VFs; Node ${process.version}, ${availableParallelism()} cores shared with the kubelet that is played; load before: ${load.toFixed(1)}\n`,
);
console.log(tableOf(rows));
// The threads of the kernel port would wait for more.
process.exit();
