import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { ApiFront, eventually, installCrds } from '@sriov/testing';
import { runController } from './test/run-controller.ts';
import { TestFleet } from './test/test-fleet.ts';
import { DRAIN } from './test/use-fleet.ts';
import { WatchedPool } from './test/watched-pool.ts';

jest.setTimeout(90_000);

let fleet: TestFleet;
let pool: WatchedPool;
let front: ApiFront;
let folder: string;
let stop: () => Promise<void> = () => Promise.resolve();

beforeAll(() => installCrds());
beforeEach(async () => {
  fleet = await TestFleet.create();
  folder = mkdtempSync(join(tmpdir(), 'give-slots-'));
  front = await ApiFront.start();
  pool = await WatchedPool.follow(fleet.namespace, 'pool=one');
});
afterEach(async () => {
  await stop();
  pool.stop();
  await front.close();
  await fleet.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Two nodes of a pool that allows one unavailable node; the first has asked before the second. */
async function begin(...nodes: string[]): Promise<void> {
  await fleet.addPool('one', { maxUnavailable: 1, nodeSelector: { matchLabels: { pool: 'one' } } });
  for (const name of nodes) await fleet.addNode(name, { pool: 'one' });
  const kubeconfig = join(folder, 'kubeconfig');
  front.writeKubeconfig(kubeconfig);
  stop = runController(fleet, { kubeconfig });
  for (const [index, name] of nodes.entries()) {
    await eventually(() => fleet.annotation(name, ANNOTATION.desiredState));
    await fleet.annotate(name, { [ANNOTATION.drainAskedAt]: `2026-05-01T10:00:0${index}Z` });
  }
}

/** Gives each of the nodes back as soon as it is drained. */
async function finish(...nodes: string[]): Promise<void> {
  for (const name of nodes) {
    await fleet.until(name, 'DrainComplete');
    await fleet.ask(name, 'Idle');
  }
  for (const name of nodes) await fleet.until(name, 'Idle');
}

/** Loses the answer to the first grant of a node; with `before` the grant as well. Resolves to whether it has. */
function loseGrant(node: string, before = false): { readonly isLost: () => boolean } {
  let isLost = false;
  front.cut = ({ path, body }) => {
    const { annotations } = (body as { metadata?: { annotations?: Record<string, string> } }).metadata ?? {};
    const isGrant = path.endsWith(`/${node}`) && annotations?.[ANNOTATION.currentState] === 'Draining';
    if (!isGrant || isLost) return undefined;
    isLost = true;
    return { end: () => undefined, before };
  };
  return { isLost: () => isLost };
}

describe('a slot', () => {
  it('whose answer is lost counts as given: the next node has no second one', async () => {
    await begin('k1', 'k2');
    await fleet.setMaxUnavailable('one', 0);
    for (const name of ['k1', 'k2']) {
      await fleet.ask(name, DRAIN);
      await eventually(async () => (await fleet.condition(name))?.reason === 'WaitingForDrainSlot');
    }
    // The cache does not show the slot either.
    const goOn = front.holdWatches((path) => path.endsWith('/sriovnetworknodestates'));
    const { isLost } = loseGrant('k1');
    await fleet.setMaxUnavailable('one', 1);
    await eventually(isLost);
    await fleet.until('k1', 'Draining');
    goOn();
    await finish('k1', 'k2');
    expect([isLost(), pool.mostSlots]).toEqual([true, 1]);
  });

  it('that never reached the API server goes to the next, and the node has its turn after that', async () => {
    await begin('k3', 'k4');
    const { isLost } = loseGrant('k3', true);
    await fleet.ask('k3', DRAIN);
    await eventually(isLost);
    await fleet.ask('k4', DRAIN);
    const asking = new Set(['k3', 'k4']);
    await eventually(async () => {
      for (const name of asking) {
        if ((await fleet.progress(name)) !== 'DrainComplete') continue;
        await fleet.ask(name, 'Idle');
        asking.delete(name);
      }
      return asking.size === 0;
    });
    expect(pool.mostSlots).toBe(1);
  });

  it('that the API server refuses goes to the next, the node says why, and has its turn once it is not refused', async () => {
    await begin('k5', 'k6');
    await fleet.refuseSlot('k5');
    await fleet.ask('k5', DRAIN);
    const waiting = await eventually(async () => {
      const condition = await fleet.condition('k5');
      return condition?.message.includes('no drains today') === true && condition;
    });
    expect(waiting).toMatchObject({ reason: 'WaitingForDrainSlot' });
    expect(waiting.message).toContain('its turn has come, and the API server does not take that down');
    await fleet.ask('k6', DRAIN);
    await finish('k6');
    await fleet.endRefusals();
    await finish('k5');
    expect(pool.mostSlots).toBe(1);
  });
});
