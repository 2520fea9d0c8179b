import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '@sriov/errors';

/** Interval at which a waiting process looks again. */
const POLL_MS = 200;
/** Interval at which a holder touches its lock. */
const TOUCH_MS = 5_000;
/** Nobody holds a lock that was not touched for so long: its process number may have a new owner after a reboot. */
const STALE_MS = 30_000;

/**
 * Runs `work` while no other process does so under the same lock file. The lock of a process that died is taken over;
 * so is one that is left over from another machine or container on the same files.
 */
export async function withLock<T>(path: string, onWait: (holder: string) => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  while (!(await acquire(path))) {
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (isStale(holder)) {
      await takeAway(path, holder.text);
      continue;
    }
    if (!told) onWait(holder.text);
    told = true;
    await delay(POLL_MS);
  }
  const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(path, { force: true });
  }
}

interface Holder {
  /** Process number and host name; empty for the moment between the file's creation and its first write. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly touchedAt: number;
}

async function acquire(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid} on ${hostname()}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), touchedAt: (await stat(path)).mtimeMs };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isStale({ text, touchedAt }: Holder): boolean {
  if (Date.now() - touchedAt > STALE_MS) return true;
  const [pid, host] = text.split(' on ');
  return host === hostname() && !isAlive(Number(pid));
}

/** Two may find the same lock stale, and the slower one must not take away what the faster one has just put there. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) !== stale) await rename(aside, path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
