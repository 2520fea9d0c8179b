import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { loadModule, ModuleError } from '@sriov/host';
import { type GuestCase, kernel } from './guest-case.ts';

const barWith = async (file: string, line: string): Promise<void> => {
  await mkdir('/etc/modprobe.d', { recursive: true });
  await writeFile(`/etc/modprobe.d/${file}`, `${line}\n`);
};
const isLoaded = async (module: string): Promise<boolean> => (await kernel.list('/sys/module')).includes(module);

/** Name of a module that is built into the kernel and has no folder in /sys/module, as it has no parameters. */
async function builtInWithoutTrace(): Promise<string> {
  const release = (await kernel.read('/proc/sys/kernel/osrelease')).trim();
  const paths = (await kernel.read(`/lib/modules/${release}/modules.builtin`)).trim().split('\n');
  const names = paths.map((path) => path.replace(/^.*\//, '').replace('.ko', '').replaceAll('-', '_'));
  const shown = await kernel.list('/sys/module');
  return names.find((name) => !shown.includes(name)) ?? 'none';
}

/** Kernel modules: loaded, built in, and kept out. */
export const moduleCases: readonly GuestCase[] = [
  [
    'a module is loaded once, and a second time without harm',
    async () => {
      await loadModule(kernel, 'dummy');
      assert.ok(await isLoaded('dummy'));
      await loadModule(kernel, 'dummy');
    },
  ],
  [
    'a module that is built in counts as loaded, whether or not it shows in /sys/module',
    async () => {
      await loadModule(kernel, 'virtio_pci');
      await loadModule(kernel, await builtInWithoutTrace());
    },
  ],
  [
    'a blacklisted module is loaded by its name all the same',
    async () => {
      await barWith('blacklist.conf', 'blacklist 8021q');
      await loadModule(kernel, '8021q');
      assert.ok(await isLoaded('8021q'));
    },
  ],
  [
    'a module that a line of modprobe.d replaces by another command is not loaded, and the file is named',
    async () => {
      await barWith('none.conf', 'install pci-pf-stub /bin/true');
      await assert.rejects(
        loadModule(kernel, 'pci-pf-stub'),
        (error) =>
          error instanceof ModuleError &&
          /pci-pf-stub is kept out by \/etc\/modprobe\.d\/none\.conf \("install pci-pf-stub/.test(error.message),
      );
      assert.ok(!(await isLoaded('pci_pf_stub')));
    },
  ],
  [
    'a module that the kernel does not have is named, and so is the folder where it is missing',
    () =>
      assert.rejects(
        loadModule(kernel, 'no_such_module'),
        (error) =>
          error instanceof ModuleError &&
          /the kernel does not have the module no_such_module \(there is none in \/lib\/modules\//.test(error.message),
      ),
  ],
];
