import { describe, expect, it } from '@jest/globals';
import { type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { listVfAddresses, setAutoprobe, setNumVfs } from './sriov.ts';

const PF = '0000:01:00.0';
const NUM_VFS = `/sys/bus/pci/devices/${PF}/sriov_numvfs`;

describe('the number of VFs', () => {
  const pf = (present: number, numVfs = '0', made?: number): TestKernel => {
    const kernel = new TestKernel({
      files: {
        [NUM_VFS]: numVfs,
        [`/sys/bus/pci/devices/${PF}/sriov_totalvfs`]: '7',
        ...Object.fromEntries(
          Array.from({ length: present }, (_, id) => [
            `/sys/bus/pci/devices/${PF}/virtfn${id}`,
            `->../0000:01:10.${id}`,
          ]),
        ),
      },
    });
    kernel.onWrite = (path, value) => {
      if (path !== NUM_VFS) return;
      for (const name of [...kernel.files.keys()]) if (name.includes('/virtfn')) kernel.files.delete(name);
      for (let id = 0; id < Math.min(Number(value), made ?? Infinity); id += 1) {
        kernel.files.set(`/sys/bus/pci/devices/${PF}/virtfn${id}`, `->../0000:01:10.${id}`);
      }
    };
    return kernel;
  };

  it.each([
    ['from none', 0, 4, [`${NUM_VFS} = 4`]],
    ['to none', 4, 0, [`${NUM_VFS} = 0`]],
    ['to another number, on which the kernel decides', 4, 6, [`${NUM_VFS} = 6`]],
    ['that is there already', 4, 4, []],
  ])('is set %s', async (_, present, wanted, done) => {
    const kernel = pf(present);
    await setNumVfs(kernel, PF, wanted);
    expect(kernel.done).toEqual(done);
    expect([...kernel.deadlines.values()]).toEqual(done.map(() => 10_000));
  });

  it.each([
    ['ERANGE', 'the device cannot have so many VFs (8 wanted, 7 possible)'],
    ['EBUSY', 'the device has another number of VFs already (8 wanted, 7 possible)'],
    ['EINVAL', 'the driver does not take this number (8 wanted, 7 possible)'],
    ['ENODEV', 'the device is gone (8 wanted, 7 possible)'],
    ['ENOSYS', 'the driver of the PF cannot make VFs (8 wanted, 7 possible)'],
    ['ENOENT', 'the driver of the PF cannot make VFs, or there is none (8 wanted, 7 possible)'],
    [
      'ENOMEM',
      'no PCI bus numbers or address space are left: try the kernel parameter pci=realloc (8 wanted, 7 possible)',
    ],
  ])('that is refused with %s is explained', async (errno, meaning) => {
    await expect(setNumVfs(pf(0, `[${errno}]`), PF, 8)).rejects.toMatchObject({
      code: errno,
      message: `write ${NUM_VFS}: ${errno} (${meaning})`,
      cause: { code: errno },
    });
  });

  it.each([0, 3])('that the kernel took for 4 and that became %d is named', async (made) => {
    await expect(setNumVfs(pf(0, '0', made), PF, 4)).rejects.toMatchObject({
      code: 'NO_EFFECT',
      message: expect.stringContaining(`4 VFs were asked for, the kernel reported no error, and the PF has ${made}`),
    });
  });

  it('that is refused is explained without the number that is possible where that cannot be read', async () => {
    const kernel = pf(0, '[ERANGE]');
    kernel.files.delete(`/sys/bus/pci/devices/${PF}/sriov_totalvfs`);
    await expect(setNumVfs(kernel, PF, 8)).rejects.toThrow('(8 wanted, an unknown number possible)');
  });

  it('that is refused with what we have no words for is refused with that', async () => {
    await expect(setNumVfs(pf(0, '[EIO]'), PF, 8)).rejects.toMatchObject({ message: `write ${NUM_VFS}: EIO` });
  });

  it('and the probing of new VFs is switched with one digit', async () => {
    const path = `/sys/bus/pci/devices/${PF}/sriov_drivers_autoprobe`;
    const kernel = new TestKernel({ files: { [path]: '1' } });
    kernel.onWrite = (_, value) => kernel.files.set(path, value);
    await setAutoprobe(kernel, PF, false);
    await setAutoprobe(kernel, PF, true);
    expect(kernel.done).toEqual([`${path} = 0`, `${path} = 1`]);
    kernel.onWrite = () => undefined;
    await expect(setAutoprobe(kernel, PF, false)).rejects.toMatchObject({
      code: 'NO_EFFECT',
      path,
      message: 'driver probing of new VFs was to be turned off, and is not',
    });
    kernel.files.set(path, '0');
    await expect(setAutoprobe(kernel, PF, true)).rejects.toThrow(
      'driver probing of new VFs was to be turned on, and is not',
    );
  });
});

describe('the addresses of the VFs of a PF', () => {
  it('are those of its links alone, in the order of the VFs', async () => {
    const at = `/sys/bus/pci/devices/${PF}`;
    const kernel = new TestKernel({
      files: {
        [`${at}/virtfn10`]: '->../0000:01:11.2',
        [`${at}/virtfn2`]: '->../0000:01:10.2',
        [`${at}/virtfn3`]: '[ENOENT]',
        [`${at}/virtfn4_old`]: '->../0000:01:10.4',
        [`${at}/my_virtfn5`]: '->../0000:01:10.5',
        [`${at}/sriov_numvfs`]: '3',
      },
    });
    expect([...(await listVfAddresses(kernel, PF))]).toEqual([
      [2, '0000:01:10.2'],
      [10, '0000:01:11.2'],
    ]);
  });
});

describe('VFs whose links appear late', () => {
  const folder = `/sys/bus/pci/devices/${PF}`;

  /** A PF that counts as many VFs as were asked for, and shows so many of them; and what its events call. */
  function late(shown: number): {
    readonly kernel: TestKernel;
    readonly tell: () => void;
    readonly show: (id: number) => void;
  } {
    const kernel = new TestKernel({ files: { [NUM_VFS]: '0', [`${folder}/sriov_totalvfs`]: '7' } });
    const show = (id: number): void => void kernel.files.set(`${folder}/virtfn${id}`, `->../0000:01:10.${id}`);
    kernel.onWrite = (_, value) => {
      kernel.files.set(NUM_VFS, value);
      for (let id = 0; id < shown; id += 1) show(id);
    };
    let tell = (): void => undefined;
    const watch: Kernel['watch'] = (_source, onEvent, signal) => {
      tell = () => onEvent({ kind: 'device' });
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    };
    Object.assign(kernel, { watch });
    return { kernel, tell: () => tell(), show };
  }

  const pendingOf = async (kernel: TestKernel): Promise<KernelBlockedError> => {
    const outcome: unknown = await setNumVfs(kernel, PF, 3).catch((error: unknown) => error);
    if (outcome instanceof KernelBlockedError) return outcome;
    throw new Error('it was not reported as pending', { cause: outcome });
  };

  it('are no failure: that says which are missing, and is over when an event shows the last', async () => {
    const { kernel, tell, show } = late(1);
    const { message, released } = await pendingOf(kernel);
    expect(message).toContain('the kernel counts 3 VFs, and the links of 2 of them have not appeared');
    let isOver = false;
    const over = released.then(() => {
      isOver = true;
    });
    show(1);
    tell();
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    show(2);
    tell();
    await over;
  });

  it.each<[string, (kernel: TestKernel) => void]>([
    ['the kernel counts another number', (kernel) => kernel.files.set(NUM_VFS, '0')],
    ['nobody can tell', (kernel) => kernel.files.set(folder, '[EIO]')],
  ])('are not waited for any more when %s', async (_, happen) => {
    const { kernel, tell } = late(1);
    const { released } = await pendingOf(kernel);
    happen(kernel);
    tell();
    await released;
  });
});
