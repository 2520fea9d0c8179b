import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { adminRequest } from './admin-request.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

jest.setTimeout(60_000);

let planes: ControlPlane[] = [];
const start = async (options = {}): Promise<ControlPlane> => {
  const plane = await startControlPlane(options);
  planes.push(plane);
  return plane;
};
afterEach(async () => {
  await Promise.all(planes.map((plane) => plane.stop()));
  planes = [];
});

/** Command lines of all processes of the machine that mention the folder. */
const processesIn = (folder: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(folder));

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 50));
};

describe('a control plane', () => {
  it('serves as soon as it has started, and leaves nothing behind when it is stopped', async () => {
    const plane = await start();
    expect((await adminRequest(plane.access, { method: 'GET', path: '/readyz' })).status).toBe(200);
    expect(processesIn(plane.folder).length).toBeGreaterThan(2);
    await plane.stop();
    expect([processesIn(plane.folder), existsSync(plane.folder)]).toEqual([[], false]);
  });

  it('keeps its data and its address while the API server is away', async () => {
    const plane = await start();
    const body = { metadata: { name: 'kept' } };
    await adminRequest(plane.access, { method: 'POST', path: '/api/v1/namespaces', body });
    await plane.stopApiServer();
    await expect(adminRequest(plane.access, { method: 'GET', path: '/readyz' })).rejects.toThrow(/ECONNREFUSED/);
    await plane.startApiServer();
    const answer = await adminRequest(plane.access, { method: 'GET', path: '/api/v1/namespaces/kept' });
    expect(answer.status).toBe(200);
  });

  it('deletes a namespace whole when it has a controller manager', async () => {
    const plane = await start({ controllerManager: true });
    const path = '/api/v1/namespaces/gone';
    await adminRequest(plane.access, { method: 'POST', path: dirname(path), body: { metadata: { name: 'gone' } } });
    await adminRequest(plane.access, { method: 'DELETE', path });
    while ((await adminRequest(plane.access, { method: 'GET', path })).status !== 404) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});

describe('npm run control-plane', () => {
  const run = (...args: string[]): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });

  const folderOf = async (child: ChildProcess): Promise<string> => {
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      const kubeconfig = /--kubeconfig (\S+)/.exec(line)?.[1];
      if (kubeconfig !== undefined) return dirname(kubeconfig);
    }
    throw new Error('it ended without a kubeconfig');
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with code 0 on %s and leaves nothing behind', async (signal) => {
    const child = run();
    const folder = await folderOf(child);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect([processesIn(folder), existsSync(folder)]).toEqual([[], false]);
  });

  it('leaves nothing behind when it is killed outright', async () => {
    const child = run();
    const folder = await folderOf(child);
    child.kill('SIGKILL');
    await until(() => processesIn(folder).length === 0 && !existsSync(folder));
  });

  it('ends with code 2 and the usage on a wrong flag', async () => {
    const child = run('--port');
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(text).toMatch(/'--port'[\s\S]*--resolve-only/);
  });
});
