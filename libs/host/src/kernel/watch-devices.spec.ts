import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostKernel } from './host-kernel.ts';

let folder: string;
const { PATH } = process.env;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-devices-'));
  process.env['PATH'] = `${folder}:${PATH}`;
});

afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

/** How many events of a device come by a udevadm that hears one of this subsystem, and ends. */
async function eventsOf(subsystem: string): Promise<number> {
  const line = `KERNEL[1.0] add /devices/pci0000:00/0000:01:00.2/x (${subsystem})`;
  const filter = `case "$*" in *--subsystem-match=${subsystem}*) echo '${line}';; esac`;
  writeFileSync(join(folder, 'udevadm'), `#!/bin/sh\n${filter}\n`, { mode: 0o755 });
  let told = 0;
  const watching = new HostKernel({ hostRoot: '/' }).watch('device', () => (told += 1), new AbortController().signal);
  await expect(watching).rejects.toMatchObject({ code: 'ECHILD' });
  return told;
}

describe('the events of devices', () => {
  it.each([
    ['a device or its driver', 'pci', 1],
    ['the RDMA device on it, which comes later where its driver is still to be loaded', 'infiniband', 1],
    ['the vDPA device on it, and its driver', 'vdpa', 1],
    ['a subfunction', 'auxiliary', 1],
    ['nothing that pods are not given', 'block', 0],
  ])('tell of %s', async (_, subsystem, expected) => {
    expect(await eventsOf(subsystem)).toBe(expected);
  });
});
