import { homedir } from 'node:os';
import { join } from 'node:path';

/** `linux-amd64` and so on, as Go and the envtest archives name platforms. */
export function platformName(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return `${process.platform}-${arch}`;
}

/** Folder for what is slow to get: `$SRIOV_CACHE`, or `sriov-operator` in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['SRIOV_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sriov-operator');
}
