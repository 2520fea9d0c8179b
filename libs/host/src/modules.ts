import { run } from './commands.ts';
import { type Kernel } from './kernel.ts';
import { listNames } from './sysfs.ts';

/** Loads a kernel module with the host's modprobe; one that is loaded or built in is left alone. */
export async function loadModule(kernel: Kernel, module: string): Promise<void> {
  // The kernel spells every module with underscores.
  const isLoaded = (await listNames(kernel, `/sys/module/${module.replaceAll('-', '_')}`)).length > 0;
  if (!isLoaded) await run(kernel, ['modprobe', module], { onHost: true });
}
