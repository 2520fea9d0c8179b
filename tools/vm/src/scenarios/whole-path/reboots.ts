import assert from 'node:assert/strict';
import { SYNC_STATUS } from '@sriov/api';
import { expectNoDisturbance } from './changes.ts';
import { applyPolicies, assertConfigured, checkRemoval, type Path, untilConfigured } from './path.ts';

/** The power is cut, at a bad moment and at a good one. */
export async function checkReboots(path: Path): Promise<void> {
  const { section, cluster, guest, daemon } = path;
  await section.check('a reboot in the middle of applying converges', async () => {
    await cluster.untilJudged('Succeeded');
    await applyPolicies(cluster, 2);
    await cluster.select(true);
    await cluster.untilState('applying', ({ status }) => status?.syncStatus === SYNC_STATUS.inProgress);
    await reboot(path);
    await assertConfigured(guest, await untilConfigured(path, 2), 2);
  });
  await section.check('a reboot while nothing happens converges, in one change', async () => {
    const changes = await daemon.changes();
    await reboot(path);
    await daemon.untilReconciled();
    await assertConfigured(guest, await untilConfigured(path, 2), 2);
    assert.equal(await daemon.changes(), changes + 1);
  });
  await section.check('and after it there is nothing left to do', () =>
    expectNoDisturbance(path, async () => {
      assert.equal(await daemon.stop(), 'exit code 0');
      await daemon.restart();
    }),
  );
  await checkRemoval(path);
}

async function reboot({ guest, daemon }: Path): Promise<void> {
  await guest.powerCycle();
  await guest.sh('ip link set eth1 up');
  await daemon.restart();
}
