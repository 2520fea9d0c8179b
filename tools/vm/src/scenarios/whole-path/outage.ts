import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { lookAtHost } from '../../host-view.ts';
import { PFS } from '../../pfs.ts';
import { applyPolicies, assertConfigured, type Path, untilConfigured } from './path.ts';

const OUTAGE_MS = 60_000;
const LOOK_MS = 5_000;

/** The API server goes away for a while. */
export async function checkOutage(path: Path): Promise<void> {
  const { section, cluster, guest, daemon } = path;
  await section.check('a minute without the API server: the host keeps its configuration, and is mended', async () => {
    const before = await lookAtHost(guest);
    await cluster.plane.stopApiServer();
    try {
      await guest.sh('ip link set eth2 down');
      const end = Date.now() + OUTAGE_MS;
      while (Date.now() < end) {
        assert.equal(await daemon.isAlive(), true);
        await delay(LOOK_MS);
      }
      const after = await lookAtHost(guest);
      assert.equal(after.get(PFS.eth2)?.isUp, true, 'eth2 was set down, and stayed so');
      assert.deepEqual(vfsIn(after), vfsIn(before));
    } finally {
      await cluster.plane.startApiServer();
    }
  });
  await section.check('it follows the API server again when that is back', async () => {
    await applyPolicies(cluster, 2);
    await assertConfigured(guest, await untilConfigured(path, 2), 2);
  });
}

function vfsIn(host: Awaited<ReturnType<typeof lookAtHost>>): unknown {
  return [...host.values()].map(({ vfs }) => vfs);
}
