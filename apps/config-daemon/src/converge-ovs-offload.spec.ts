import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { verdictOf } from '@sriov/node-plan';
import { TestOvs } from '@sriov/testing/ovs';
import { converge, type Converged } from './converge.ts';
import { RefusedOffloads } from './steps/refused-offloads.ts';
import { bridgedHost, SWITCH, unbridgedSpec } from './test/bridged-host.ts';
import { hostPorts } from './test/test-host.ts';

jest.setTimeout(240_000);

let ovs: TestOvs;
let kernel: Kernel;
beforeAll(async () => {
  ovs = await TestOvs.start();
});
afterAll(() => ovs.close());
beforeEach(async () => {
  await ovs.vsctl('clear', 'Open_vSwitch', '.', 'other_config');
  kernel = await bridgedHost(ovs);
});

const config = (): Promise<string> => ovs.vsctl('get', 'Open_vSwitch', '.', 'other_config');

interface PassEnd extends Converged {
  readonly steps: readonly string[];
}

/** One pass of a daemon that does not manage bridges, and the steps that it tried. */
async function pass(spec: NodeStateSpec, on = kernel, refusedOffloads = new RefusedOffloads()): Promise<PassEnd> {
  const steps: string[] = [];
  const followers = { onPlan: () => Promise.resolve(), onStep: ({ kind }: { kind: string }) => void steps.push(kind) };
  const wanted = { spec, plannedFrom: new Set([SWITCH]), allowHostInterfaces: false, refusedOffloads };
  return { ...(await converge(hostPorts({ kernel: on }), wanted, followers)), steps };
}

describe('a policy that wants switchdev mode', () => {
  it('turns hardware offload of Open vSwitch on, once, and says that ovs-vswitchd has to be restarted until it was', async () => {
    const first = await pass(unbridgedSpec());
    expect([verdictOf(first).syncStatus, first.steps]).toEqual(['Succeeded', ['set-ovs-offload']]);
    expect(first.rest.remarks).toEqual([expect.stringMatching(/hw-offload was set to true .* has to be restarted/)]);
    expect(await config()).toBe('{hw-offload="true"}');
    const second = await pass(unbridgedSpec());
    expect([second.hasActed, second.rest.remarks]).toEqual([false, first.rest.remarks]);
    await ovs.stopSwitch('SIGTERM');
    await ovs.startSwitch();
    const third = await pass(unbridgedSpec());
    expect([third.hasActed, third.rest.remarks]).toEqual([false, undefined]);
  });

  it('leaves it on when it goes, and off where somebody has turned it off', async () => {
    await pass(unbridgedSpec());
    await pass({});
    expect(await config()).toBe('{hw-offload="true"}');
    await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:hw-offload=false');
    const { steps, rest, ...end } = await pass(unbridgedSpec());
    expect([verdictOf({ ...end, rest }).syncStatus, steps.includes('set-ovs-offload')]).toEqual(['Succeeded', false]);
    expect(rest.remarks).toEqual([expect.stringContaining('is false, which somebody has set')]);
    expect(await config()).toBe('{hw-offload="false"}');
  });

  it('has its VFs where Open vSwitch refuses, which is asked once until the daemon is started again', async () => {
    const deaf: Kernel = Object.assign(Object.create(kernel) as Kernel, {
      callJson: (...[method, params, options]: Parameters<Kernel['callJson']>) =>
        JSON.stringify(params).includes('"mutate"')
          ? Promise.resolve([{ error: 'not allowed', details: 'read only' }])
          : kernel.callJson(method, params, options),
    });
    const refused = new RefusedOffloads();
    const spec = unbridgedSpec(2);
    const first = await pass(spec, deaf, refused);
    expect([verdictOf(first).syncStatus, first.observed.interfaces[0]?.sriov?.vfs.length]).toEqual(['Succeeded', 2]);
    expect(first.rest.remarks).toEqual([expect.stringMatching(/could not be \(.*not allowed \(read only\)\)/)]);
    expect((await pass(spec, deaf, refused)).steps).toEqual([]);
    expect((await pass(spec, kernel)).steps).toEqual(['set-ovs-offload']);
  });
});

it('a policy that wants legacy mode has nothing to do with Open vSwitch', async () => {
  await pass({ interfaces: [{ pciAddress: SWITCH, numVfs: 2 }] });
  expect(await config()).toBe('{}');
});
