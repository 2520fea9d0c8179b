import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type FixtureHost } from './fixture-host.ts';
import { MeasuredProcess } from './measured-process.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const APPS = join(ROOT, 'apps');

/** Lays the folders of the host over those of this machine, where only the program sees them. */
const ENTER = `set -e
mount --bind "$1/sys" /sys
mount --bind "$1/run" /run
mount -t tmpfs none /var/lib
mkdir /var/lib/kubelet
mount --bind "$1/kubelet" /var/lib/kubelet
shift
exec "$@"`;

/** The environment for Node.js that the image of a service sets. */
export function nodeEnvOf(app: string): Record<string, string> {
  const stage = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .split(/^FROM /m)
    .find((text) => text.startsWith(`service AS ${app}\n`));
  const [, size] = /^ENV UV_THREADPOOL_SIZE=(\d+)$/m.exec(stage ?? '') ?? [];
  return size === undefined ? {} : { UV_THREADPOOL_SIZE: size };
}

/**
 * Bundles a service as it is shipped, and starts it in a mount namespace in which `/sys`, `/run`, `/var/lib/kubelet` and
 * the commands are those of the host. @param args of the service
 */
export async function startOnHost(
  app: string,
  host: FixtureHost,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<MeasuredProcess> {
  const program = join(host.folder, `${app}.mjs`);
  const bundler = join(APPS, '../tools/scripts/bundle.mjs');
  await promisify(execFile)(process.execPath, [bundler, '--executable', program], { cwd: join(APPS, app) });
  // Whoever is not root becomes it in a user namespace.
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const words = ['sh', '-c', ENTER, 'sh', host.folder, process.execPath, program, ...args];
  const child = spawn('unshare', [...namespaces, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${join(host.folder, 'bin')}:${process.env['PATH']}`, LOG_LEVEL: 'warn', ...nodeEnvOf(app), ...env },
  });
  // Each program takes the place of the one before in the same process.
  await once(child, 'spawn');
  return new MeasuredProcess(child);
}
