// Runs the programs of the workspace for the other scripts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Root of the checkout. */
export const ROOT = join(import.meta.dirname, '../..');

const env = {
  ...process.env,
  // No background process that outlives the command, and no worker processes for three small plugins.
  NX_DAEMON: 'false',
  NX_ISOLATE_PLUGINS: 'false',
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
};

/** Runs a command at the root, its output being ours; returns its exit code. */
export function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, env, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

/** What a command at the root prints. */
export function outputOf(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, env, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
