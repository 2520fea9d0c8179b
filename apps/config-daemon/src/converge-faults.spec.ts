import { describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { verdictOf } from '@sriov/node-plan';
import { type Converged } from './converge.ts';
import { HostUnreadableError } from './host-unreadable-error.ts';
import { type CallFault, FAULTS, type FaultyCall, withFault } from './test/faulty-kernel.ts';
import { PORTS, PowerCut } from './test/test-host.ts';
import { hostAfter, type WorldHost, WORLDS } from './test/worlds.ts';

jest.setTimeout(300_000);

/** Cases of a change, at most, in which a change meets a fault, and in which a look does: the same ones in each run. */
const MOST = 30;

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
  const wrap = (kernel: Parameters<typeof withFault>[0]): typeof kernel => withFault(kernel, () => undefined, fault);
  return host.pass(spec, new PowerCut(Infinity), wrap).catch((error: unknown) => {
    if (error instanceof HostUnreadableError) return error;
    throw error;
  });
}

/** Each of the calls of the change with each fault that it can meet. */
async function casesOf(start: WorldHost, spec: NodeStateSpec): Promise<Case[]> {
  const calls = new Map<string, FaultyCall>();
  const note = (call: FaultyCall): unknown => calls.set(`${call.verb} ${call.path}`, call);
  await start.copy().pass(spec, new PowerCut(Infinity), (kernel) => withFault(kernel, note));
  const all = [...calls.values()].flatMap((call) =>
    FAULTS.flatMap((fault) => (fault.verbs.includes(call.verb) ? [{ call, with: fault }] : [])),
  );
  const isChange = ({ call }: Case): boolean =>
    call.verb === 'write' || (call.verb === 'exec' && !/ show( |$)/.test(call.path));
  return [
    ...shuffled(all.filter(isChange)).slice(0, MOST),
    ...shuffled(all.filter((each) => !isChange(each))).slice(0, MOST),
  ];
}

/** Whether a call concerns the first port, or a VF of it, and nothing else. */
const isOfFirst = ({ path }: FaultyCall): boolean =>
  /0000:01:|\bens1\b|\bens1v/.test(path) && !path.includes('0000:02:');

/** The other port with its VFs, as the machine has them. */
function otherOf(host: WorldHost): unknown {
  return host.ports.find(({ address }) => address === PORTS[1]);
}

/**
 * The machine and the state folder. Where devlink does not tell the mode of a PF, and its interface tells that it is
 * legacy, the record of what the PF was has no mode: that means the same.
 */
function wholeOf({ whole }: WorldHost): unknown {
  return JSON.parse(JSON.stringify(whole).replaceAll(',\\"eSwitchMode\\":\\"legacy\\"', ''));
}

/** What a pass did that an undisturbed one does not do. */
function strange(host: WorldHost, undisturbed: WorldHost): string[] {
  const left = [...undisturbed.resets];
  return host.resets.filter((deed) => {
    const at = left.indexOf(deed);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

describe.each(Object.entries(WORLDS))(
  'on a host with %s, a call that meets a fault destroys nothing, is told as it is, and is made up for, when',
  (_, world) => {
    it.each([...world.changes])('%s', async (__, before, spec) => {
      const start = await hostAfter(world, before);
      const undisturbed = start.copy();
      await undisturbed.pass(spec);
      for (const fault of await casesOf(start, spec)) {
        const what = `${fault.with.name}: ${fault.call.verb} ${fault.call.path}`;
        const host = start.copy();
        const end = await faultyPass(host, spec, fault);
        expect({ what, strange: strange(host, undisturbed) }).toEqual({ what, strange: [] });
        if (isOfFirst(fault.call)) {
          expect({ what, other: otherOf(host) }).toEqual({ what, other: otherOf(undisturbed) });
        }
        if (!(end instanceof Error)) {
          const { syncStatus, message, failures = [] } = verdictOf(end);
          const isRight = JSON.stringify(host.ports) === JSON.stringify(undisturbed.ports);
          if (!isRight) expect({ what, syncStatus, message }).not.toMatchObject({ syncStatus: 'Succeeded' });
          for (const failure of failures)
            expect({ what, size: failure.message.length < 2_000 }).toEqual({ what, size: true });
        } else expect({ what, size: end.message.length < 2_000 }).toEqual({ what, size: true });
        const { syncStatus, message } = verdictOf(await host.pass(spec));
        expect({ what, syncStatus, message }).toMatchObject({ what, syncStatus: 'Succeeded' });
        expect({ what, whole: wholeOf(host) }).toEqual({ what, whole: wholeOf(undisturbed) });
      }
    });
  },
);
