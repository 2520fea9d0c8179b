import { describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec, SYNC_STATUS } from '@sriov/api';
import { verdictOf } from '@sriov/node-plan';
import fc from 'fast-check';
import { PowerCut, testSpec } from './test/test-host.ts';
import { hostAfter, type WorldHost } from './test/world-host.ts';
import { WORLDS } from './test/worlds.ts';

jest.setTimeout(60_000);

/** What may be wanted after one another. */
const SPECS = [testSpec(4, 2), testSpec(4, 1), testSpec(2, 1), {}];

/** The programs that udev calls stay when the last of its rules goes: without a rule, nobody calls them. */
async function wholeOf(host: WorldHost): Promise<unknown> {
  const { udev, ...rest } = await host.whole();
  return { ...rest, udev: udev.filter(([path]) => path.startsWith('rules.d/')) };
}

/** Starts another daemon, and expects what an undisturbed one would have left behind. */
async function expectHealed(host: WorldHost, spec: NodeStateSpec, expected: unknown): Promise<void> {
  expect(verdictOf(await host.pass(spec)).syncStatus).toBe(SYNC_STATUS.succeeded);
  expect(await wholeOf(host)).toEqual(expected);
  const { writes } = host.simulated.state;
  const second = await host.pass(spec, { isReadOnly: true });
  expect(verdictOf(second).syncStatus).toBe(SYNC_STATUS.succeeded);
  expect(host.simulated.state.writes).toBe(writes);
  expect(host.wrong).toEqual([]);
}

const names = ['two ports of igb', 'two ports of mlx5, and the device plugin of somebody else'];

describe.each(names)(
  'on a host with %s, a daemon that is started again after a kill ends where an undisturbed one ends, when',
  (name) => {
    const world = WORLDS[name]!;

    it('the change was never finished, and nobody wants it any more', async () => {
      const untouched = await wholeOf(await hostAfter(world, []));
      for (let calls = 0, isDone = false; !isDone; calls += 1) {
        const host = await hostAfter(world, []);
        const cut = new PowerCut(calls);
        await host.pass(testSpec(4, 2), { cut }).catch(() => undefined);
        await expectHealed(host, {}, untouched);
        isDone = !cut.happened;
      }
    });

    it('it is killed again and again, whatever is wanted next', async () => {
      const kills = fc.array(fc.record({ wanted: fc.constantFrom(...SPECS), calls: fc.nat(40) }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(kills, fc.constantFrom(...SPECS), async (list, last) => {
          const host = await hostAfter(world, []);
          for (const { wanted, calls } of list) {
            await host.pass(wanted, { cut: new PowerCut(calls) }).catch(() => undefined);
          }
          await expectHealed(host, last, await wholeOf(await hostAfter(world, [last])));
        }),
        { numRuns: 10 },
      );
    });
  },
);
