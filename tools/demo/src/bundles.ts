import { join } from 'node:path';
import { type ServiceName } from '@sriov/api';
import { runCommand } from '@sriov/control-plane';

const ROOT = join(import.meta.dirname, '../../..');

/** The bundle of a service; of the daemon the one whose host is simulated. */
export const bundleOf = (service: ServiceName): string =>
  join(ROOT, 'apps', service, 'dist', service === 'config-daemon' ? 'main-simulated.mjs' : 'main.mjs');

/** Makes the bundles of the services, where sources are newer. @throws Error with what esbuild says */
export async function makeBundles(services: readonly ServiceName[]): Promise<void> {
  const nx = join(ROOT, 'node_modules/.bin/nx');
  const projects = services.map((service) => `@sriov/${service}`).join(',');
  await runCommand(nx, ['run-many', '-t', 'build', '-p', projects], {
    cwd: ROOT,
    env: { ...process.env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false' },
  });
}
