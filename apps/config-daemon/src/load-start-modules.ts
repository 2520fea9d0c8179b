import { messageOf } from '@sriov/errors';
import { type Kernel, loadModule } from '@sriov/host';
import { type Logger } from '@sriov/runtime';

/** Behind `/dev/vhost-net` and `/dev/net/tun`, which pods get of resources with `needVhostNet`. */
const MODULES = ['vhost_net', 'tun'];

/** Loads the modules that nothing else loads. A failure is logged: only pods that ask for their files miss them. */
export async function loadStartModules(kernel: Kernel, log: Logger): Promise<void> {
  await Promise.all(
    MODULES.map(async (module) => {
      try {
        await loadModule(kernel, module);
      } catch (error) {
        log.warn({ module }, `pods with needVhostNet may miss a device file: ${messageOf(error)}`);
      }
    }),
  );
}
