import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedKernel } from './simulated-kernel.ts';
import { StateFile } from './state-file.ts';
import { parseWorld } from './world.ts';

const PF = '0000:01:00.0';
const NUM_VFS = `/sys/bus/pci/devices/${PF}/sriov_numvfs`;
const world = parseWorld({
  modules: ['igbvf'],
  nics: [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10' }],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The machine as a process finds it that starts now, and in whose life no more time passes than it is given. */
const start = (sleep: () => Promise<void>): SimulatedKernel =>
  new SimulatedKernel({
    world,
    clock: { now: () => 0, sleep },
    stateFile: new StateFile(join(folder, 'machine.json')),
  });

const atOnce = (): Promise<void> => Promise.resolve();

describe('a machine whose process is killed', () => {
  it('is as it was when the next one starts', async () => {
    await start(atOnce).write(NUM_VFS, '3');
    expect(await start(atOnce).read(NUM_VFS)).toBe('3\n');
  });

  it('is not written by who only looks', async () => {
    await start(atOnce).write(NUM_VFS, '3');
    const looking = start(atOnce);
    await start(atOnce).write(NUM_VFS, '0');
    expect(await looking.read(NUM_VFS)).toBe('3\n');
    expect(await start(atOnce).read(NUM_VFS)).toBe('0\n');
  });

  it('goes on removing VFs, as the kernel does', async () => {
    await start(atOnce).write(NUM_VFS, '3');
    let detached = 0;
    const killed = start(() => (detached++ === 0 ? atOnce() : new Promise(() => undefined)));
    void killed.write(NUM_VFS, '0');
    await new Promise(setImmediate);
    expect(new StateFile(join(folder, 'machine.json')).load()?.devices[PF]?.pf?.vfs[0]).toBeNull();
    const next = start(atOnce);
    await next.write(NUM_VFS, '2');
    expect(await next.read(NUM_VFS)).toBe('2\n');
    expect(Object.keys(next.state.devices)).toHaveLength(3);
  });
});

describe('an interface whose carrier was lost', () => {
  it('tells of it, and tells again when it has come back', async () => {
    const times: number[] = [];
    let now = 0;
    const sleep = (ms: number): Promise<void> => Promise.resolve().then(() => void (now += ms));
    const up = { ...world, nics: world.nics.map((nic) => ({ ...nic, up: true })) };
    const kernel = new SimulatedKernel({ world: up, clock: { now: () => now, sleep } });
    const stop = new AbortController();
    void kernel.watch('link', () => void times.push(now), stop.signal);
    await kernel.write('/sys/class/net/ens1/mtu', '9000');
    await new Promise(setImmediate);
    stop.abort();
    const speed = await kernel.read('/sys/class/net/ens1/speed');
    expect([speed, times.at(-1)]).toEqual(['1000\n', times[0]! + 300]);
  });
});
