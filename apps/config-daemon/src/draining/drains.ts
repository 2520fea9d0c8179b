import { type SriovNetworkNodeState } from '@sriov/api';
import { isAnswerLost } from '@sriov/kube';
import { type DrainWait } from '@sriov/node-plan';
import { type Wanted } from '../gather.ts';
import { applyDrain } from './apply-drain.ts';
import { type DrainPorts } from './drain-ports.ts';
import { type DrainedEnd } from './drain-need.ts';
import { type WaitsFor } from './drain-metrics.ts';
import { type DrainFacts, gatherDrain } from './gather-drain.ts';
import { learnVersions } from './lost-answers.ts';
import { planDrain } from './plan-drain.ts';

/** The drain of the node, as far as one pass is concerned. */
export interface PassDrain extends Required<Pick<Wanted, 'mayDisturb' | 'users' | 'isPressing'>> {
  /** Asks, or takes the request back, as what is left wants it. Resolves with what the node waits for. */
  readonly end: (end: DrainedEnd) => Promise<DrainWait | undefined>;
}

/** How long a reboot that was granted waits for what fails, in milliseconds: four attempts. */
const PRESSING_MS = 5 * 60_000;

/** The node is drained for something that does not come. */
interface Held {
  readonly generation: number;
  /** In milliseconds of the clock that nobody sets. */
  readonly since: number;
}

/** Makes what begins a pass: it finds out what the pass may disturb. */
export function createDrains(ports: DrainPorts): (nodeState: SriovNetworkNodeState) => PassDrain {
  let waited: DrainWait | undefined;
  let held: Held | undefined;
  let isUnsure = false;
  return (nodeState) => {
    const gathered = gatherDrain(ports, nodeState);
    if (isUnsure) {
      // What the caches show may be a grant that the daemon has given back.
      const end = async (): Promise<DrainWait | undefined> => {
        await learnVersions(ports, nodeState);
        isUnsure = false;
        ports.wake();
        return waited;
      };
      return { mayDisturb: 'nothing', users: gathered.unasked, isPressing: false, end };
    }
    if (gathered.kind === 'unknown') {
      // The event of the last write brings the next pass.
      return { mayDisturb: 'nothing', users: gathered.unasked, isPressing: false, end: () => Promise.resolve(waited) };
    }
    const { facts } = gathered;
    const { generation } = facts;
    // For another spec everything is tried anew.
    if (held?.generation !== generation) held = undefined;
    const heldMs = held === undefined ? undefined : ports.clock.elapsed() - held.since;
    return {
      mayDisturb: facts.mayDisturb,
      users: facts.users,
      isPressing: heldMs !== undefined && heldMs >= PRESSING_MS,
      end: async (end) => {
        const wish = { wantsExternal: ports.wantsExternal, now: ports.clock.now(), heldMs };
        const { step, waits, isHeld } = planDrain(facts, end, wish);
        if (isHeld === true) held ??= { generation, since: ports.clock.elapsed() };
        await applyDrain(ports, nodeState, step).catch((error: unknown) => {
          isUnsure = isAnswerLost(error);
          throw error;
        });
        // Only once it is written: a write that fails is tried again, and not after the whole time.
        if (isHeld !== true) held = undefined;
        // What was not seen has changed nothing.
        if (end === 'unreadable' && step.kind === 'none') return waited;
        ports.metrics.waits(waits?.waitsFor, askedAtOf(facts, waits?.waitsFor, wish.now));
        waited = waits;
        return waits;
      },
    };
  };
}

/** When the node asked for the drain that it waits for, in milliseconds since the epoch; 0 where it does not ask yet. */
function askedAtOf({ askedAt }: DrainFacts, waitsFor: WaitsFor | undefined, now: number): number {
  if (waitsFor === 'retry') return 0;
  return askedAt === undefined ? now : Date.parse(askedAt);
}
