import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@sriov/testing';
import { HostKernel } from './host-kernel.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watch-ovs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function watchOvs(): { readonly told: () => number; readonly end: Promise<void>; readonly stop: () => void } {
  const abort = new AbortController();
  let told = 0;
  const end = new HostKernel({ hostRoot: root }).watch('ovs', () => void (told += 1), abort.signal);
  return { told: () => told, end, stop: () => abort.abort() };
}

describe('the folder of Open vSwitch', () => {
  it('tells of a socket that comes, whether or not the folder was there before', async () => {
    for (const isThere of [true, false]) {
      rmSync(join(root, 'run'), { recursive: true, force: true });
      mkdirSync(join(root, isThere ? 'run/openvswitch' : 'run'), { recursive: true });
      const { told, end, stop } = watchOvs();
      mkdirSync(join(root, 'run/openvswitch'), { recursive: true });
      await eventually(() => {
        writeFileSync(join(root, 'run/openvswitch/db.sock'), '');
        return told() > (isThere ? 0 : 1);
      });
      stop();
      await expect(end).resolves.toBeUndefined();
    }
  });

  it('is no source where there is not even a place for it', async () => {
    await expect(watchOvs().end).rejects.toMatchObject({ code: 'ENOENT', path: '/run/openvswitch' });
  });

  it('is followed until nobody listens, while it is not there', async () => {
    mkdirSync(join(root, 'run'));
    const { end, stop } = watchOvs();
    stop();
    await expect(end).resolves.toBeUndefined();
  });
});
