import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lab, type Scenario, tryInGuest } from '../scenario.ts';
import { SIMULATOR_MODULES } from '../supplies/simulator-modules.ts';

/** devlink, switchdev and vDPA through our drivers, on what the kernel has to simulate such NICs. */
export const simulators: Scenario = {
  name: 'simulators',
  async run(lab: Lab): Promise<void> {
    const { guest, section, supplies } = lab;
    if ('missing' in supplies.simulatorModules) {
      section.show(`not run: netdevsim and vdpa_sim could not be built: ${supplies.simulatorModules.missing}`);
      return;
    }
    await cp(supplies.simulatorModules.folder, join(guest.share, 'modules'), { recursive: true });
    await section.check('the modules fit the kernel', async () => {
      await guest.sh('modprobe -a psample vdpa vhost_iotlb vhost_vdpa virtio_vdpa; modprobe macsec || true');
      for (const module of SIMULATOR_MODULES) await guest.sh(`insmod /host/modules/${module}`);
    });
    await tryInGuest(lab, 'drivers');
  },
};
