import { describe, expect, it } from '@jest/globals';
import { type Kernel } from '@sriov/host';
import { FakeClock } from '@sriov/testing';
import { followBoot, followFolder, followHost, followKernel, followPods, followStatus } from './follow-calls.ts';

/** Words for the calls that the watch was told of, in order. */
function createWatch(): {
  readonly told: string[];
  readonly call: <T>(what: string, make: () => Promise<T>) => Promise<T>;
} {
  const told: string[] = [];
  return {
    told,
    call(what, make) {
      told.push(what);
      return make();
    },
  };
}

/** An object whose methods answer with their own name and arguments. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it stands for any port
const echo = <T>(): T =>
  new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: unknown[]) =>
          Promise.resolve([name, ...args]),
    },
  ) as T;
const method = { socket: '/kubelet.sock', method: 'List' } as Parameters<Kernel['call']>[0];
const options = { deadlineMs: 5 };
const message = new Uint8Array([1]);
const nodeState = { metadata: { name: 'node-1' } };
const pass = { verdict: { syncStatus: 'Succeeded', reason: 'InSync', message: '' } } as const;
const pod = { name: 'plugin', uid: 'u' };
const never = (): Promise<never> => Promise.reject(new Error('not called'));

describe('the watch knows of', () => {
  it.each<[string, (watch: ReturnType<typeof createWatch>) => Promise<unknown>, unknown]>([
    ['read /sys/a', (watch) => followKernel(echo(), watch).read('/sys/a', options), ['read', '/sys/a', options]],
    [
      'write /sys/a',
      (watch) => followKernel(echo(), watch).write('/sys/a', '1', options),
      ['write', '/sys/a', '1', options],
    ],
    ['readlink /sys/a', (watch) => followKernel(echo(), watch).readlink('/sys/a'), ['readlink', '/sys/a']],
    ['list /sys/a', (watch) => followKernel(echo(), watch).list('/sys/a'), ['list', '/sys/a']],
    [
      'exec ip link show',
      (watch) => followKernel(echo(), watch).exec('ip', ['link', 'show'], options),
      ['exec', 'ip', ['link', 'show'], options],
    ],
    [
      'call /kubelet.sock List',
      (watch) => followKernel(echo(), watch).call(method, message, options),
      ['call', method, message, options],
    ],
    ['read a of the state folder', (watch) => followFolder(echo(), watch).read('a'), ['read', 'a']],
    ['list a of the state folder', (watch) => followFolder(echo(), watch).list('a'), ['list', 'a']],
    ['write a of the state folder', (watch) => followFolder(echo(), watch).write('a', 'x'), ['write', 'a', 'x']],
    ['remove a of the state folder', (watch) => followFolder(echo(), watch).remove('a'), ['remove', 'a']],
    [
      'write the status of the node state',
      (watch) => followStatus(echo(), watch).write(nodeState, pass),
      ['write', nodeState, pass],
    ],
    ["list the device plugin's pods", (watch) => followPods(echo(), watch).list(), ['list']],
    ['delete the pod plugin', (watch) => followPods(echo(), watch).delete(pod), ['delete', pod]],
  ])('"%s", whose answer goes on', async (what, make, answer) => {
    const watch = createWatch();
    expect(await make(watch)).toEqual(answer);
    expect(watch.told).toEqual([what]);
  });
});

describe('the watch does not know of', () => {
  it('events of the host, which nobody waits for', () => {
    const watch = createWatch();
    void followKernel(echo(), watch).watch('device', () => undefined, new AbortController().signal);
    expect(watch.told).toEqual([]);
  });

  it('what is answered from memory', () => {
    const watch = createWatch();
    const status = { isOurs: (present: unknown) => present === undefined, write: () => Promise.resolve(true) };
    expect([undefined, {}].map((present) => followStatus(status, watch).isOurs(present))).toEqual([true, false]);
    expect(watch.told).toEqual([]);
  });
});

it('a host is followed in its kernel and its journal', async () => {
  const watch = createWatch();
  const folder = {
    read: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
    write: never,
    remove: never,
  };
  const handoverFolder = { read: () => Promise.resolve(undefined), write: never };
  const udevFolder = {
    ...folder,
    isExecutable: () => Promise.resolve(false),
    findRefusal: () => Promise.resolve(undefined),
  };
  const modprobeFolder = { write: () => Promise.resolve(), remove: () => Promise.resolve() };
  const grubFolder = { write: never, findRefusal: () => Promise.resolve('EROFS') };
  const metadata = { ask: () => Promise.resolve({ status: 404, text: '' }) };
  const host = { kernel: echo<Kernel>(), folder, handoverFolder, udevFolder, modprobeFolder, grubFolder, metadata };
  const readProviderID = (): Promise<string> => Promise.resolve('openstack:///a');
  const counted: string[] = [];
  const onCall = (verb: string): void => void counted.push(verb);
  const ports = { watch, clock: new FakeClock(), readProviderID, onCall };
  const { kernel, journal, plugin, ...folders } = followHost(host, ports);
  await folders.modprobeFolder.remove('a.conf');
  await folders.grubFolder.findRefusal('');
  const { udevFolder: followed } = folders;
  await kernel.list('/sys/a');
  await journal.read();
  await plugin.begin({ spec: {} });
  await followed.list('rules.d');
  // What is read of the state folder is no call of the kernel.
  expect(counted).toEqual(['list']);
  expect(watch.told).toEqual([
    'remove a.conf of /etc/modprobe.d',
    'look at all of /etc/default/grub.d',
    'list /sys/a',
    'list pci of the state folder',
    'list initial of the state folder',
    'list cards of the state folder',
    'read device-plugin of the state folder',
    'list guids of the state folder',
    'read infiniband/guids of the state folder',
    'read managed-ovs-bridges.json of the state folder',
    'read firmware.json of the state folder',
    'read guest-ports.json of the state folder',
    'read reboots.json of the state folder',
    'read handover.json of the hand-over folder',
    'list rules.d of /etc/udev',
  ]);
});

it('tells of the calls to units and programs of the host', async () => {
  const watch = createWatch();
  const folder = {
    read: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
    write: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    findRefusal: () => Promise.resolve(undefined),
  };
  const programs = {
    name: () => Promise.resolve('program-1'),
    words: () => Promise.resolve([]),
    list: () => Promise.resolve([]),
    install: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    findRefusal: () => Promise.resolve(undefined),
  };
  const followed = followBoot({ kernel: echo<Kernel>(), folder, unitFolder: folder, programs }, watch);
  const { unitFolder, programs: told } = followed;
  await unitFolder.read('a.service');
  await unitFolder.list('wants');
  await unitFolder.findRefusal('wants');
  await unitFolder.write('a.service', '', 0o644);
  await unitFolder.remove('a.service');
  await told.name();
  await told.words('program-1');
  await told.list();
  await told.install('program-1');
  await told.remove('program-1');
  await told.findRefusal();
  expect(watch.told).toEqual([
    'read a.service of /etc/systemd/system',
    'list wants of /etc/systemd/system',
    'look at wants of /etc/systemd/system',
    'write a.service of /etc/systemd/system',
    'remove a.service of /etc/systemd/system',
    'read the program of the daemon',
    'list the programs on the host',
    'copy program-1 to the host',
    'remove program-1 from the host',
    'look at the folder of programs',
  ]);
});
