import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lab, type Scenario, tryInGuest } from '../scenario.ts';
import { SIMULATOR_MODULES } from '../supplies/simulator-modules.ts';

/** Drivers on what the kernel has to simulate such NICs, and on the services of a host themselves. */
export const simulators: Scenario = {
  name: 'simulators',
  async run(lab: Lab): Promise<void> {
    const { guest, supplies } = lab;
    await cp(supplies.ovsFolder, join(guest.share, 'ovs'), { recursive: true });
    const hasSimulators = await loadSimulators(lab);
    await tryInGuest(lab, 'drivers', [...(hasSimulators ? ['devlink', 'vdpa'] : []), 'modules', 'rdma', 'ovs']);
  },
};

/** Whether there are modules of such NICs. */
async function loadSimulators({ guest, section, supplies: { simulatorModules } }: Lab): Promise<boolean> {
  if ('missing' in simulatorModules) {
    section.show(`devlink and vDPA are left out: their simulators could not be built: ${simulatorModules.missing}`);
    return false;
  }
  await cp(simulatorModules.folder, join(guest.share, 'modules'), { recursive: true });
  await section.check('the modules fit the kernel', async () => {
    await guest.sh('modprobe -a psample vdpa vhost_iotlb vhost_vdpa virtio_vdpa; modprobe macsec || true');
    for (const module of SIMULATOR_MODULES) await guest.sh(`insmod /host/modules/${module}`);
  });
  return true;
}
