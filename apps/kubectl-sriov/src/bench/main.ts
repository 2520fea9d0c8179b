// How long `kubectl-sriov plan` takes for a large cluster, and how much memory: the bundle in a process of its own.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { alignColumns } from '@sriov/words';
import { z } from 'zod';
import { type FleetSize, FORMS, makeFleet } from './fleet.ts';

const BAR = { seconds: 5, megabytes: 500 };
const PROJECT = join(import.meta.dirname, '../..');

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    nics: { type: 'string', default: '8' },
    vfs: { type: 'string', default: '0,16' },
    policies: { type: 'string', default: '50' },
  },
});

interface Measured {
  readonly seconds: number;
  /** Of the processor: the same on a busy machine. */
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

// The process tells its own usage when it ends; a measure from outside would need a tool that is not everywhere.
const TELL_USAGE = `data:text/javascript,import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));`;

const usageSchema = z.object({ userCPUTime: z.number(), systemCPUTime: z.number(), maxRSS: z.number() });

async function measure(program: string, file: string): Promise<Measured> {
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', TELL_USAGE, program, 'plan', '-f', file, '-o', 'json'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  let told = '';
  child.stdio[3]?.on('data', (chunk) => (told += String(chunk)));
  const exitCode = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  if (exitCode !== 0) throw new Error(`kubectl-sriov ended with ${exitCode}`);
  const usage = usageSchema.parse(JSON.parse(told));
  return {
    seconds: (performance.now() - start) / 1_000,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    megabytes: usage.maxRSS / 1_024,
  };
}

async function benchFleet(program: string, folder: string, size: FleetSize): Promise<string[][]> {
  const objects = makeFleet(size);
  const rows: string[][] = [];
  for (const { name, write } of FORMS) {
    const text = write(objects);
    const file = join(folder, 'fleet.yaml');
    writeFileSync(file, text);
    const { seconds, cpuSeconds, megabytes } = await measure(program, file);
    const isWithin = seconds <= BAR.seconds && megabytes <= BAR.megabytes;
    if (!isWithin && size.vfs === 0) process.exitCode = 1;
    rows.push([
      String(size.vfs),
      name,
      `${(text.length / 1e6).toFixed(1)} MB`,
      `${seconds.toFixed(2)} s`,
      `${cpuSeconds.toFixed(2)} s`,
      `${megabytes.toFixed(0)} MB`,
      isWithin ? 'yes' : 'no',
    ]);
  }
  return rows;
}

const folder = mkdtempSync(join(tmpdir(), 'bench-plan-'));
try {
  const program = join(folder, 'kubectl-sriov');
  const bundler = join(PROJECT, '../../tools/scripts/bundle.mjs');
  await promisify(execFile)(process.execPath, [bundler, '--executable', program], { cwd: PROJECT });
  const [nodes, nics, policies] = [Number(values.nodes), Number(values.nics), Number(values.policies)];
  console.log(`kubectl-sriov plan: ${nodes} nodes x ${nics} NICs x ${policies} policies`);
  console.log(`bar: ${BAR.seconds} s and ${BAR.megabytes} MB\n`);
  const rows: string[][] = [];
  for (const vfs of values.vfs.split(',').map(Number)) {
    rows.push(...(await benchFleet(program, folder, { nodes, nics, vfs, policies })));
  }
  const head = ['VFS A NIC', 'INPUT', 'SIZE', 'TIME', 'CPU', 'PEAK RSS', 'WITHIN THE BAR'];
  console.log(alignColumns([head, ...rows]).join('\n'));
} finally {
  rmSync(folder, { recursive: true });
}
