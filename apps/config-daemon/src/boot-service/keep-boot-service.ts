import { messageOf } from '@sriov/errors';
import { bootServiceCondition, type BootServicePlan, type Pass, planBootService } from '@sriov/node-plan';
import { type Clock, type Logger } from '@sriov/runtime';
import { applyBootServiceStep } from './apply-boot-service.ts';
import { type BootPorts } from './boot-ports.ts';
import { type EndedWork, gatherBootService } from './gather-boot-service.ts';

/**
 * Keeps the boot service of a host as it should be at the end of a pass. Returns what the node says of it: `null` where
 * there is none, `undefined` where nothing is known.
 */
export type KeepBootService = (work: EndedWork) => Promise<Pass['bootService']>;

/** Makes the function that keeps the boot service. Nothing that it does, or cannot do, keeps anything else from being done. */
export function createBootServiceKeeper(
  ports: BootPorts,
  log: Pick<Logger, 'info' | 'warn'>,
  clock: Pick<Clock, 'elapsed'>,
): KeepBootService {
  let told: string | undefined;
  let failed: Failed | undefined;
  return async (work) => {
    try {
      const facts = await gatherBootService(ports, work);
      const { steps, refusal } = planBootService(facts);
      failed = await carryOut({ ports, log, clock, before: failed }, steps);
      const failure = failed?.message;
      // What was just done may have changed what is so: the result of a boot, for example.
      const now = steps.length > 0 && failure === undefined ? await gatherBootService(ports, work) : facts;
      told = undefined;
      return bootServiceCondition(now, { refusal, failure });
    } catch (error) {
      const message = `the boot service cannot be looked at: ${messageOf(error)}`;
      if (message !== told) log.warn(message);
      told = message;
      return undefined;
    }
  };
}

/**
 * Each event of the host is a look, dozens in a second when pods leave, and a program that does not run is more than
 * 100 MB that are written in vain.
 */
const RETRY_MS = 10 * 60_000;

/** A step that has failed, why, and when, by the clock that nobody sets. */
interface Failed {
  readonly step: string;
  readonly message: string;
  readonly at: number;
}

interface Work {
  readonly ports: BootPorts;
  readonly log: Pick<Logger, 'info'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** The step that failed last; the same one is not tried again so soon. */
  readonly before: Failed | undefined;
}

/** Does the steps up to the first that fails, or has failed a short while ago, and returns that. */
async function carryOut(
  { ports, log, clock, before }: Work,
  steps: BootServicePlan['steps'],
): Promise<Failed | undefined> {
  for (const each of steps) {
    const step = JSON.stringify(each);
    if (before?.step === step && clock.elapsed() - before.at < RETRY_MS) return before;
    try {
      await applyBootServiceStep(ports, each);
    } catch (error) {
      return { step, message: messageOf(error), at: clock.elapsed() };
    }
    log.info({ step: each.kind }, 'changed the boot service');
  }
  return undefined;
}
