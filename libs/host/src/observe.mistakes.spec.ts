import { describe, expect, it } from '@jest/globals';
import { observeDevices } from './devices/observe-devices.ts';
import { type Kernel, KernelError } from './kernel/kernel.ts';
import { lookCloser, lookForLateVfs, observeHost } from './observe.ts';
import { busyHost, PF, UDEV_FOLDER_OF_NOBODY } from './test/busy-host.ts';
import { type TestKernel } from './test/test-kernel.ts';

/** Tells of each call, and makes it only where that does not throw. */
function told(kernel: TestKernel, onCall: (call: string) => void): Kernel {
  const make = async <T>(call: string, go: () => Promise<T>): Promise<T> => {
    onCall(call);
    return go();
  };
  return {
    read: (path) => make(`read ${path}`, () => kernel.read(path)),
    readlink: (path) => make(`readlink ${path}`, () => kernel.readlink(path)),
    list: (path) => make(`list ${path}`, () => kernel.list(path)),
    exec: (command, args) => make([command, ...args].join(' '), () => kernel.exec(command, args)),
    call: (method) => make(`call ${method.method}`, () => kernel.call(method)),
    callJson: (method) => make(`call ${method.socket}`, () => kernel.callJson(method)),
    write: (path, value) => kernel.write(path, value),
    watch: () => kernel.watch(),
  };
}

const SCOPE = {
  bridges: true,
  rdmaConfig: 'all',
  offloading: new Set([PF]),
  udev: { folder: UDEV_FOLDER_OF_NOBODY, isOurs: () => true },
} as const;

const LOOKS: readonly [string, (kernel: Kernel) => Promise<unknown>][] = [
  ['a look at the host', (kernel) => observeHost(kernel, SCOPE)],
  ['a close look', (kernel) => lookCloser(kernel, [PF])],
  ['a look for late VFs', async (kernel) => lookForLateVfs(kernel, [PF], await observeHost(busyHost()))],
  ['a look of the device plugin', observeDevices],
];

async function callsOf(look: (kernel: Kernel) => Promise<unknown>): Promise<ReadonlySet<string>> {
  const calls = new Set<string>();
  await look(told(busyHost(), (call) => calls.add(call)));
  return calls;
}

describe.each(LOOKS)('in %s', (_, look) => {
  it('a mistake of this program is told as what it is, and never taken for a fault of the host', async () => {
    const hidden: string[] = [];
    const mistake = new TypeError('x is not a function');
    for (const call of await callsOf(look)) {
      const kernel = told(busyHost(), (each) => {
        if (each === call) throw mistake;
      });
      const end = await look(kernel).catch((error: unknown) => error);
      if (end !== mistake) hidden.push(call);
    }
    expect(hidden).toEqual([]);
  });

  it('a fault of the host ends it, or is told, and no call of it is missed here', async () => {
    const calls = await callsOf(look);
    expect(calls.size).toBeGreaterThan(0);
    for (const call of calls) {
      const kernel = told(busyHost(), (each) => {
        if (each === call) throw new KernelError({ verb: 'call', path: call, code: 'EIO' });
      });
      const end = await look(kernel).catch((error: unknown) => error);
      expect(end instanceof Error ? end.name : 'a result').toMatch(/^(KernelError|NotObservedError|a result)$/);
    }
  });
});
