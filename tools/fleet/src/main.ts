import { availableParallelism, loadavg } from 'node:os';
import { runTool, startControlPlane } from '@sriov/control-plane';
import { runBench } from './bench.ts';
import { type Flags, HELP, readFlags } from './flags.ts';
import { rowsOf, tableOf } from './report.ts';

async function measure(flags: Flags): Promise<void> {
  const start = performance.now();
  const say = (line: string): void => {
    process.stderr.write(`${((performance.now() - start) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  const load = loadavg()[0] ?? 0;
  const plane = await startControlPlane({ onProgress: say });
  try {
    const figures = await runBench(plane, flags, say);
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...figures, rows: rowsOf(figures) }, undefined, 2)}\n`);
    else {
      const { nodes, nics, vfs, policies } = flags;
      process.stdout.write(
        [
          `${nodes} nodes x ${nics} PFs x ${vfs} VFs, ${policies} policies, ${figures.shards} ConfigMaps; Kubernetes ${figures.kubernetes},`,
          `Node ${process.version}, ${availableParallelism()} cores shared with the API server and etcd; load before: ${load.toFixed(1)}`,
          '',
          tableOf(rowsOf(figures)),
          '',
        ].join('\n'),
      );
    }
  } finally {
    await plane.stop();
  }
}

await runTool<Flags>({
  help: HELP,
  readFlags: readFlags,
  async run(flags) {
    await measure(flags);
    return 0;
  },
  exitCodeOf: () => undefined,
});
// Connections of the simulator may still be open.
process.exit();
