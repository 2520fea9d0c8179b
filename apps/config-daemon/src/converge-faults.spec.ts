import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type Kernel } from '@sriov/host';
import { verdictOf } from '@sriov/node-plan';
import { TestOvs } from '@sriov/testing/ovs';
import { type Converged } from './converge.ts';
import { HostUnreadableError } from './host-unreadable-error.ts';
import { changesOvs } from './test/bridged-host.ts';
import { type CallFault, FAULTS, type FaultyCall, withFault } from './test/faulty-kernel.ts';
import { PORTS } from './test/test-host.ts';
import { hostsAfter, type TestWorld, type WorldHost } from './test/world-host.ts';
import { WORLDS } from './test/worlds.ts';

jest.setTimeout(600_000);

let ovs: TestOvs;
beforeAll(async () => {
  ovs = await TestOvs.start();
});
afterAll(() => ovs.close());

/**
 * Cases of a change, at most, in which a change meets a fault, and in which a look does: the same ones in each run. Each
 * takes a host and two passes over it, and those with the real Open vSwitch take longest.
 */
const mostOf = ({ hasBridges }: TestWorld): number => (hasBridges ? 6 : 10);

/** The same order in each run, and none in particular. */
function shuffled<T>(all: readonly T[]): T[] {
  let seed = 42;
  const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31);
  return all
    .map((each) => ({ each, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

interface Case {
  readonly call: FaultyCall;
  readonly with: CallFault;
}

/** A pass in which every call like this one meets a fault; an error where it found that the host cannot be looked at. */
async function faultyPass(host: WorldHost, spec: NodeStateSpec, fault: Case): Promise<Converged | Error> {
  const isMet = ({ verb, path }: FaultyCall): boolean => fault.call.verb === verb && fault.call.path === path;
  const wrap = (kernel: Kernel): Kernel => withFault(kernel, () => undefined, { isMet, with: fault.with });
  return host.pass(spec, { wrap }).catch((error: unknown) => {
    if (error instanceof HostUnreadableError) return error;
    throw error;
  });
}

/** Some of the calls of the change with some of the faults that each can meet; the host goes through it. */
async function casesOf(host: WorldHost, spec: NodeStateSpec, most: number): Promise<Case[]> {
  const calls = new Map<string, FaultyCall>();
  const note = (call: FaultyCall): unknown => calls.set(`${call.verb} ${call.path}`, call);
  await host.pass(spec, { wrap: (kernel) => withFault(kernel, note) });
  const all = [...calls.values()].flatMap((call) =>
    FAULTS.flatMap((fault) => (fault.verbs.includes(call.verb) ? [{ call, with: fault }] : [])),
  );
  const isChange = ({ call }: Case): boolean =>
    call.verb === 'write' ||
    (call.verb === 'exec' && !/ show( |$)/.test(call.path)) ||
    (call.verb === 'callJson' && changesOvs(call.path));
  return [
    ...shuffled(all.filter(isChange)).slice(0, most),
    ...shuffled(all.filter((each) => !isChange(each))).slice(0, most),
  ];
}

/** Whether a call concerns the first port, or a VF of it, and nothing else. The vDPA devices of a host are one list. */
const isOfFirst = ({ verb, path }: FaultyCall): boolean =>
  !(verb !== 'write' && path.startsWith('/sys/bus/vdpa/devices/')) &&
  /0000[:_]01[:_]|\b(ens1|ib0)(v\d+)?\b/.test(path) &&
  !/0000[:_]02[:_]|\b(ens2|ib1)(v\d+)?\b/.test(path);

/**
 * The machine and the state folder, as far as a fault of the call is made up for. Where devlink does not tell the mode of
 * a PF, and its interface tells that it is legacy, the record of what the PF was has no mode: that means the same. Who
 * puts traffic rules into a NIC changes in legacy mode only, and VFs work without.
 */
function comparable(whole: unknown, { path }: Partial<FaultyCall> = {}): unknown {
  const text = JSON.stringify(whole).replaceAll(',\\"eSwitchMode\\":\\"legacy\\"', '');
  const isSteering = path?.includes('flow_steering_mode') === true;
  return JSON.parse(withAltNames(isSteering ? text.replaceAll('"smfs"', 'null') : text));
}

/** Representors that udev does not name have their names as alternative ones. */
function withAltNames(text: string): string {
  return text.replaceAll(/"[^"]*pf\d+vf\d+","(0000:[^"]*)","([^"]*_\d+)"/g, '"$2","$1"');
}

/** What a pass did that an undisturbed one does not do. Whoever gives a new vDPA device its driver interrupts nobody. */
function strange(host: WorldHost, resets: readonly string[]): string[] {
  const left = [...resets];
  return host.resets.filter((deed) => {
    if (/> \/sys\/bus\/vdpa\/.*(\/bind|drivers_probe)$/.test(deed)) return false;
    const at = left.indexOf(deed);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

describe.each(Object.entries(WORLDS))(
  'on a host with %s, a call that meets a fault destroys nothing, is told as it is, and is made up for, when',
  (_, world) => {
    it.each([...world.changes])('%s', async (__, before, spec) => {
      const newHost = await hostsAfter(world, before, ovs);
      const undisturbed = await newHost();
      const cases = await casesOf(undisturbed, spec, mostOf(world));
      const expected = {
        resets: undisturbed.resets,
        ports: JSON.stringify(undisturbed.ports),
        other: comparable(await undisturbed.portOf(PORTS[1])),
        whole: await undisturbed.whole(),
      };
      const faults: string[] = [];
      for (const fault of cases) {
        const host = await newHost();
        await expectMadeUpFor(host, { spec, fault, expected }).catch((error: unknown) => {
          faults.push(`${fault.with.name}: ${fault.call.verb} ${fault.call.path}: ${messageOf(error)}`);
        });
      }
      expect(faults).toEqual([]);
    });
  },
);

/** What an undisturbed daemon leaves behind. */
interface Expected {
  readonly resets: readonly string[];
  readonly ports: string;
  readonly other: unknown;
  readonly whole: unknown;
}

async function expectMadeUpFor(
  host: WorldHost,
  { spec, fault, expected }: { readonly spec: NodeStateSpec; readonly fault: Case; readonly expected: Expected },
): Promise<void> {
  const end = await faultyPass(host, spec, fault);
  expect(strange(host, expected.resets)).toEqual([]);
  if (isOfFirst(fault.call)) expect(comparable(await host.portOf(PORTS[1]))).toEqual(expected.other);
  expectTold(end, fault, JSON.stringify(host.ports) === expected.ports);
  const { syncStatus, message } = verdictOf(await host.pass(spec));
  expect({ syncStatus, message }).toMatchObject({ syncStatus: 'Succeeded' });
  expect(comparable(await host.whole(), fault.call)).toEqual(comparable(expected.whole, fault.call));
}

/**
 * A host that is not as it should be is no success. What is said of it names the cause, and the PF that it is about where
 * it is about one, and is no flood.
 */
function expectTold(end: Converged | Error, { call, with: fault }: Case, isRight: boolean): void {
  if (end instanceof Error) {
    expect(end.message).toMatch(fault.told);
    expect(end.message.length).toBeLessThan(2_000);
    return;
  }
  const { syncStatus, message, failures = [] } = verdictOf(end);
  for (const failure of failures) expect(failure.message.length).toBeLessThan(2_000);
  if (isOfFirst(call)) expect(failures.filter(({ pciAddress }) => pciAddress === PORTS[1])).toEqual([]);
  if (isRight) return;
  expect({ syncStatus, message }).not.toMatchObject({ syncStatus: 'Succeeded' });
  expect(message).toMatch(fault.told);
}
