import { PFS } from '../pfs.ts';
import { type Lab, type Scenario, tryInGuest } from '../scenario.ts';

/** The contract that the simulated kernel passes in its own tests, on a real kernel and a real driver. */
export const contract: Scenario = {
  name: 'contract',
  async run(lab: Lab): Promise<void> {
    await lab.guest.sh('modprobe -a vfio-pci vfio_iommu_type1');
    await tryInGuest(lab, 'contract', [PFS.eth1, 'eth1']);
  },
};
