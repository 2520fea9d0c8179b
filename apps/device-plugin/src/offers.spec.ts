import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type HostFile, planPools } from '@sriov/device-pool';
import { HostKernel, type Kernel, KernelError, setNumVfs } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type Handover } from '@sriov/plugin-handover';
import { FakeClock } from '@sriov/testing';
import { Offers } from './offers.ts';
import { TestKubelet } from './test/kubelet.ts';

const PF = '0000:01:00.0';
const R = 'openshift.io/nics';
const WITHDRAWN = [{ pf: PF, because: 'their driver changes' }];

let folder: string;
let sim: SimulatedKernel;
let kubelet: TestKubelet;
let clock: FakeClock;
let offers: Offers;
/** Lines of the log: warnings, and what else happened. */
let warnings: string[];
let infos: unknown[][];
/** What was counted of allocations: outcome and milliseconds. */
let allocations: [string, number][];
/** Why files cannot be removed. */
let untidy: Error | undefined;
/** Why it cannot be recorded what is offered. */
let unrecorded: Error | undefined;
let written: readonly HostFile[];
/** Files of the host that cannot be read. */
let unreadable: RegExp | undefined;

/** The simulated host, with real files and sockets in the folder of the test. */
function mixed(): Kernel {
  const host = new HostKernel({ hostRoot: '/' });
  return {
    ...{ write: sim.write.bind(sim), readlink: sim.readlink.bind(sim), list: sim.list.bind(sim) },
    ...{ exec: sim.exec.bind(sim), watch: sim.watch.bind(sim), callJson: sim.callJson.bind(sim) },
    read: (path, options) => {
      if (unreadable?.test(path) === true) {
        return Promise.reject(new KernelError({ verb: 'read', path, code: 'EIO' }));
      }
      return path.startsWith(folder) ? host.read(path, options) : sim.read(path, options);
    },
    call: (target, message, options) =>
      target.socket.startsWith(folder) ? host.call(target, message, options) : sim.call(target, message, options),
  };
}

const pass = (): Promise<void> => offers.pass(planPools);
const configure = (...resourceNames: string[]): Promise<void> =>
  writeFile(
    join(folder, 'config'),
    JSON.stringify({
      resourceList: resourceNames.map((resourceName) => ({ resourceName, selectors: { pfNames: ['ens1'] } })),
    }),
  );
const handOver = (handover: Handover): Promise<void> =>
  writeFile(join(folder, 'run', 'handover.json'), JSON.stringify(handover));
/** Makes a pass with these VFs withdrawn. */
const withdraw = async (withdrawn: Handover['withdrawn']): Promise<void> => {
  await handOver({ withdrawn });
  await pass();
};
const firstVf = (): string => offers.answer().resources[0]?.healthy[0] ?? '';

/** The kubelet asks for a device that is withdrawn; resolves when the plugin waits for it, with the answer to come. */
async function ask(id: string): Promise<{ answer: Promise<unknown> }> {
  const answer = kubelet.allocate(R, [id]);
  answer.catch(() => undefined);
  while (clock.sleepers === 0) await new Promise(setImmediate);
  return { answer };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'offers-'));
  for (const name of ['kubelet', 'run']) await mkdir(join(folder, name));
  clock = new FakeClock();
  const nics = [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];
  sim = new SimulatedKernel({ world: parseWorld({ latency: 'none', modules: ['igbvf'], nics }), clock });
  await setNumVfs(sim, PF, 4);
  kubelet = new TestKubelet(join(folder, 'kubelet'));
  await kubelet.start();
  [warnings, infos, allocations, written] = [[], [], [], []];
  [untidy, unrecorded, unreadable] = [undefined, undefined, undefined];
  offers = new Offers({
    ...{ kernel: mixed(), kubeletFolder: kubelet.folder, configFile: join(folder, 'config') },
    ...{ handoverFolder: join(folder, 'run'), resourcePrefix: 'openshift.io', useCdi: false },
    ...{ allocationPolicy: 'packed', clock, wake: () => undefined, look: pass },
    log: {
      warn: (...args: unknown[]) => warnings.push(String(args[0])),
      info: (...args: unknown[]) => infos.push(args),
    },
    metrics: {
      ...{ offered: () => undefined, registered: () => undefined, passed: () => undefined },
      allocated: (_, outcome, ms) => allocations.push([outcome, ms]),
    },
    writeFiles: (files) => Promise.resolve(void (written = files)),
    recordOffered: () => (unrecorded === undefined ? Promise.resolve() : Promise.reject(unrecorded)),
    removeStaleFiles: () => (untidy === undefined ? Promise.resolve() : Promise.reject(untidy)),
  });
  await configure('nics');
});

afterEach(async () => {
  await offers.close();
  await kubelet.stop();
  rmSync(folder, { recursive: true });
});

describe('a look', () => {
  it.each([
    ['a device', /0000:01:10\.0\/modalias$/],
    ['what pods have', /kubelet_internal_checkpoint$/],
  ])('is not the last one while %s cannot be read: no event tells that it can be read again', async (_, files) => {
    await pass();
    expect(offers.isComplete).toBe(true);
    unreadable = files;
    await pass();
    expect(offers.isComplete).toBe(false);
    unreadable = undefined;
    await pass();
    expect(offers.isComplete).toBe(true);
  });
});

describe('the log', () => {
  const BACK = `${R}: ens1 VF 0-3 are not offered: their driver changes`;

  it('has one line when devices are held back, and another one when they are held back again', async () => {
    await pass();
    expect(warnings).toEqual([]);
    for (const withdrawn of [WITHDRAWN, WITHDRAWN]) await withdraw(withdrawn);
    expect(warnings).toEqual([BACK]);
    await withdraw([]);
    await withdraw(WITHDRAWN);
    expect(warnings).toEqual([BACK, BACK]);
  });

  it('says what is wrong with the configuration', async () => {
    rmSync(join(folder, 'config'));
    for (let count = 0; count < 2; count += 1) await pass();
    expect(warnings).toEqual([`there is no configuration in ${join(folder, 'config')} yet`]);
  });

  it('says why the kubelet does not take a resource, and so does the answer for the daemon', async () => {
    kubelet.refusal = 'not now';
    await pass();
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${R}: .*not now`))]);
    expect(offers.answer().resources[0]?.unregistered).toContain('not now');
    expect([offers.isComplete, offers.isAnswered]).toEqual([false, true]);
    kubelet.refusal = undefined;
    await pass();
    expect([offers.isComplete, offers.isAnswered]).toEqual([true, true]);
    expect(offers.answer().resources[0]).not.toHaveProperty('unregistered');
  });

  it('says that files cannot be removed, and the devices are offered all the same', async () => {
    untidy = new Error('the disk is read-only');
    await pass();
    expect(warnings).toEqual(['files that no pod needs any more cannot be removed: the disk is read-only']);
    expect(offers.answer().resources[0]?.healthy.length).toBe(4);
  });

  it('says that it cannot be recorded what is offered, and the devices are offered all the same', async () => {
    unrecorded = new Error('the disk is read-only');
    await pass();
    expect(warnings).toEqual([
      'what is offered cannot be recorded, and may be lost when a resource is no longer configured: the disk is read-only',
    ]);
    expect(offers.answer().resources[0]?.healthy.length).toBe(4);
  });

  it('has one line for each change of what the kubelet is told', async () => {
    const changed = (healthy: number): unknown[] => [
      { resource: R, devices: 4, healthy },
      'the devices of a resource changed',
    ];
    for (let count = 0; count < 2; count += 1) await pass();
    await withdraw([{ ...WITHDRAWN[0]!, vfs: [0] }]);
    expect(infos).toEqual([changed(4), changed(3)]);
    await handOver({ withdrawn: [] });
    await configure();
    await pass();
    expect(infos.at(-1)).toEqual([
      { resource: R },
      'a resource is no longer configured, and no pod has a device of it',
    ]);
  });
});

describe('the answer for the daemon', () => {
  it('has nothing before the first look', () => {
    expect(offers.answer()).toEqual({ resources: [], heldBack: [], configProblems: [], held: [], allocating: [] });
  });

  it('has what is offered and what is not, and no hash where nothing was handed over', async () => {
    await pass();
    const [first = '', ...rest] = offers.answer().resources[0]!.healthy;
    await withdraw([{ ...WITHDRAWN[0]!, vfs: [0] }]);
    expect(offers.answer()).toMatchObject({ resources: [{ name: R, healthy: rest, unhealthy: [first] }] });
    expect(offers.answer()).not.toHaveProperty('configHash');
  });

  it('has no list for a resource that has never had a device, and the kubelet does not hear of it', async () => {
    await setNumVfs(sim, PF, 0);
    await configure('empty');
    await pass();
    expect([kubelet.registrations, offers.isComplete, infos]).toEqual([[], true, []]);
  });
});

describe('an allocation', () => {
  it('waits for a device that is being changed, and is counted with the time that it took', async () => {
    await pass();
    const id = firstVf();
    await withdraw(WITHDRAWN);
    const { answer } = await ask(id);
    await clock.advance(5_000);
    await withdraw([]);
    await clock.advance(200);
    expect(await answer).toMatchObject({ container_responses: [{ envs: { PCIDEVICE_OPENSHIFT_IO_NICS: id } }] });
    expect(allocations).toEqual([['given', 5_200]]);
    expect(written.length).toBe(1);
  });

  it('ends after 30 seconds with the cause, when the device is still being changed', async () => {
    await pass();
    const id = firstVf();
    await withdraw(WITHDRAWN);
    const { answer } = await ask(id);
    await clock.advance(29_800);
    expect([allocations, offers.answer().allocating]).toEqual([[], [id]]);
    await clock.advance(200);
    await expect(answer).rejects.toThrow('are not offered: their driver changes');
    expect(allocations).toEqual([['refused', 30_000]]);
    expect(offers.answer().allocating).toEqual([]);
  });

  it('looks again before it refuses a device, and says which is not there', async () => {
    await pass();
    const id = firstVf();
    await setNumVfs(sim, PF, 0);
    await expect(kubelet.allocate(R, [id])).rejects.toThrow(`the resource ${R} has no device ${id} now`);
    expect([allocations, written]).toEqual([[['refused', 0]], []]);
  });

  it('looks again before it refuses a device that has come since', async () => {
    await setNumVfs(sim, PF, 0);
    await setNumVfs(sim, PF, 1);
    await pass();
    await setNumVfs(sim, PF, 0);
    await setNumVfs(sim, PF, 2);
    const id = '0000:01:10.2';
    expect(await kubelet.allocate(R, [id])).toMatchObject({ container_responses: [{}] });
  });

  it('keeps its device in the list, as unhealthy, when that goes meanwhile: the kubelet would end by a missing one', async () => {
    await pass();
    const id = firstVf();
    await withdraw(WITHDRAWN);
    const { answer } = await ask(id);
    await setNumVfs(sim, PF, 0);
    await pass();
    expect(await kubelet.until(R, (told) => Object.keys(told).length === 1)).toEqual({ [id]: 'Unhealthy' });
    await setNumVfs(sim, PF, 4);
    await withdraw([]);
    await clock.advance(200);
    await answer;
    expect(Object.values(await kubelet.until(R, (told) => told[id] === 'Healthy'))).toEqual(Array(4).fill('Healthy'));
  });

  it('keeps its device in its resource for ten seconds, in which the kubelet may not tell of the pod yet', async () => {
    await pass();
    const id = firstVf();
    await kubelet.allocate(R, [id]);
    expect(offers.answer().allocating).toEqual([id]);
    await configure('renamed');
    await pass();
    const healthyIn = (name: string): readonly string[] =>
      offers.answer().resources.find((each) => each.name === `openshift.io/${name}`)?.healthy ?? [];
    expect([healthyIn('nics'), healthyIn('renamed').length]).toEqual([[id], 3]);
    await clock.advance(10_001);
    await pass();
    expect([healthyIn('nics'), healthyIn('renamed').length]).toEqual([[], 4]);
    expect(offers.answer().allocating).toEqual([]);
  });
});
