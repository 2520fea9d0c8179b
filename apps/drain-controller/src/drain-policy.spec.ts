import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, DEFAULT_DRA_DRIVER } from '@sriov/api';
import { eventually } from '@sriov/testing';
import { DRAIN, fleet, REBOOT, untilDrained, useFleet, VF } from './test/use-fleet.ts';

useFleet();

/** A pool of the nodes with the label `pool: <name>`. */
async function addPool(name: string, drain: object): Promise<void> {
  await fleet.addPool(name, { maxUnavailable: 1, nodeSelector: { matchLabels: { pool: name } }, drain });
}

/** Runs a pod that no budget lets go. */
async function addBlocker(name: string, node: string): Promise<void> {
  await fleet.addPod(name, node, { labels: { app: name }, ...VF });
  await fleet.addBudget(`${name}-budget`, { app: name });
}

describe('a drain', () => {
  it('takes pods whose init containers or claims have VFs, and leaves claims of other drivers', async () => {
    await fleet.addNode('p1');
    await fleet.addClaim('vf', DEFAULT_DRA_DRIVER);
    await fleet.addClaim('gpu', 'gpu.example.com');
    await fleet.addPod('init', 'p1', { ...VF, inInit: true });
    await fleet.addPod('claimed', 'p1', { claim: 'vf' });
    await fleet.addPod('trainer', 'p1', { claim: 'gpu' });
    await fleet.ask('p1', DRAIN);
    await untilDrained('p1');
    expect(await fleet.pods()).toEqual(['trainer']);
  });

  it('waits for the pods that its pool names, and says how far it is', async () => {
    await addPool('jobs', { waitForPods: { matchLabels: { kind: 'job' } } });
    await fleet.addNode('q1', { pool: 'jobs' });
    await fleet.addPod('batch', 'q1', { ...VF, labels: { kind: 'job' } });
    await fleet.addPod('dpdk', 'q1', VF);
    await fleet.ask('q1', DRAIN);
    await eventually(async () => {
      await fleet.endPods();
      return (await fleet.condition('q1'))?.message.startsWith('1 of 2 pods have left');
    });
    expect((await fleet.condition('q1'))?.message).toContain(`are left to end by themselves: ${fleet.namespace}/batch`);
    expect(await fleet.pods()).toEqual(['batch']);
    await fleet.succeed('batch');
    await fleet.until('q1', 'DrainComplete');
  });

  it('tells of a pod, its budget and the node in an Event when a budget is in its way', async () => {
    await fleet.addNode('r1');
    await addBlocker('db', 'r1');
    await fleet.ask('r1', DRAIN);
    const [event] = await eventually(async () => {
      const events = await fleet.events('SriovNetworkNodeState', 'r1');
      const blocked = events.filter(({ reason }) => reason === 'DrainBlocked');
      return blocked.length > 0 && blocked;
    });
    expect(event).toMatchObject({ type: 'Warning', message: expect.stringContaining(`${fleet.namespace}/db`) });
    expect(event?.message).toContain('db-budget');
  });

  it('that takes too long deletes what it cannot evict, where the pool says so, and tells of each pod', async () => {
    await addPool('forced', { timeoutSeconds: 2, onTimeout: 'force' });
    await fleet.addNode('s1', { pool: 'forced' });
    await addBlocker('db', 's1');
    await fleet.ask('s1', DRAIN);
    await untilDrained('s1');
    expect(await fleet.pods()).toEqual([]);
    for (const [kind, name] of [
      ['SriovNetworkNodeState', 's1'],
      ['Pod', 'db'],
    ] as const) {
      const told = await eventually(async () =>
        (await fleet.events(kind, name)).find(({ reason }) => reason === 'PodDeletedForDrain'),
      );
      expect(told).toMatchObject({ type: 'Warning', message: expect.stringMatching(/within 2 s: .*db-budget/) });
    }
  });

  it('that takes too long gives its node and slot back, where the pool says so, and the next node has its turn', async () => {
    await addPool('patient', { timeoutSeconds: 4, onTimeout: 'release' });
    for (const name of ['t1', 't2']) await fleet.addNode(name, { pool: 'patient' });
    await addBlocker('db', 't1');
    for (const name of ['t1', 't2']) {
      await eventually(() => fleet.annotation(name, ANNOTATION.desiredState));
      await fleet.annotate(name, { [ANNOTATION.drainAskedAt]: `2026-05-01T10:00:0${name.slice(1)}Z` });
      await fleet.ask(name, DRAIN);
    }
    await fleet.until('t2', 'DrainComplete');
    expect(await fleet.progress('t1')).toBe('Idle');
    expect(await fleet.isCordoned('t1')).toBe(false);
    expect(await fleet.pods()).toEqual(['db']);
    const events = await eventually(async () => {
      const found = await fleet.events('SriovNetworkNodeState', 't1');
      return found.some(({ reason }) => reason === 'DrainReleased') && found;
    });
    expect(events.find(({ reason }) => reason === 'DrainReleased')?.message).toContain('db-budget');
    await fleet.removeBudget('db-budget');
    await fleet.ask('t2', 'Idle');
    await untilDrained('t1');
  });

  it('that takes too long goes on, and says so, where the pool says nothing else', async () => {
    await addPool('waiting', { timeoutSeconds: 2 });
    await fleet.addNode('u1', { pool: 'waiting' });
    await addBlocker('db', 'u1');
    await fleet.ask('u1', DRAIN);
    await eventually(async () => (await fleet.condition('u1'))?.reason === 'DrainOverdue');
    expect(await fleet.pods()).toEqual(['db']);
    expect(await fleet.progress('u1')).toBe('Draining');
  });

  it('that is left to an external drainer says that it waits for one', async () => {
    await fleet.addNode('v1');
    await fleet.annotate('v1', { [ANNOTATION.useExternalDrainer]: 'true' });
    await fleet.ask('v1', DRAIN);
    await eventually(async () => (await fleet.condition('v1'))?.reason === 'WaitingForExternalDrainer');
    await fleet.ask('v1', 'Idle');
    await eventually(async () => (await fleet.condition('v1'))?.reason === 'NotDrained');
  });
});

describe('a slot', () => {
  it('is free when its node is deleted', async () => {
    await addPool('deleted', {});
    for (const name of ['w1', 'w2']) await fleet.addNode(name, { pool: 'deleted' });
    await fleet.ask('w1', REBOOT);
    await fleet.until('w1', 'DrainComplete');
    await fleet.ask('w2', DRAIN);
    await eventually(async () => (await fleet.condition('w2'))?.reason === 'WaitingForDrainSlot');
    await fleet.removeNode('w1');
    await fleet.until('w2', 'DrainComplete');
    await fleet.ask('w2', 'Idle');
    await fleet.until('w2', 'Idle');
  });

  it('goes to the next while its node does not come back, where the pool says so, and the node is given back then', async () => {
    await addPool('lossy', { lostAfterSeconds: 2 });
    for (const name of ['x1', 'x2']) await fleet.addNode(name, { pool: 'lossy' });
    await fleet.ask('x1', REBOOT);
    await fleet.until('x1', 'DrainComplete');
    await fleet.ask('x2', DRAIN);
    await fleet.setReady('x1', false);
    await fleet.until('x2', 'DrainComplete');
    await eventually(async () => (await fleet.condition('x1'))?.reason === 'NodeLost');
    const told = await eventually(async () =>
      (await fleet.events('SriovNetworkPoolConfig', 'lossy')).find(({ reason }) => reason === 'NodeLost'),
    );
    expect(told).toMatchObject({ type: 'Warning', message: expect.stringContaining('node x1') });
    expect(await fleet.isCordoned('x1')).toBe(true);
    await fleet.setReady('x1', true);
    await eventually(async () => (await fleet.condition('x1'))?.reason === 'DrainComplete');
    await fleet.ask('x1', 'Idle');
    await fleet.until('x1', 'Idle');
    expect(await fleet.isCordoned('x1')).toBe(false);
  });

  it('is kept for a node that does not come back, where the pool says nothing', async () => {
    await addPool('strict', {});
    for (const name of ['y1', 'y2']) await fleet.addNode(name, { pool: 'strict' });
    await fleet.ask('y1', REBOOT);
    await fleet.until('y1', 'DrainComplete');
    await fleet.setReady('y1', false);
    await fleet.ask('y2', DRAIN);
    const waiting = await eventually(async () => {
      const condition = await fleet.condition('y2');
      return condition?.reason === 'WaitingForDrainSlot' && condition;
    });
    expect(waiting.message).toContain('y1 (is being drained)');
    expect(await fleet.progress('y2')).toBe('Idle');
  });
});
