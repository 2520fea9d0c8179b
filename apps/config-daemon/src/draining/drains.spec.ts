import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, REASON } from '@sriov/api';
import { type HostPlan } from '@sriov/node-plan';
import { DrainWorld } from '../test/drain-world.ts';
import { type DrainedEnd } from './drain-need.ts';
import { createDrains, type PassDrain } from './drains.ts';

const REBOOT = 'Reboot_Required';
const MINUTE_MS = 60_000;
const WAITS: HostPlan = {
  modules: [],
  pfs: [],
  problems: [],
  taken: [],
  released: [],
  needsReboot: [{ kind: 'firmware', pciAddress: '0000:01:00.0', why: 'NUM_OF_VFS is 4' }],
};

/** A node that is drained for a reboot, which does not come. */
class Drained extends DrainWorld {
  readonly waits: unknown[] = [];
  readonly #begin = createDrains({
    ...this.ports,
    metrics: { waits: (...waits: unknown[]) => void this.waits.push(waits) },
  });

  constructor() {
    super();
    this.node.metadata.annotations = { [ANNOTATION.nodeState]: REBOOT };
    const annotations = { [ANNOTATION.desiredState]: REBOOT, [ANNOTATION.currentState]: 'DrainComplete' };
    Object.assign(this.nodeState.metadata, { generation: 1, annotations });
  }

  /** One pass. */
  pass(end: 'reboot' | 'unreadable' = 'reboot'): Promise<PassDrain> {
    const rest = { rest: WAITS, failures: [], observed: { interfaces: [], problems: [] } };
    return this.passWith(end === 'reboot' ? rest : end);
  }

  async passWith(end: DrainedEnd): Promise<PassDrain> {
    const drain = this.#begin(structuredClone(this.nodeState));
    await drain.end(end);
    return drain;
  }

  async passAfter(minutes: number): Promise<PassDrain> {
    await this.clock.advance(minutes * MINUTE_MS);
    return this.pass();
  }

  get request(): unknown {
    return this.nodeState.metadata.annotations?.[ANNOTATION.desiredState];
  }
}

describe('a drain whose reboot does not come', () => {
  it('presses after five minutes, and is given back after fifteen', async () => {
    const node = new Drained();
    expect(await node.pass()).toMatchObject({ mayDisturb: 'reboot', isPressing: false });
    expect(await node.passAfter(4)).toMatchObject({ isPressing: false });
    expect(await node.passAfter(1)).toMatchObject({ isPressing: true });
    expect([(await node.passAfter(9)).isPressing, node.request]).toEqual([true, REBOOT]);
    await node.passAfter(1);
    expect([node.request, node.waits.at(-1)]).toEqual(['Idle', ['retry', 0]]);
    expect(node.nodeState.metadata.annotations?.[ANNOTATION.drainInVain]).toContain('"of":["reboot"]');
  });

  it('begins its time anew with another spec', async () => {
    const node = new Drained();
    await node.pass();
    node.nodeState.metadata.generation = 2;
    expect((await node.passAfter(14)).isPressing).toBe(false);
    await node.passAfter(14);
    expect(node.request).toBe(REBOOT);
    await node.passAfter(1);
    expect(node.request).toBe('Idle');
  });

  it('is given back although somebody sets the clock back', async () => {
    const node = new Drained();
    await node.pass();
    node.clock.jump(-24 * 60 * MINUTE_MS);
    await node.passAfter(15);
    expect(node.request).toBe('Idle');
  });

  it.each([0, 1])(
    'leaves its record when it is given back, also if a write fails on the way: number %#',
    async (done) => {
      const node = new Drained();
      await node.pass();
      node.killedAfter = done;
      await expect(node.passAfter(15)).rejects.toThrow('killed');
      node.killedAfter = Infinity;
      await node.pass();
      expect(node.said).toEqual([
        { [ANNOTATION.nodeState]: 'Idle' },
        expect.objectContaining({
          [ANNOTATION.desiredState]: 'Idle',
          [ANNOTATION.drainInVain]: expect.stringContaining('"times":1'),
        }),
      ]);
    },
  );

  it('is given back also where the host cannot be read any more', async () => {
    const node = new Drained();
    await node.pass('unreadable');
    await node.clock.advance(15 * MINUTE_MS);
    await node.pass('unreadable');
    expect(node.request).toBe('Idle');
  });
});

describe('a request in the middle of a drain', () => {
  it('outlasts a pass that cannot decide, and is not written anew by the next one', async () => {
    const node = new Drained();
    Object.assign(node.nodeState.metadata.annotations ?? {}, { [ANNOTATION.currentState]: 'Draining' });
    const before = structuredClone(node.said);
    const problem = { pciAddress: '0000:01:00.0', reason: REASON.notWithdrawn, message: '' } as const;
    const open = { ...WAITS, needsReboot: [], problems: [problem] };
    for (const rest of [open, WAITS, open]) {
      await node.passWith({ rest, failures: [], observed: { interfaces: [], problems: [] } });
      expect(node.said).toEqual(before);
    }
    expect([node.node, node.nodeState].map(({ metadata }) => metadata.resourceVersion)).toEqual(['1', '1']);
  });
});
