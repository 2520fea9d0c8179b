import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@sriov/control-plane';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../../..');
/** Programs of the guest that need no bundling. */
const FILES = join(import.meta.dirname, '../files');
/** Our own programs of the guest. */
const GUEST_PROGRAMS = ['agent', 'contract', 'drivers', 'raw-writes'];

/** Where the programs are that {@link bundlePrograms} has made. */
export interface Programs {
  /** Folder that the guest gets. */
  readonly guestFolder: string;
  /** Services that run on this machine. */
  readonly policyController: string;
  readonly drainController: string;
}

/** Bundles what runs in the guest, and the controllers, into a folder. */
export async function bundlePrograms(folder: string): Promise<Programs> {
  const guestFolder = join(folder, 'guest');
  await cp(FILES, guestFolder, { recursive: true });
  const policyController = join(folder, 'policy-controller.mjs');
  const drainController = join(folder, 'drain-controller.mjs');
  await Promise.all([
    bundleGuestPrograms(guestFolder, GUEST_PROGRAMS),
    bundleApp('config-daemon', join(guestFolder, 'config-daemon.mjs')),
    bundleApp('policy-controller', policyController),
    bundleApp('drain-controller', drainController),
  ]);
  return { guestFolder, policyController, drainController };
}

/** Bundles programs of `src/guest` into a folder. A guest needs at least `agent`. */
export async function bundleGuestPrograms(folder: string, names: readonly string[]): Promise<void> {
  await build({
    entryPoints: names.map((name) => join(import.meta.dirname, 'guest', `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    logLevel: 'warning',
  });
}

/** Bundles an app into one file, as its image has it. @param app its folder in apps @param to the file */
export async function bundleApp(app: string, to: string): Promise<void> {
  const script = join(ROOT, 'tools/scripts/bundle.mjs');
  await runCommand(process.execPath, [script, '--executable', to], { cwd: join(ROOT, 'apps', app) });
}
