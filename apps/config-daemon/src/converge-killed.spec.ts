import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { verdictOf } from '@sriov/node-plan';
import { TestOvs } from '@sriov/testing/ovs';
import { PowerCut } from './test/test-host.ts';
import { hostsAfter, type WorldHost } from './test/world-host.ts';
import { WORLDS } from './test/worlds.ts';

jest.setTimeout(120_000);

let ovs: TestOvs;
beforeAll(async () => {
  ovs = await TestOvs.start();
});
afterAll(() => ovs.close());

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
      const newHost = await hostsAfter(world, before, ovs);
      const undisturbed = await newHost();
      await undisturbed.pass(spec);
      const { resets } = undisturbed;
      const whole = await undisturbed.whole();
      for (let calls = 0, isDone = false; !isDone; calls += 1) {
        const host = await newHost();
        const cut = new PowerCut(calls);
        await host.pass(spec, { cut }).catch(() => undefined);
        const { syncStatus, message } = verdictOf(await host.pass(spec));
        expect({ calls, syncStatus, message }).toMatchObject({ calls, syncStatus: 'Succeeded' });
        expect({ calls, whole: await host.whole() }).toEqual({ calls, whole });
        expect({ calls, beyond: beyond(host.resets, resets) }).toEqual({ calls, beyond: [] });
        expect({ calls, wrong: host.wrong }).toEqual({ calls, wrong: [] });
        await expectNothingToDo(host, spec);
        isDone = !cut.happened;
      }
    });
  },
);

/** Another pass changes nothing on the machine, and needs to write nothing down. */
async function expectNothingToDo(host: WorldHost, spec: NodeStateSpec): Promise<void> {
  const { writes } = host.simulated.state;
  const end = await host.pass(spec, { isReadOnly: true });
  const { syncStatus } = verdictOf(end);
  const present = { syncStatus, hasActed: end.hasActed, writes: host.simulated.state.writes };
  expect(present).toEqual({ syncStatus: 'Succeeded', hasActed: false, writes });
}
