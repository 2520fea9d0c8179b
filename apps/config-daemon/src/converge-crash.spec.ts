import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec, SYNC_STATUS } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import fc from 'fast-check';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { hostPorts, MemoryFolder, PORTS, portrait, PowerCut, testKernel, testSpec } from './test/test-host.ts';
import { watchTouchedVfs } from './test/touched-vfs.ts';
import { verdictOf } from '@sriov/node-plan';

jest.setTimeout(60_000);

interface Host {
  readonly kernel: SimulatedKernel;
  readonly folder: MemoryFolder;
  /** What was done to VFs that the kubelet could have given to a pod. */
  readonly wrong: readonly string[];
}

/** One pass of a daemon that was just started, cut off after so many changes. */
function pass({ kernel, folder }: Host, spec: NodeStateSpec, cut = new PowerCut(Infinity)): Promise<Converged> {
  const ports = hostPorts({
    kernel: cut.kernel(kernel),
    journal: new Journal(cut.folder(folder)),
    folder: cut.handoverFolder(kernel.handoverFolder),
  });
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  const plannedFrom = new Set(PORTS);
  return converge(ports, { spec, plannedFrom, allowHostInterfaces: false }, followers);
}

/** Whether the device plugin of the present tests is the operator's own. */
let hasPlugin = false;

/** A host that went through the specs, one pass each. */
async function hostWith(...specs: NodeStateSpec[]): Promise<Host> {
  const kernel = testKernel(systemClock);
  const host = { kernel, folder: new MemoryFolder(), wrong: watchTouchedVfs(kernel) };
  if (hasPlugin) kernel.plugin.start();
  for (const spec of specs) await pass(host, spec);
  return host;
}

/** VFs with a driver: the device plugin offers all of them, unless they are withdrawn. */
const offerable = ({ kernel }: Host): string[] =>
  Object.entries(kernel.state.devices).flatMap(([address, { vf, driver }]) => (vf && driver ? [address] : []));

/** The same files, which nobody may write. */
class ReadOnlyFolder extends MemoryFolder {
  override readonly files: Map<string, string>;

  constructor({ files }: MemoryFolder) {
    super();
    this.files = files;
  }

  override write(name: string): Promise<void> {
    return Promise.reject(new Error(`EROFS: ${name}`));
  }

  override remove(name: string): Promise<void> {
    return this.write(name);
  }
}

/**
 * The machine and our files. What is owed to the device plugin tells the way, see
 * `plugin-restart/apply-restart.spec.ts`.
 */
const whole = ({ kernel, folder }: Host): unknown => [
  portrait(kernel.state),
  [...folder.files].filter(([name]) => name !== 'device-plugin').sort(),
];

/** Cuts the daemon off, starts another one, and expects what an undisturbed one would have left behind. */
async function expectHealed(host: Host, spec: NodeStateSpec, expected: unknown): Promise<void> {
  expect(verdictOf(await pass(host, spec)).syncStatus).toBe(SYNC_STATUS.succeeded);
  expect(whole(host)).toEqual(expected);
  const { writes } = host.kernel.state;
  const second = await pass({ ...host, folder: new ReadOnlyFolder(host.folder) }, spec);
  expect(verdictOf(second).syncStatus).toBe(SYNC_STATUS.succeeded);
  expect(host.kernel.state.writes).toBe(writes);
  expect(host.wrong).toEqual([]);
  expect(host.kernel.plugin.allocatable.toSorted()).toEqual(hasPlugin ? offerable(host).toSorted() : []);
}

/** The same for PFs whose VFs someone else makes. */
function external({ interfaces = [] }: NodeStateSpec): NodeStateSpec {
  return { interfaces: interfaces.map((entry) => ({ ...entry, externallyManaged: true })) };
}

const CHANGES: [string, NodeStateSpec[], NodeStateSpec][] = [
  ['VFs are made', [], testSpec(4, 2)],
  ['VFs change their driver', [testSpec(4, 2)], testSpec(4, 1)],
  ['VFs change their MTU', [testSpec(4, 2, 1500)], testSpec(4, 2)],
  ['the number of VFs changes', [testSpec(4, 2)], testSpec(2, 1)],
  ['everything is given back', [testSpec(4, 2)], {}],
];

const HANDOVERS: typeof CHANGES = [
  ['VFs are handed over to someone else', [testSpec(4, 2)], external(testSpec(4, 1))],
  ['VFs come back from someone else', [testSpec(4, 2), external(testSpec(4, 1))], testSpec(4, 2)],
  ['someone else keeps his VFs', [testSpec(4, 2), external(testSpec(4, 1))], {}],
];

describe.each([
  ['of the operator', true],
  ['of somebody else', false],
])(
  'beside a device plugin %s a daemon that is killed at any step and started again ends where an undisturbed one ends, when',
  (_, isOwn) => {
    beforeAll(() => {
      hasPlugin = isOwn;
    });

    it.each([...CHANGES, ...HANDOVERS])('%s', async (_, before, spec) => {
      const expected = whole(await hostWith(...before, spec));
      for (let calls = 0, isDone = false; !isDone; calls += 1) {
        const host = await hostWith(...before);
        const cut = new PowerCut(calls);
        await pass(host, spec, cut).catch(() => undefined);
        await expectHealed(host, spec, expected);
        isDone = !cut.happened;
      }
    });

    it('the change was never finished, and nobody wants it any more', async () => {
      const untouched = whole(await hostWith());
      for (let calls = 0; calls <= 6; calls += 1) {
        const host = await hostWith();
        await pass(host, testSpec(4, 2), new PowerCut(calls)).catch(() => undefined);
        await expectHealed(host, {}, untouched);
      }
    });

    it('it is killed again and again, whatever is wanted next', async () => {
      const kills = fc.array(fc.record({ change: fc.nat(CHANGES.length - 1), calls: fc.nat(40) }), { maxLength: 5 });
      const expected = new Map<number, unknown>();
      await fc.assert(
        fc.asyncProperty(kills, fc.nat(CHANGES.length - 1), async (list, last) => {
          const host = await hostWith();
          for (const { change, calls } of list) {
            await pass(host, CHANGES[change]?.[2] ?? {}, new PowerCut(calls)).catch(() => undefined);
          }
          const spec = CHANGES[last]?.[2] ?? {};
          if (!expected.has(last)) expected.set(last, whole(await hostWith(spec)));
          await expectHealed(host, spec, expected.get(last));
        }),
        { numRuns: 10 },
      );
    });
  },
);
