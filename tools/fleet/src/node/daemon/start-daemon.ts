import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { z } from 'zod';
import { MeasuredProcess } from '../measured-process.ts';
import { nodeEnvOf } from '../start-on-host.ts';
import { type BenchNode } from './node.ts';

/** A daemon whose kernel is in another process. */
export interface RemoteDaemon {
  readonly process: MeasuredProcess;
  /** Longest time that its event loop did not turn, in ms, since it was last asked. */
  readonly longestStall: () => Promise<number>;
}

/** Bundles it, but for its kernel as it is shipped, and starts it. @param folder for its program and what it keeps */
export async function startRemoteDaemon(
  folder: string,
  { node, kubeconfig, socket }: { readonly node: BenchNode; readonly kubeconfig: string; readonly socket: string },
): Promise<RemoteDaemon> {
  const program = join(folder, 'daemon.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'program/main.ts')],
    outfile: program,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...{ PATH: process.env['PATH'], KUBECONFIG: kubeconfig, LISTEN: '127.0.0.1:0', LOG_LEVEL: 'warn' },
      ...nodeEnvOf('config-daemon'),
      ...{ ...node.env, HOST_ROOT: folder, STATE_FOLDER: '/state', KERNEL_SOCKET: socket },
    },
  });
  const longestStall = async (): Promise<number> => {
    const answer = once(child, 'message');
    child.send('stall');
    return z.number().parse((await answer)[0]);
  };
  return { process: new MeasuredProcess(child), longestStall };
}
