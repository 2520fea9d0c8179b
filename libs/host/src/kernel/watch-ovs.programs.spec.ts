import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@sriov/testing';
import { TestOvs } from '@sriov/testing/ovs';
import { findSwitchFault } from '../drivers/ovs-switch.ts';
import { HostKernel } from './host-kernel.ts';
import { OVS_SOCKET } from './ovs-sockets.ts';

jest.setTimeout(120_000);

let ovs: TestOvs;
beforeAll(async () => {
  ovs = await TestOvs.start();
});
afterAll(() => ovs.close());

/** Waits until the programs of Open vSwitch have told something that leads to a look with this result. */
async function untilSeen(look: (kernel: HostKernel) => Promise<unknown>, cause: () => Promise<void>): Promise<unknown> {
  const kernel = new HostKernel({ hostRoot: ovs.root });
  const abort = new AbortController();
  const before = await look(kernel);
  let seen = before;
  let told = 0;
  const onEvent = (): void => {
    told += 1;
    void look(kernel).then((next) => {
      seen = next;
    });
  };
  const watching = kernel.watch('ovs', onEvent, abort.signal);
  // The answers to its first questions: both programs are followed now.
  await eventually(() => told >= 2);
  await cause();
  await eventually(() => seen !== before);
  abort.abort();
  await watching;
  return seen;
}

describe('an event tells that', () => {
  const isRunning = async (kernel: HostKernel): Promise<boolean> => (await findSwitchFault(kernel)) === undefined;
  const answers = (kernel: HostKernel): Promise<boolean> =>
    kernel.callJson({ socket: OVS_SOCKET, method: 'list_dbs' }, []).then(
      () => true,
      () => false,
    );

  it.each(['SIGKILL', 'SIGTERM'] as const)('ovs-vswitchd has ended by %s, and is back', async (signal) => {
    expect(await untilSeen(isRunning, () => ovs.stopSwitch(signal))).toBe(false);
    const abort = new AbortController();
    const kernel = new HostKernel({ hostRoot: ovs.root });
    let isBack = false;
    const look = (): void => void isRunning(kernel).then((is) => (isBack = is));
    const watching = kernel.watch('ovs', look, abort.signal);
    await ovs.startSwitch();
    await eventually(() => isBack);
    abort.abort();
    await watching;
  });

  it('the database server was killed, which leaves its socket behind', async () => {
    expect(await untilSeen(answers, () => ovs.stopServer())).toBe(false);
    await ovs.startServer();
  });

  it('ovs-vswitchd has carried out a change', async () => {
    const changed = async (): Promise<void> => {
      await ovs.vsctl('set', 'Open_vSwitch', '.', 'external_ids:a=1');
    };
    const select = { op: 'select', table: 'Open_vSwitch', where: [], columns: ['cur_cfg'] };
    const carriedOut = async (kernel: HostKernel): Promise<string> =>
      JSON.stringify(await kernel.callJson({ socket: OVS_SOCKET, method: 'transact' }, ['Open_vSwitch', select]));
    expect(await untilSeen(carriedOut, changed)).toMatch(/"cur_cfg":\d/);
  });
});
