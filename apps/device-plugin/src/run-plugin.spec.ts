import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bindDriver, HostKernel, type Kernel, setNumVfs, unbindDriver } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { type Handover, isSyncSocket, SYNC_METHOD, type SyncAnswer, syncAnswerSchema } from '@sriov/plugin-handover';
import { createLogger, Health, Metrics, systemClock } from '@sriov/runtime';
import { runPlugin } from './run-plugin.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { TestKubelet } from './test/kubelet.ts';

const PF = '0000:01:00.0';
const R = 'openshift.io/nics';
const VF = '0000:01:10.0';

const configOf = (...names: string[]): string =>
  JSON.stringify({ resourceList: names.map((resourceName) => ({ resourceName, selectors: { pfNames: ['ens1'] } })) });

let folder: string;
let sim: SimulatedKernel;
let kubelet: TestKubelet;
let settings: Settings;
/** Those of the newest process. */
let isStarted: boolean;
let metrics: Metrics;
/** The host tells of its changes. */
let isWatched: boolean;
let running: { readonly stop: AbortController; readonly end: Promise<void> }[];

/** The simulated host, with real files and sockets in the folder of the test. */
function mixed(): Kernel {
  const host = new HostKernel({ hostRoot: '/' });
  return {
    ...{ write: sim.write.bind(sim), readlink: sim.readlink.bind(sim) },
    list: (path) => (path.startsWith(folder) ? host.list(path) : sim.list(path)),
    ...{ exec: sim.exec.bind(sim), callJson: sim.callJson.bind(sim) },
    watch: (event, tell, signal) => sim.watch(event, isWatched ? tell : () => undefined, signal),
    read: (path, options) => (path.startsWith(folder) ? host.read(path, options) : sim.read(path, options)),
    call: (target, message, options) =>
      target.socket.startsWith(folder) ? host.call(target, message, options) : sim.call(target, message, options),
  };
}

function start(): AbortController {
  const stop = new AbortController();
  isStarted = false;
  const onAnswered = (): Promise<void> => {
    isStarted = true;
    return Promise.resolve();
  };
  metrics = new Metrics();
  const context = {
    ...{ settings, log: createLogger({ service: 'device-plugin', level: 'silent' }), clock: systemClock },
    ...{ metrics, health: new Health(), signal: stop.signal },
  };
  running.push({ stop, end: runPlugin(context, { kernel: mixed(), onAnswered }) });
  return stop;
}

async function handOver(handover: Handover): Promise<void> {
  const draft = join(folder, 'run', '.draft');
  await writeFile(draft, JSON.stringify(handover));
  await rename(draft, join(folder, 'run', 'handover.json'));
}

/** The newest process may still be making its socket. */
async function sync(): Promise<SyncAnswer> {
  let sockets: string[] = [];
  while (sockets.length === 0) {
    await new Promise(setImmediate);
    sockets = readdirSync(join(folder, 'run')).filter(isSyncSocket);
  }
  const socket = join(folder, 'run', sockets[0] ?? '');
  const bytes = await new HostKernel({ hostRoot: '/' }).call({ socket, method: SYNC_METHOD }, new Uint8Array());
  return syncAnswerSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

const refuse = (why: string | undefined): Promise<void> => {
  kubelet.refusal = why;
  return Promise.resolve();
};

const count = (health: string) => (told: Readonly<Record<string, string>>) =>
  Object.values(told).filter((each) => each === health).length;
const healthy = count('Healthy');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'device-plugin-'));
  for (const name of ['kubelet', 'run', 'config']) await mkdir(join(folder, name));
  const nics = [{ model: 'igb', address: PF, name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];
  sim = new SimulatedKernel({
    world: parseWorld({ latency: 'none', modules: ['igbvf', 'vfio-pci'], nics }),
    clock: systemClock,
  });
  await setNumVfs(sim, PF, 4);
  kubelet = new TestKubelet(join(folder, 'kubelet'));
  await kubelet.start();
  settings = settingsSchema.parse({
    ...{ configFile: join(folder, 'config', 'node'), kubeletFolder: kubelet.folder, listen: '127.0.0.1:0' },
    ...{ handoverFolder: join(folder, 'run') },
  });
  await writeFile(settings.configFile, configOf('nics'));
  running = [];
  isWatched = true;
});

afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await Promise.all(running.map(({ end }) => end));
  await kubelet.stop();
  rmSync(folder, { recursive: true });
});

describe('the device plugin', () => {
  it('tells the kubelet of its devices, and gives them to containers', async () => {
    start();
    const told = await kubelet.until(R, (each) => healthy(each) === 4);
    const [id = ''] = Object.keys(told);
    expect(await kubelet.allocate(R, [id])).toMatchObject({
      container_responses: [{ envs: { PCIDEVICE_OPENSHIFT_IO_NICS: id } }],
    });
    expect(await kubelet.prefer(R, Object.keys(told), 2)).toMatchObject({
      container_responses: [{ deviceIDs: expect.arrayContaining([expect.any(String)]) }],
    });
    await expect(kubelet.prefer(R, [], 1)).resolves.toMatchObject({ container_responses: [{ deviceIDs: [] }] });
  });

  it('withdraws VFs before Sync answers, and gives them back', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await handOver({ withdrawn: [{ pf: PF, because: 'numVfs changes from 4 to 2' }] });
    const answer = await sync();
    expect(answer.resources).toMatchObject([{ name: R, healthy: [] }]);
    expect(answer.heldBack).toMatchObject([{ reason: 'Withdrawn' }]);
    await kubelet.until(R, (each) => healthy(each) === 0 && Object.keys(each).length === 4);
    await setNumVfs(sim, PF, 0);
    await setNumVfs(sim, PF, 2);
    await handOver({ withdrawn: [] });
    await sync();
    await kubelet.until(R, (each) => healthy(each) === 2 && Object.keys(each).length === 2);
    expect(kubelet.registrations).toEqual([R]);
  });

  it('lets an Allocate wait for a VF that is being changed', async () => {
    start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    await handOver({ withdrawn: [{ pf: PF, because: 'another driver' }] });
    await sync();
    const allocating = kubelet.allocate(R, [id]);
    // The request is on its way through a socket: ask until it has arrived.
    for (;;) if ((await sync()).allocating.includes(id)) break;
    await handOver({ withdrawn: [] });
    await sync();
    expect(await allocating).toMatchObject({ container_responses: [{}] });
  });

  it.each<[string, string[], object[]]>([
    ['leaves VFs that are being made off the list until they are ready', [], []],
    [
      'says of VFs that were there before that they are unhealthy: the kubelet may be giving one to a pod',
      [VF],
      [{ name: R, healthy: [], unhealthy: [VF] }],
    ],
  ])('that starts in the middle of a change %s', async (_, devices, expected) => {
    const withdrawn = [{ pf: PF, because: 'numVfs changes from 1 to 4' }];
    await handOver({ withdrawn, returning: [{ resource: 'nics', devices }] });
    start();
    const { resources, heldBack } = await sync();
    expect(resources.filter(({ unhealthy }) => unhealthy.length > 0)).toEqual(expected);
    expect(heldBack).toMatchObject([{ reason: 'Withdrawn', devices: { length: 4 } }]);
    expect(kubelet.registrations).toEqual(expected.map(() => R));
    await handOver({ withdrawn: [] });
    await sync();
    await kubelet.until(R, (each) => healthy(each) === 4);
    expect(kubelet.registrations).toEqual([R]);
  });

  it('leaves VFs in the list that will return, and gives them to the pods that wait for them', async () => {
    start();
    const told = await kubelet.until(R, (each) => healthy(each) === 4);
    const [id = '', ...others] = Object.keys(told);
    const withdrawn = [{ pf: PF, because: 'numVfs changes from 4 to 1' }];
    await handOver({ withdrawn, returning: [{ resource: 'nics', devices: [id] }] });
    expect(await sync()).toMatchObject({ resources: [{ name: R, healthy: [id], unhealthy: others }], held: [id] });
    await setNumVfs(sim, PF, 0);
    const allocating = kubelet.allocate(R, [id]);
    // The list has it although it is not there. Nobody has it yet, so it is in nobody's way.
    expect(await sync()).toMatchObject({ resources: [{ name: R, healthy: [id] }], held: [id], allocating: [] });
    await setNumVfs(sim, PF, 1);
    await handOver({ withdrawn: [] });
    expect(await sync()).toMatchObject({ resources: [{ name: R, healthy: [id], unhealthy: [] }], held: [] });
    expect(await allocating).toMatchObject({ container_responses: [{ envs: { PCIDEVICE_OPENSHIFT_IO_NICS: id } }] });
  });

  it('leaves VFs off the list that were not offered, also when the change that failed is tried again', async () => {
    start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    const withdrawn = [{ pf: PF, because: 'their driver changes' }];
    const returning = [{ resource: 'nics', devices: [id] }];
    await handOver({ withdrawn, returning });
    expect((await sync()).held).toEqual([id]);
    await handOver({ withdrawn });
    expect((await sync()).held).toEqual([]);
    await handOver({ withdrawn, returning });
    expect(await sync()).toMatchObject({ resources: [{ healthy: [] }], held: [] });
  });

  it('refuses a device at once that is not there while nothing is withdrawn', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await expect(kubelet.allocate(R, ['0000:ff:00.0'])).rejects.toMatchObject({
      details: `the resource ${R} has no device 0000:ff:00.0 now`,
    });
  });

  it.each<[string, object, object]>([
    [
      'with the files of the driver that it has now',
      {},
      { container_responses: [{ devices: [{ host_path: '/dev/vfio/vfio' }, {}] }] },
    ],
    [
      'to nobody where the resource asks for the driver before',
      { drivers: ['igbvf'] },
      { details: expect.stringContaining('the driver is vfio-pci, and the resource asks for igbvf') },
    ],
  ])('gives a device that was bound to another driver since it looked %s', async (_, selectors, expected) => {
    isWatched = false;
    await writeFile(settings.configFile, JSON.stringify({ resourceList: [{ resourceName: 'nics', selectors }] }));
    start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    // The look that its own new socket causes is over.
    await sync();
    await unbindDriver(sim, id);
    await bindDriver(sim, id, 'vfio-pci');
    expect(await kubelet.allocate(R, [id]).catch((error: unknown) => error)).toMatchObject(expected);
  });

  it('answers an Allocate that waits before it ends', async () => {
    const stop = start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    await handOver({ withdrawn: [{ pf: PF, because: 'another driver' }] });
    await sync();
    const allocating = kubelet.allocate(R, [id]);
    for (;;) if ((await sync()).allocating.includes(id)) break;
    stop.abort();
    await handOver({ withdrawn: [] });
    await sync();
    expect(await allocating).toMatchObject({ container_responses: [{}] });
    await running[0]?.end;
    expect(readdirSync(kubelet.folder)).toEqual(['kubelet.sock']);
  });

  it('can be asked by the daemon until the kubelet can get nothing from it', async () => {
    const stop = start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    stop.abort();
    while (readdirSync(join(folder, 'run')).some(isSyncSocket)) await new Promise(setImmediate);
    expect(readdirSync(kubelet.folder)).toEqual(['kubelet.sock']);
  });

  it('offers a resource under its new name, and what a pod has under its old one', async () => {
    start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    sim.users.allocate(id, { resource: R });
    await writeFile(settings.configFile, configOf('renamed'));
    const renamed = await kubelet.until('openshift.io/renamed', (each) => healthy(each) === 3);
    expect(Object.keys(renamed)).not.toContain(id);
    expect(await kubelet.until(R, (each) => Object.keys(each).length === 1)).toEqual({ [id]: 'Healthy' });
  });

  it('keeps what a pod has in its resource also when it starts after that was renamed', async () => {
    const before = start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    before.abort();
    await running[0]?.end;
    sim.users.allocate(id, { resource: R });
    await writeFile(settings.configFile, configOf('renamed'));
    start();
    await kubelet.until('openshift.io/renamed', (each) => healthy(each) === 3);
    expect(await kubelet.until(R, (each) => Object.keys(each).length === 1)).toEqual({ [id]: 'Healthy' });
  });

  it('leaves the resources of another device plugin alone, although they have the same prefix', async () => {
    sim.users.allocate(VF, { resource: 'openshift.io/theirs' });
    start();
    expect(Object.keys(await kubelet.until(R, (each) => healthy(each) === 3))).not.toContain(VF);
    const { resources, heldBack } = await sync();
    expect([resources.map(({ name }) => name), kubelet.registrations]).toEqual([[R], [R]]);
    expect(heldBack).toMatchObject([{ devices: [VF], reason: 'AllocatedElsewhere' }]);
  });

  it('tells the kubelet that a resource is no more before it stops to serve it', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await writeFile(settings.configFile, configOf('other'));
    await kubelet.until('openshift.io/other', (each) => healthy(each) === 4);
    expect(await kubelet.until(R, (each) => Object.keys(each).length === 0)).toEqual({});
    expect(await kubelet.endOf(R)).toBe('ended');
  });

  it('takes the configuration that the daemon hands over before that of the file', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await handOver({ config: { text: configOf('other'), hash: 'abc' }, withdrawn: [] });
    expect(await sync()).toMatchObject({ configHash: 'abc', resources: [{ name: 'openshift.io/other' }] });
  });

  it('keeps the last configuration that could be read, and says so', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await writeFile(settings.configFile, '{ half');
    expect(await sync()).toMatchObject({
      configProblems: [expect.stringContaining('is kept')],
      resources: [{ name: R, unhealthy: [] }],
    });
    rmSync(settings.configFile);
    expect((await sync()).resources).toHaveLength(1);
  });

  it('keeps what it told the kubelet when it cannot know what is withdrawn', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await writeFile(join(folder, 'run', 'handover.json'), '{ half');
    await expect(sync()).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(healthy(kubelet.told(R) ?? {})).toBe(4);
  });

  it('can be asked by the daemon again after somebody has removed its socket', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await sync();
    const removed = readdirSync(join(folder, 'run'));
    for (const name of removed.filter(isSyncSocket)) rmSync(join(folder, 'run', name));
    expect((await sync()).resources).toMatchObject([{ name: R }]);
    expect(readdirSync(join(folder, 'run'))).not.toEqual(removed);
  });

  it('registers again with a new kubelet', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    await kubelet.stop();
    for (const name of readdirSync(kubelet.folder)) rmSync(join(kubelet.folder, name));
    await kubelet.start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    expect(kubelet.registrations).toEqual([R, R]);
  });

  it('registers again when the kubelet has forgotten a resource, as older ones do when another process ends', async () => {
    start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    kubelet.forget(R);
    await kubelet.until(R, (each) => healthy(each) === 4);
    expect(kubelet.registrations).toEqual([R, R]);
  });

  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    ['there is no kubelet', () => kubelet.stop(), () => kubelet.start()],
    ['the kubelet cannot reach it', () => refuse('failed to dial device plugin: no route'), () => refuse(undefined)],
  ])('has not started while %s', async (_, begin, end) => {
    await begin();
    start();
    expect((await sync()).resources).toMatchObject([{ name: R, unregistered: expect.any(String) }]);
    expect(isStarted).toBe(false);
    await end();
    await sync();
    expect(isStarted).toBe(true);
  });

  it('has started when the kubelet has refused a resource, which must not hold up a rollout', async () => {
    await writeFile(settings.configFile, configOf('nics', 'none'));
    await refuse('the ResourceName is invalid');
    start();
    expect((await sync()).resources).toMatchObject([
      { name: R, unregistered: expect.stringContaining('is invalid') },
      {},
    ]);
    expect(isStarted).toBe(true);
  });

  it('says why the kubelet refuses a resource, and tries again', async () => {
    kubelet.refusal = 'resource name is not allowed';
    start();
    const answer = await sync();
    expect(answer.resources[0]?.unregistered).toContain('resource name is not allowed');
    kubelet.refusal = undefined;
    await sync();
    await kubelet.until(R, (each) => healthy(each) === 4);
  });

  it('counts the devices that pods have, and says nothing of them while the kubelet cannot be asked', async () => {
    start();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    const allocated = async (): Promise<string[]> => {
      await sync();
      return (await metrics.text()).split('\n').filter((line) => /^sriov_device_plugin_allocated_devices\b/.test(line));
    };
    const line = (count: number): string[] => [`sriov_device_plugin_allocated_devices{resource="${R}"} ${count}`];
    sim.users.allocate(id, { name: 'web', resource: R });
    sim.users.allocate('0000:99:00.0', { name: 'other', resource: 'example.org/fpga' });
    expect(await allocated()).toEqual(line(1));
    sim.addFault({ verb: 'call', path: '*', errno: 'ECONNREFUSED' });
    sim.addFault({ verb: 'read', path: '*/kubelet_internal_checkpoint', errno: 'EIO' });
    expect(await allocated()).toEqual([]);
  });

  it('counts allocations and registrations by how they ended', async () => {
    kubelet.refusal = 'not now';
    start();
    await sync();
    kubelet.refusal = undefined;
    await sync();
    const [id = ''] = Object.keys(await kubelet.until(R, (each) => healthy(each) === 4));
    await kubelet.allocate(R, [id]);
    await expect(kubelet.allocate(R, ['0000:ff:00.0'])).rejects.toBeDefined();
    kubelet.forget(R);
    await kubelet.until(R, (each) => healthy(each) === 4);
    await sync();
    const text = await metrics.text();
    const valueOf = (name: string, outcome: string): number =>
      Number(
        new RegExp(`^sriov_device_plugin_${name}\\{resource="${R}",outcome="${outcome}"\\} (\\d+)$`, 'm').exec(
          text,
        )?.[1],
      );
    expect([valueOf('allocation_seconds_count', 'given'), valueOf('allocation_seconds_count', 'refused')]).toEqual([
      1, 1,
    ]);
    expect(valueOf('registrations_total', 'registered')).toBe(2);
    // The first look, and those that events asked for before the kubelet changed its mind.
    expect(valueOf('registrations_total', 'refused')).toBeGreaterThan(0);
  });

  it('lets a second process go on when the first ends, and leaves no socket', async () => {
    const first = start();
    await kubelet.until(R, (each) => healthy(each) === 4);
    const second = start();
    while (kubelet.registrations.length < 2) await sync();
    first.abort();
    await running[0]?.end;
    expect(await kubelet.allocate(R, [Object.keys(kubelet.told(R) ?? {})[0] ?? ''])).toBeDefined();
    second.abort();
    await running[1]?.end;
    expect(readdirSync(join(folder, 'run'))).toEqual(['offered']);
    expect(readdirSync(kubelet.folder)).toEqual(['kubelet.sock']);
  });
});
