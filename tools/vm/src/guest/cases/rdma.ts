import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { observeHost } from '@sriov/host';
import { type GuestCase, kernel } from './guest-case.ts';

const modeOfHost = async (): Promise<string | undefined> => (await observeHost(kernel)).rdmaMode;
const setMode = (mode: string): ReturnType<typeof kernel.exec> => kernel.exec('rdma', ['system', 'set', 'netns', mode]);

/** Another network namespace than the first, as long as the process lives. */
let other: ChildProcess | undefined;

/** The namespace of an ended process is gone some time after it. */
async function untilSet(mode: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if ((await setMode(mode)).exitCode === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the mode ${mode} was refused for 10 s`);
}

/** The mode of RDMA namespaces, with rxe. */
export const rdmaCases: readonly GuestCase[] = [
  [
    'RDMA devices are shared among namespaces from the start',
    async () => {
      await kernel.exec('modprobe', ['-a', 'crc32_generic', 'crc32_pclmul']);
      assert.equal((await kernel.exec('modprobe', ['rdma_rxe'])).exitCode, 0);
      const added = await kernel.exec('rdma', ['link', 'add', 'rxe0', 'type', 'rxe', 'netdev', 'eth1']);
      assert.equal(added.exitCode, 0, added.stderr);
      assert.equal(await modeOfHost(), 'shared');
    },
  ],
  [
    'another mode is taken while there is one network namespace, and the look at the host shows it',
    async () => {
      await untilSet('exclusive');
      assert.equal(await modeOfHost(), 'exclusive');
      await untilSet('shared');
      assert.equal(await modeOfHost(), 'shared');
    },
  ],
  [
    'another mode is refused while there is another network namespace (EBUSY), and that which is there is taken',
    async () => {
      other = spawn('unshare', ['-n', 'sleep', '600']);
      await once(other, 'spawn');
      // The process is there before it has made its namespace.
      const own = await kernel.readlink('/proc/self/ns/net');
      while ((await kernel.readlink(`/proc/${other.pid}/ns/net`)) === own);
      const { exitCode, stderr } = await setMode('exclusive');
      assert.notEqual(exitCode, 0);
      assert.match(stderr, /Device or resource busy/);
      assert.equal(await modeOfHost(), 'shared');
      assert.equal((await setMode('shared')).exitCode, 0);
    },
  ],
  [
    'it is taken again some time after that namespace is gone',
    async () => {
      other?.kill();
      await untilSet('exclusive');
      await untilSet('shared');
      assert.equal((await kernel.exec('rdma', ['link', 'delete', 'rxe0'])).exitCode, 0);
    },
  ],
];
