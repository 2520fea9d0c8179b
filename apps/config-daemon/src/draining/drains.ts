import { type SriovNetworkNodeState } from '@sriov/api';
import { type DrainWait } from '@sriov/node-plan';
import { type Wanted } from '../gather.ts';
import { applyDrain } from './apply-drain.ts';
import { type DrainPorts } from './drain-ports.ts';
import { gatherDrain } from './gather-drain.ts';
import { type PassRest, planDrain } from './plan-drain.ts';

/** The drain of the node, as far as one pass is concerned. */
export interface PassDrain extends Required<Pick<Wanted, 'mayDisturb' | 'users'>> {
  /** Asks, or takes the request back, as what is left wants it. Resolves with what the node waits for. */
  readonly end: (end: PassRest) => Promise<DrainWait | undefined>;
}

/** Makes what begins a pass: it finds out what the pass may disturb. */
export function createDrains(ports: DrainPorts): (nodeState: SriovNetworkNodeState) => PassDrain {
  let waited: DrainWait | undefined;
  return (nodeState) => {
    const gathered = gatherDrain(ports, nodeState);
    if (gathered.kind === 'unknown') {
      // The event of the last write brings the next pass.
      return { mayDisturb: 'nothing', users: gathered.users, end: () => Promise.resolve(waited) };
    }
    const { facts } = gathered;
    return {
      mayDisturb: facts.mayDisturb,
      users: facts.users,
      end: async (end) => {
        const wish = { wantsExternal: ports.wantsExternal, now: ports.clock.now() };
        const { step, waits } = planDrain(facts, end, wish);
        await applyDrain(ports, nodeState, step);
        ports.metrics.waits(waits?.waitsFor, facts.askedAt === undefined ? wish.now : Date.parse(facts.askedAt));
        waited = waits;
        return waits;
      },
    };
  };
}
