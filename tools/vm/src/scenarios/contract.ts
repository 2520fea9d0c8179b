import { type Lab, type Scenario } from '../scenario.ts';

/** One line of `guest/contract.ts`. */
interface Tried {
  readonly name: string;
  readonly ms: number;
  readonly failure?: string;
}

/** The contract that the simulated kernel passes in its own tests, on a real kernel and a real driver. */
export const contract: Scenario = {
  name: 'contract',
  async run({ guest, section }: Lab): Promise<void> {
    await guest.sh('modprobe -a vfio-pci vfio_iommu_type1');
    const args = ['/host/programs/contract.mjs', '0000:01:00.0', 'eth1'];
    const exitCode = await guest.follow('node', args, (line) => section.record(JSON.parse(line) as Tried));
    await section.check('every case was tried', async () => {
      if (exitCode !== 0) throw new Error(`exit code ${exitCode}; the console:\n${await guest.consoleTail()}`);
    });
  },
};
