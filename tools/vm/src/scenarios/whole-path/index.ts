import assert from 'node:assert/strict';
import { type Scenario } from '../../scenario.ts';
import { checkChanges } from './changes.ts';
import { checkFaults } from './faults.ts';
import { checkOutage } from './outage.ts';
import { applyPolicies, assertConfigured, checkRemoval, onPath, type Path, untilConfigured } from './path.ts';
import { checkReboots } from './reboots.ts';

/** From a policy to the VFs of a real kernel, and what may be in the way there. */
export const wholePath: Scenario = {
  name: 'whole-path',
  run: (lab) =>
    onPath(lab, async (path) => {
      await checkStart(path);
      await checkPolicies(path);
      await checkChanges(path);
      await checkFaults(path);
    }),
};

/** The same, without an API server for a while: most of it is waiting, so that it costs others little. */
export const outage: Scenario = {
  name: 'outage',
  run: (lab) =>
    onPath(lab, async (path) => {
      await checkPolicies(path);
      await checkOutage(path);
      await checkRemoval(path);
    }),
};

/** The same, without power for a moment. */
export const reboots: Scenario = { name: 'reboots', run: (lab) => onPath(lab, checkReboots) };

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

async function checkPolicies(path: Path): Promise<void> {
  const { section, cluster, guest } = path;
  await section.check('policies make 7 VFs on each of two PFs, and the status says what the kernel does', async () => {
    await applyPolicies(cluster, 4);
    await cluster.select(true);
    await assertConfigured(guest, await untilConfigured(path, 4), 4);
  });
}
