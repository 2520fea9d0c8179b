import { afterEach, beforeAll, beforeEach, jest } from '@jest/globals';
import { eventually, installCrds } from '@sriov/testing';
import { runController } from './run-controller.ts';
import { TestFleet } from './test-fleet.ts';

export const DRAIN = 'Drain_Required';
export const REBOOT = 'Reboot_Required';
/** A pod that holds a VF. */
export const VF = { resource: 'example.org/intelnics' };

/** The fleet of the present test. */
export let fleet: TestFleet;
let stop: (() => Promise<void>) | undefined;

/** Gives each test of a file a fleet of its own, with a drain controller; both end with the test. */
export function useFleet(): void {
  jest.setTimeout(90_000);
  beforeAll(() => installCrds());
  beforeEach(async () => {
    fleet = await TestFleet.create();
    startController();
  });
  afterEach(async () => {
    await stopController();
    await fleet.remove();
  });
}

/** Another replica takes over. */
export function startController(): void {
  stop = runController(fleet);
}

export async function stopController(): Promise<void> {
  await stop?.();
  stop = undefined;
}

/** Ends the pods that are to end until the drain of the node is done. */
export async function untilDrained(node: string): Promise<void> {
  await eventually(async () => {
    await fleet.endPods();
    return (await fleet.progress(node)) === 'DrainComplete';
  });
}
