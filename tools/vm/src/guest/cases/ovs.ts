import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import {
  changeBridge,
  findUndoneChange,
  isErrno,
  listLinks,
  loadModule,
  makeBridge,
  readBridges,
  removeBridge,
} from '@sriov/host';
import { type GuestCase, kernel } from './guest-case.ts';

const FOLDER = '/host/ovs';
const SOCKET = '/run/openvswitch/db.sock';
const DATABASE = '/run/openvswitch/conf.db';
const NAME = 'br-0000_01_00.0';
const UPLINK = 'eth1';
const bridge = { name: NAME, uplinks: [{ pciAddress: '0000:01:00.0', name: UPLINK }] };

/**
 * A program of Open vSwitch, which has the libraries of its own distribution. A service runs on when the cases have
 * ended: it must not hold their output open.
 */
function start(program: string, args: readonly string[], output: 'inherit' | 'ignore' = 'ignore'): ChildProcess {
  const words = ['--library-path', `${FOLDER}/lib/x86_64-linux-gnu`, `${FOLDER}/bin/${program}`, ...args];
  const env = { ...process.env, OVS_RUNDIR: '/run/openvswitch', OVS_LOGDIR: '/tmp', OVS_SYSCONFDIR: '/tmp' };
  return spawn(`${FOLDER}/lib64/ld-linux-x86-64.so.2`, words, { env, stdio: ['ignore', output, output] });
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const [code] = (await once(start(program, args, 'inherit'), 'exit')) as [number | null];
  assert.equal(code, 0, `${program} ${args.join(' ')}`);
}
const vsctl = (...args: string[]): Promise<void> => run('ovs-vsctl', [`--db=unix:${SOCKET}`, ...args]);

async function untilThere(path: string): Promise<void> {
  const [folder, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if ((await kernel.list(folder)).includes(name)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${path} is not there after 10 s`);
}

const masterOf = async (name: string): Promise<string | undefined> =>
  (await listLinks(kernel)).find((link) => link.name === name)?.master;
let vswitchd: ChildProcess | undefined;

/** Bridges, with the database and the switch of Open vSwitch itself. */
export const ovsCases: readonly GuestCase[] = [
  [
    'before Open vSwitch runs, its socket is not there (ENOENT)',
    () => assert.rejects(readBridges(kernel), (error) => isErrno(error, 'ENOENT')),
  ],
  [
    'Open vSwitch has no bridges at first',
    async () => {
      await mkdir('/run/openvswitch', { recursive: true });
      await loadModule(kernel, 'openvswitch');
      await run('ovsdb-tool', ['create', DATABASE, `${FOLDER}/vswitch.ovsschema`]);
      start('ovsdb-server', [DATABASE, `--remote=punix:${SOCKET}`, '--unixctl=/run/openvswitch/ovsdb.ctl']);
      await untilThere(SOCKET);
      await vsctl('--no-wait', 'init');
      vswitchd = start('ovs-vswitchd', [`unix:${SOCKET}`, '--unixctl=/run/openvswitch/vswitchd.ctl']);
      assert.deepEqual(await readBridges(kernel), []);
    },
  ],
  [
    'a bridge is made with its uplink, and the kernel has it',
    async () => {
      await makeBridge(kernel, { bridge, uplink: UPLINK });
      const [made] = await readBridges(kernel);
      assert.equal(made?.name, NAME);
      assert.deepEqual(
        made.ports.map(({ name, interfaces }) => [name, (interfaces[0]?.ofport ?? -1) > 0]),
        [
          [NAME, true],
          [UPLINK, true],
        ],
      );
      assert.equal(await masterOf(UPLINK), 'ovs-system');
      assert.equal(await findUndoneChange(kernel), undefined);
    },
  ],
  [
    'a name that is taken is refused, and so is an uplink that is part of another bridge',
    async () => {
      await assert.rejects(makeBridge(kernel, { bridge, uplink: 'eth2' }), { name: 'OvsdbError' });
      const second = { ...bridge, name: 'br-0000_02_00.0' };
      await assert.rejects(makeBridge(kernel, { bridge: second, uplink: UPLINK }));
      assert.deepEqual(
        (await readBridges(kernel)).map(({ name }) => name),
        [NAME],
      );
    },
  ],
  [
    'settings change in place: the port keeps its number',
    async () => {
      const portOf = async (): Promise<number | undefined> =>
        (await readBridges(kernel))[0]?.ports.find(({ name }) => name === UPLINK)?.interfaces[0]?.ofport;
      const before = await portOf();
      const settings = { failMode: 'secure', externalIDs: { owner: 'policy' } } as const;
      await changeBridge(kernel, { bridge: { ...bridge, bridge: settings }, uplink: UPLINK, before: bridge });
      const [changed] = await readBridges(kernel);
      assert.deepEqual([changed?.failMode, changed?.externalIDs], ['secure', { owner: 'policy' }]);
      assert.equal(await portOf(), before);
    },
  ],
  [
    'an uplink that the host does not have is an error at its port, not of the change',
    async () => {
      await makeBridge(kernel, { bridge: { name: 'br-none', uplinks: [] }, uplink: 'nosuch0' }).catch(() => undefined);
      const made = (await readBridges(kernel)).find(({ name }) => name === 'br-none');
      const port = made?.ports.find(({ name }) => name === 'nosuch0');
      if (made !== undefined) assert.match(port?.interfaces[0]?.error ?? '', /No such device/);
      await removeBridge(kernel, 'br-none', ['br-none', 'nosuch0']);
    },
  ],
  [
    'a bridge with a port of somebody else is not removed, and with its own ports alone it is',
    async () => {
      await vsctl('add-port', NAME, 'eth2');
      await assert.rejects(removeBridge(kernel, NAME, [NAME, UPLINK]), { name: 'OvsdbError' });
      await vsctl('del-port', NAME, 'eth2');
      await removeBridge(kernel, NAME, [NAME, UPLINK]);
      assert.deepEqual([await readBridges(kernel), await masterOf(UPLINK)], [[], undefined]);
    },
  ],
  [
    'while ovs-vswitchd does not run, the database takes a change that nobody carries out, and says so',
    async () => {
      const exit = vswitchd && once(vswitchd, 'exit');
      vswitchd?.kill('SIGKILL');
      await exit;
      await vsctl('--no-wait', 'add-br', 'br-late', '--', 'add-port', 'br-late', 'eth2');
      assert.equal((await readBridges(kernel)).length, 1);
      assert.equal(await masterOf('eth2'), undefined);
    },
  ],
];
