import { messageOf } from '@sriov/errors';
import { bootServiceCondition, type BootServicePlan, type Pass, planBootService } from '@sriov/node-plan';
import { type Logger } from '@sriov/runtime';
import { applyBootServiceStep } from './apply-boot-service.ts';
import { type BootPorts } from './boot-ports.ts';
import { type EndedWork, gatherBootService } from './gather-boot-service.ts';

/**
 * Keeps the boot service of a host as it should be at the end of a pass. Returns what the node says of it: `null` where
 * there is none, `undefined` where nothing is known.
 */
export type KeepBootService = (work: EndedWork) => Promise<Pass['bootService']>;

/** Makes the function that keeps the boot service. Nothing that it does, or cannot do, keeps anything else from being done. */
export function createBootServiceKeeper(ports: BootPorts, log: Pick<Logger, 'info' | 'warn'>): KeepBootService {
  let told: string | undefined;
  return async (work) => {
    try {
      const facts = await gatherBootService(ports, work);
      const { steps, refusal } = planBootService(facts);
      const failure = await carryOut(ports, steps, log);
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

/** Does the steps up to the first that fails, and returns why that did. */
async function carryOut(
  ports: BootPorts,
  steps: BootServicePlan['steps'],
  log: Pick<Logger, 'info'>,
): Promise<string | undefined> {
  for (const step of steps) {
    try {
      await applyBootServiceStep(ports, step);
    } catch (error) {
      return messageOf(error);
    }
    log.info({ step: step.kind }, 'changed the boot service');
  }
  return undefined;
}
