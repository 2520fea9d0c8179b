import { describe, expect, it, jest } from '@jest/globals';
import { verdictOf } from '@sriov/node-plan';
import { PowerCut } from './test/test-host.ts';
import { hostAfter, WORLDS } from './test/worlds.ts';

jest.setTimeout(120_000);

/** How often each is there. */
function countOf(deeds: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const deed of deeds) counts.set(deed, (counts.get(deed) ?? 0) + 1);
  return counts;
}

/** Deeds that were done more often than by an undisturbed daemon. */
function beyond(deeds: readonly string[], expected: readonly string[]): string[] {
  const allowed = countOf(expected);
  return [...countOf(deeds)].flatMap(([deed, times]) => {
    const most = allowed.get(deed) ?? 0;
    return times > most ? [`${times} times instead of ${most}: ${deed}`] : [];
  });
}

/**
 * A kill before a change is one after the change before it: whatever the daemon has heard by then, it has not done
 * anything with it.
 */
describe.each(Object.entries(WORLDS))(
  'on a host with %s, a daemon that is killed before or after any change and started again ends where an undisturbed one ends, and resets no VF more often, when',
  (_, world) => {
    it.each([...world.changes])('%s', async (__, before, spec) => {
      const start = await hostAfter(world, before);
      const undisturbed = start.copy();
      await undisturbed.pass(spec);
      expect(undisturbed.resets).not.toEqual([]);
      for (let calls = 0, isDone = false; !isDone; calls += 1) {
        const host = start.copy();
        const cut = new PowerCut(calls);
        await host.pass(spec, cut).catch(() => undefined);
        const { syncStatus, message } = verdictOf(await host.pass(spec));
        expect({ calls, syncStatus, message }).toMatchObject({ calls, syncStatus: 'Succeeded' });
        expect({ calls, whole: host.whole }).toEqual({ calls, whole: undisturbed.whole });
        expect({ calls, beyond: beyond(host.resets, undisturbed.resets) }).toEqual({ calls, beyond: [] });
        const { writes } = host.simulated.state;
        await host.pass(spec);
        expect({ calls, writes: host.simulated.state.writes }).toEqual({ calls, writes });
        isDone = !cut.happened;
      }
    });
  },
);
