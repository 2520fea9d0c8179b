import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { type SimulatedKernel } from '@sriov/host-sim';
import { FakeClock } from '@sriov/testing';
import { converge } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { lookAndPlan, type Planned } from './look-and-plan.ts';
import { hostPorts, MemoryFolder, PORTS, testKernel, testSpec } from './test/test-host.ts';

const wantedBy = (spec: NodeStateSpec): Parameters<typeof lookAndPlan>[1] => ({
  spec,
  plannedFrom: new Set(PORTS),
  allowHostInterfaces: false,
});

/** A host that has what the first spec wants, how often the kubelet is asked, and the plan for the second spec. */
async function plan(present: NodeStateSpec, next: NodeStateSpec): Promise<Planned & { readonly questions: number }> {
  const simulated: SimulatedKernel = testKernel(new FakeClock());
  const journal = new Journal(new MemoryFolder());
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  await converge(hostPorts({ kernel: simulated, journal }), wantedBy(present), followers);
  let questions = 0;
  const kernel: Kernel = {
    read: (path, options) => simulated.read(path, options),
    write: (path, value, options) => simulated.write(path, value, options),
    readlink: (path) => simulated.readlink(path),
    list: (path) => simulated.list(path),
    exec: (command, args, options) => simulated.exec(command, args, options),
    callJson: (method, params, options) => simulated.callJson(method, params, options),
    watch: (source, onEvent, signal) => simulated.watch(source, onEvent, signal),
    call: (method, message, options) => {
      questions += 1;
      return simulated.call(method, message, options);
    },
  };
  return { ...(await lookAndPlan({ kernel, journal }, wantedBy(next))), questions };
}

describe('the users of VFs are looked for', () => {
  it.each<[string, NodeStateSpec, NodeStateSpec]>([
    ['where VFs that are there get another driver', testSpec(4, 2), testSpec(4, 1)],
    ['where VFs that are there are removed', testSpec(4, 2), {}],
    ['where the number of VFs changes', testSpec(4, 2), testSpec(2, 1)],
  ])('%s', async (_, present, next) => {
    const { questions, plan: planned } = await plan(present, next);
    expect(planned.pfs.length).toBeGreaterThan(0);
    expect(questions).toBeGreaterThan(0);
  });
});

describe('the users of VFs are not looked for, which takes long,', () => {
  it.each<[string, NodeStateSpec, NodeStateSpec]>([
    ['where all is as it should be', testSpec(4, 2), testSpec(4, 2)],
    ['where there are no VFs yet', {}, testSpec(4, 2)],
  ])('%s', async (_, present, next) => expect((await plan(present, next)).questions).toBe(0));
});
