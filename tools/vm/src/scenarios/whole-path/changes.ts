import assert from 'node:assert/strict';
import { lookAtHost, type SeenVf } from '../../host-view.ts';
import { applyPolicies, assertConfigured, type Path, untilConfigured } from './path.ts';

/** Changes that concern some VFs only, and a start that changes nothing. */
export async function checkChanges(path: Path): Promise<void> {
  const { section, cluster, guest } = path;
  await section.check('a change of two VFs touches these two', async () => {
    const before = await lookAtHost(guest);
    await applyPolicies(cluster, 2);
    const after = await assertConfigured(guest, await untilConfigured(path, 2), 2);
    for (const [address, pf] of after) {
      const { vfs = [], carrierChanges } = before.get(address) ?? {};
      assert.equal(pf.carrierChanges, carrierChanges, `${pf.name} lost its carrier`);
      const others = (all: readonly SeenVf[]): SeenVf[] => all.filter(({ id }) => id !== 2 && id !== 3);
      assert.deepEqual(others(pf.vfs), others(vfs));
    }
  });
  await section.check('a daemon that was killed starts again, and writes nothing to host or API', () =>
    expectNoDisturbance(path, async () => {
      await path.daemon.kill();
      await path.daemon.restart();
    }),
  );
}

/** After `event` the daemon finds everything as it should be, and leaves it so. */
export async function expectNoDisturbance({ guest, cluster, daemon }: Path, event: () => Promise<void>): Promise<void> {
  const [host, state, changes] = [await lookAtHost(guest), await cluster.nodeState(), await daemon.changes()];
  await event();
  await daemon.untilReconciled();
  assert.deepEqual(await lookAtHost(guest), host);
  assert.equal((await cluster.nodeState()).metadata.resourceVersion, state.metadata.resourceVersion);
  assert.equal(await daemon.changes(), changes);
}
