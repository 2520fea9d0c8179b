import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { openHost, type OpenedHost } from './open-host.ts';
import { service } from './service.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'host-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (hostRoot: string, stateFolder: string, rest: object = {}): OpenedHost =>
  openHost(
    { ...service.schema.parse({ nodeName: 'node-1', ...rest }), hostRoot, stateFolder },
    { log: createLogger({ service: 'spec', level: 'silent' }), clock: new FakeClock() },
  );

describe('the host that the settings name', () => {
  it('keeps what must survive below its root file system, wherever that is mounted', async () => {
    await open(root, '/etc/sriov-operator').folder.write('a', 'x');
    expect(readFileSync(join(root, 'etc/sriov-operator/a'), 'utf8')).toBe('x');
  });

  it('is the machine of the daemon itself outside a container', async () => {
    await open('/', join(root, 'state')).folder.write('a', 'x');
    expect(existsSync(join(root, 'state/a'))).toBe(true);
  });

  it.each([
    [{ podName: 'daemon-x7k2p', namespace: 'sriov' }, 'sriov/daemon-x7k2p'],
    [{}, undefined],
  ])('knows the pod of the daemon, where it is in one (%j)', (settings, pod) => {
    expect(open('/', '/nowhere', settings).kernel.pod).toBe(pod);
  });

  it('has the kernel that runs, whose files are read where they are', async () => {
    writeFileSync(join(root, 'b'), 'y');
    expect(await open('/', '/nowhere').kernel.read(join(root, 'b'))).toBe('y');
  });
});
