import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@sriov/testing';
import { HostKernel } from './host-kernel.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watch-pods-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function watchPods(): { readonly told: () => number; readonly end: Promise<void>; readonly stop: () => void } {
  const abort = new AbortController();
  let told = 0;
  const end = new HostKernel({ hostRoot: root }).watch('pod', () => void (told += 1), abort.signal);
  return { told: () => told, end, stop: () => abort.abort() };
}

describe('the folder of pods', () => {
  it('tells that a pod is gone, until nobody listens', async () => {
    const pod = join(root, 'var/lib/kubelet/pods/8e1c');
    mkdirSync(pod, { recursive: true });
    const { told, end, stop } = watchPods();
    rmdirSync(pod);
    await eventually(() => told() > 0);
    stop();
    await expect(end).resolves.toBeUndefined();
  });

  it('is no source where no kubelet has made it', async () => {
    await expect(watchPods().end).rejects.toMatchObject({ code: 'ENOENT', path: '/var/lib/kubelet/pods' });
  });

  it('is no source any more when another one takes its place, which has to be followed instead', async () => {
    const pods = join(root, 'var/lib/kubelet/pods');
    mkdirSync(pods, { recursive: true });
    const { end } = watchPods();
    renameSync(pods, `${pods}.old`);
    mkdirSync(pods);
    await expect(end).rejects.toThrow(/pods is no longer there/);
  });
});
