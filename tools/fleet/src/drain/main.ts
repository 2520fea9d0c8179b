import { availableParallelism, loadavg } from 'node:os';
import { runTool, startControlPlane } from '@sriov/control-plane';
import { tableOf } from '../report.ts';
import { runDrainBench } from './bench.ts';
import { type DrainFlags, HELP, readDrainFlags } from './flags.ts';
import { drainRowsOf } from './report.ts';

async function measure(flags: DrainFlags): Promise<void> {
  const start = performance.now();
  const say = (line: string): void => {
    process.stderr.write(`${((performance.now() - start) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  const load = loadavg()[0] ?? 0;
  const plane = await startControlPlane({ onProgress: say });
  try {
    const figures = await runDrainBench(plane, flags, say);
    const { nodes, maxUnavailable, workMs, nics, vfs } = flags;
    process.stdout.write(
      [
        `${nodes} nodes x ${nics} PFs x ${vfs} VFs, maxUnavailable ${maxUnavailable}, daemons that work for ${workMs} ms; Kubernetes ${figures.kubernetes},`,
        `Node ${process.version}, ${availableParallelism()} cores shared with the API server, etcd and the fleet; load before: ${load.toFixed(1)}`,
        '',
        tableOf(drainRowsOf(figures)),
        '',
      ].join('\n'),
    );
  } finally {
    await plane.stop();
  }
}

await runTool<DrainFlags>({
  help: HELP,
  readFlags: readDrainFlags,
  async run(flags) {
    await measure(flags);
    return 0;
  },
  exitCodeOf: () => undefined,
});
// Connections of the fleet may still be open.
process.exit();
