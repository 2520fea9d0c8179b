import assert from 'node:assert/strict';
import { Cluster } from '../../cluster.ts';
import { Daemon } from '../../daemon.ts';
import { type Lab, type Scenario } from '../../scenario.ts';
import { checkChanges } from './changes.ts';
import { checkFaults } from './faults.ts';
import { checkFigures, measureAlone } from './figures.ts';
import { type Path } from './path.ts';
import { checkReboots } from './reboots.ts';

/** Control plane and policy controller on this machine, the daemon on the real kernel of the guest. */
export const wholePath: Scenario = {
  name: 'whole-path',
  async run(lab: Lab): Promise<void> {
    const { guest, section, programs } = lab;
    const aloneMs = await measureAlone(lab);
    // As on most servers: one port is in use, the other is not.
    await guest.sh('ip link set eth1 up');
    const cluster = await section.check('the control plane starts', () =>
      Cluster.start(programs.policyController, (line) => section.show(line)),
    );
    try {
      const daemon = await Daemon.start(guest, await cluster.guestKubeconfig());
      const path = { ...lab, cluster, daemon };
      await checkStart(path);
      await checkFigures(path, aloneMs);
      await checkChanges(path);
      await checkFaults(path);
      await checkReboots(path);
    } finally {
      await cluster.close();
    }
  },
};

async function checkStart({ section, cluster }: Path): Promise<void> {
  await section.check('the daemon reports what the node has, and that nothing is to be done', async () => {
    const { status } = await cluster.untilJudged('Succeeded');
    assert.deepEqual(
      status?.interfaces?.map(({ name, driver, totalvfs, linkAdminState }) => [name, driver, totalvfs, linkAdminState]),
      [
        ['eth0', 'virtio-pci', undefined, 'up'],
        ['eth1', 'igb', 7, 'up'],
        ['eth2', 'igb', 7, 'down'],
      ],
    );
  });
}
