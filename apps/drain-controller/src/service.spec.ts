import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { eventually } from '@sriov/testing';
import { DRAIN, fleet, REBOOT, startController, stopController, untilDrained, useFleet, VF } from './test/use-fleet.ts';

useFleet();

describe('a drain', () => {
  it('takes pods with VFs from the node, and gives the node back when the daemon is done', async () => {
    await fleet.addNode('a1');
    await fleet.addNode('a2');
    await fleet.addPod('dpdk', 'a1', VF);
    await fleet.addPod('web', 'a1');
    await fleet.ask('a1', DRAIN);
    await untilDrained('a1');
    expect(await fleet.pods()).toEqual(['web']);
    expect(await fleet.isCordoned('a1')).toBe(true);
    expect(await eventually(() => fleet.condition('a1'))).toMatchObject({ reason: 'DrainComplete' });
    await fleet.ask('a1', 'Idle');
    await fleet.until('a1', 'Idle');
    expect(await fleet.isCordoned('a1')).toBe(false);
    expect((await fleet.node('a1')).metadata.annotations?.[ANNOTATION.cordoned]).toBeUndefined();
    await eventually(async () => (await fleet.condition('a1'))?.reason === 'NotDrained');
  });

  it('takes all pods but those of DaemonSets for a reboot, and leaves the cordon of an administrator', async () => {
    await fleet.addNode('b1');
    await fleet.addNode('b2');
    await fleet.cordon('b1', true);
    await fleet.addPod('web', 'b1');
    const agent = await fleet.addDaemonPod('agent', 'b1', VF);
    await fleet.ask('b1', REBOOT);
    await untilDrained('b1');
    expect(await fleet.pods()).toEqual([agent]);
    const condition = await eventually(() => fleet.condition('b1'));
    expect(condition.message).toContain(`${fleet.namespace}/${agent} (of a DaemonSet)`);
    await fleet.ask('b1', 'Idle');
    await fleet.until('b1', 'Idle');
    expect(await fleet.isCordoned('b1')).toBe(true);
  });

  it('lets the only node of a cluster reboot when an administrator allows it, and says how before that', async () => {
    await fleet.addNode('b3');
    await fleet.ask('b3', REBOOT);
    const waiting = await eventually(() => fleet.condition('b3'));
    expect(waiting).toMatchObject({ reason: 'WaitingForDrainSlot' });
    expect(waiting.message).toContain(`kubectl annotate node b3 ${ANNOTATION.allowReboot}=true`);
    expect(await fleet.progress('b3')).toBe('Idle');
    await fleet.annotateNode('b3', { [ANNOTATION.allowReboot]: 'true' });
    await fleet.until('b3', 'DrainComplete');
    expect(await fleet.isCordoned('b3')).toBe(false);
    await fleet.ask('b3', 'Idle');
    await fleet.until('b3', 'Idle');
  });

  it('names the pod and the budget that are in its way, and goes on when they are not', async () => {
    await fleet.addNode('c1');
    await fleet.addNode('c2');
    await fleet.addPod('db', 'c1', { labels: { app: 'db' }, ...VF });
    await fleet.addBudget('db-budget', { app: 'db' });
    await fleet.ask('c1', DRAIN);
    const blocked = await eventually(async () => {
      const condition = await fleet.condition('c1');
      return condition?.reason === 'DrainBlocked' && condition;
    });
    expect(blocked.message).toContain(`${fleet.namespace}/db`);
    expect(blocked.message).toContain('db-budget');
    await fleet.removeBudget('db-budget');
    await untilDrained('c1');
    await fleet.ask('c1', 'Idle');
    await fleet.until('c1', 'Idle');
  });

  it('is given to one node of a pool at a time, and the others know why they wait', async () => {
    for (const name of ['d1', 'd2', 'd3']) await fleet.addNode(name);
    for (const name of ['d1', 'd2']) await fleet.ask(name, DRAIN);
    await fleet.until('d1', 'DrainComplete');
    const waiting = await eventually(() => fleet.condition('d2'));
    expect(waiting).toMatchObject({ reason: 'WaitingForDrainSlot' });
    expect(waiting.message).toContain('d1 (is being drained)');
    expect(await fleet.all()).toEqual({ d1: 'DrainComplete', d2: 'Idle', d3: 'Idle' });
    await fleet.ask('d1', 'Idle');
    await fleet.until('d2', 'DrainComplete');
    expect(await fleet.progress('d1')).toBe('Idle');
    await fleet.ask('d2', 'Idle');
    await fleet.until('d2', 'Idle');
  });

  it('is given by pool, and to no node that is in two', async () => {
    await fleet.addPool('racks', { maxUnavailable: 2, nodeSelector: { matchLabels: { rack: 'a' } } });
    await fleet.addPool('tests', { maxUnavailable: 1, nodeSelector: { matchLabels: { test: 'yes' } } });
    await fleet.addNode('e1', { rack: 'a' });
    await fleet.addNode('e2', { rack: 'a' });
    await fleet.addNode('e3', { rack: 'a', test: 'yes' });
    for (const name of ['e1', 'e2', 'e3']) await fleet.ask(name, DRAIN);
    await fleet.until('e1', 'DrainComplete');
    await fleet.until('e2', 'DrainComplete');
    const waiting = await eventually(() => fleet.condition('e3'));
    expect(waiting.message).toContain('racks, tests');
    for (const name of ['e1', 'e2', 'e3']) await fleet.ask(name, 'Idle');
    await fleet.until('e1', 'Idle');
    await fleet.until('e2', 'Idle');
  });

  it('is left to an external drainer, which finds its annotations', async () => {
    await fleet.addNode('f1');
    await fleet.annotate('f1', { [ANNOTATION.useExternalDrainer]: 'true' });
    await fleet.ask('f1', DRAIN);
    await fleet.until('f1', 'Idle');
    await fleet.addNode('f2');
    await fleet.ask('f2', DRAIN);
    await fleet.until('f2', 'DrainComplete');
    expect(await fleet.progress('f1')).toBe('Idle');
    expect(await fleet.isCordoned('f1')).toBe(false);
    await fleet.ask('f2', 'Idle');
    await fleet.until('f2', 'Idle');
  });

  it('takes no pod any more once drains are switched off, and nodes have their turns all the same', async () => {
    for (const name of ['h1', 'h2']) await fleet.addNode(name);
    await fleet.addPod('db', 'h1', { labels: { app: 'db' }, ...VF });
    await fleet.addBudget('db-budget', { app: 'db' });
    await fleet.ask('h1', REBOOT);
    await eventually(async () => (await fleet.condition('h1'))?.reason === 'DrainBlocked');
    await fleet.ask('h2', REBOOT);
    await fleet.disableDrain();
    await fleet.until('h1', 'DrainComplete');
    await eventually(async () => (await fleet.condition('h1'))?.reason === 'DrainSkipped');
    expect((await fleet.condition('h1'))?.message).toContain('disableDrain of the SriovOperatorConfig is set');
    expect([await fleet.pods(), await fleet.progress('h2')]).toEqual([['db'], 'Idle']);
    await fleet.ask('h1', 'Idle');
    await fleet.until('h2', 'DrainComplete');
    expect([await fleet.isCordoned('h1'), await fleet.isCordoned('h2')]).toEqual([false, false]);
    await fleet.ask('h2', 'Idle');
    await fleet.until('h2', 'Idle');
  });

  it('goes on in another replica where the first has stopped', async () => {
    await fleet.addNode('g1');
    await fleet.addNode('g2');
    await fleet.addPod('dpdk', 'g1', VF);
    await fleet.ask('g1', DRAIN);
    await eventually(async () => (await fleet.condition('g1'))?.reason === 'Draining');
    await stopController();
    await fleet.endPods();
    startController();
    await fleet.until('g1', 'DrainComplete');
    await stopController();
    await fleet.ask('g1', 'Idle');
    startController();
    await fleet.until('g1', 'Idle');
    expect(await fleet.isCordoned('g1')).toBe(false);
  });
});
