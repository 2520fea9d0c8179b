import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { eventually, installOpenshiftCrds } from '@sriov/testing';
import { type PauseOfPool, TestOpenshift } from '../test/test-openshift.ts';
import {
  DRAIN,
  fleet,
  REBOOT,
  startController,
  stopController,
  untilDrained,
  useFleet,
  VF,
} from '../test/use-fleet.ts';

const openshift = new TestOpenshift();

beforeAll(async () => {
  await installOpenshiftCrds();
  await openshift.setTopology('HighlyAvailable');
});
useFleet();
beforeEach(() => openshift.addPool('worker'));
afterEach(() => openshift.remove());
// Other spec files have the same API server, and are about plain Kubernetes.
afterAll(() => openshift.removeTopology());

const PAUSED: PauseOfPool = { paused: true, mark: 'Paused' };
const RESUMED: PauseOfPool = { paused: false, mark: 'Idle' };
const UNTOUCHED: PauseOfPool = { paused: undefined, mark: undefined };

async function addNodes(...names: string[]): Promise<void> {
  for (const name of names) {
    await fleet.addNode(name);
    await openshift.giveConfig(name, 'rendered-worker-1');
  }
}

async function untilPause(pause: PauseOfPool, pool = 'worker'): Promise<void> {
  await eventually(async () => {
    expect(await openshift.pause(pool)).toEqual(pause);
    return true;
  });
}

/** Waits until the condition `Drained` of the node has the reason, and returns its message. */
async function untilReason(node: string, reason: string): Promise<string> {
  const condition = await eventually(async () => {
    const found = await fleet.condition(node);
    return found?.reason === reason && found;
  });
  return condition.message;
}

/** Its daemon is done. */
async function giveBack(node: string): Promise<void> {
  await fleet.ask(node, 'Idle');
  await fleet.until(node, 'Idle');
}

describe('on OpenShift, the MachineConfigPool of a node', () => {
  it('is paused for its drain, and goes on when the node is given back', async () => {
    await addNodes('oa1', 'oa2');
    await fleet.addPod('dpdk', 'oa1', VF);
    await fleet.ask('oa1', DRAIN);
    await untilDrained('oa1');
    expect(await openshift.pause('worker')).toEqual(PAUSED);
    expect(await fleet.isCordoned('oa1')).toBe(true);
    await giveBack('oa1');
    await untilPause(RESUMED);
    expect(await fleet.isCordoned('oa1')).toBe(false);
  });

  it('stays paused from one drain to the next', async () => {
    await addNodes('ob1', 'ob2');
    await fleet.ask('ob1', DRAIN);
    await fleet.until('ob1', 'DrainComplete');
    await fleet.ask('ob2', REBOOT);
    await giveBack('ob1');
    await fleet.until('ob2', 'DrainComplete');
    expect(await openshift.pause('worker')).toEqual(PAUSED);
    await giveBack('ob2');
    await untilPause(RESUMED);
  });

  it('that an administrator has paused stays so, and is no obstacle', async () => {
    await addNodes('oc1', 'oc2');
    await openshift.writePause('worker', true);
    await fleet.ask('oc1', DRAIN);
    await fleet.until('oc1', 'DrainComplete');
    await giveBack('oc1');
    await openshift.addPool('other');
    await openshift.writePause('other', true, 'Paused');
    // All pools are looked at in one go.
    await untilPause(RESUMED, 'other');
    expect(await openshift.pause('worker')).toEqual({ paused: true, mark: undefined });
  });

  it('that rolls something out is waited for, and the node is not cordoned before', async () => {
    await addNodes('od1', 'od2');
    await openshift.beginRollout('worker');
    await fleet.ask('od1', DRAIN);
    const message = await untilReason('od1', 'WaitingForMachineConfigPool');
    expect(message).toContain('MachineConfigPool worker rolls out rendered-worker-2 in place of rendered-worker-1');
    expect(await fleet.isCordoned('od1')).toBe(false);
    expect(await openshift.pause('worker')).toEqual(UNTOUCHED);
    await openshift.endRollout('worker', ['od1', 'od2']);
    await fleet.until('od1', 'DrainComplete');
    expect(await openshift.pause('worker')).toEqual(PAUSED);
    await giveBack('od1');
    await untilPause(RESUMED);
  });

  it('is not paused while it updates a node, although its configurations are the same', async () => {
    await addNodes('oe1', 'oe2');
    await openshift.giveConfig('oe2', 'rendered-worker-0', 'rendered-worker-1');
    await fleet.ask('oe1', DRAIN);
    expect(await untilReason('oe1', 'WaitingForMachineConfigPool')).toContain(
      'MachineConfigPool worker updates node oe2',
    );
    await openshift.giveConfig('oe2', 'rendered-worker-1');
    await fleet.until('oe1', 'DrainComplete');
    await giveBack('oe1');
    await untilPause(RESUMED);
  });

  it('has to be known: the node says what is missing, and its drain goes on when it is there', async () => {
    await fleet.addNode('of1');
    await fleet.addNode('of2');
    await fleet.ask('of1', DRAIN);
    const annotation = 'node of1 has no annotation machineconfiguration.openshift.io/desiredConfig';
    expect(await untilReason('of1', 'MachineConfigPoolUnknown')).toContain(annotation);
    await openshift.giveConfig('of1', 'rendered-infra-1');
    const config = 'MachineConfig rendered-infra-1, which annotation';
    await eventually(async () => (await fleet.condition('of1'))?.message.includes(config));
    await openshift.addPool('infra');
    await fleet.until('of1', 'DrainComplete');
    expect([await openshift.pause('infra'), await openshift.pause('worker')]).toEqual([PAUSED, UNTOUCHED]);
    await giveBack('of1');
    await untilPause(RESUMED, 'infra');
  });

  it('goes on when its node is deleted in the middle of a drain', async () => {
    await addNodes('og1', 'og2');
    await fleet.ask('og1', DRAIN);
    await fleet.until('og1', 'DrainComplete');
    expect(await openshift.pause('worker')).toEqual(PAUSED);
    await fleet.removeNode('og1');
    await untilPause(RESUMED);
  });

  it('is paused again when somebody ends the pause during a drain', async () => {
    await addNodes('oh1', 'oh2');
    await fleet.ask('oh1', DRAIN);
    await fleet.until('oh1', 'DrainComplete');
    await openshift.writePause('worker', false);
    await untilPause(PAUSED);
    await giveBack('oh1');
    await untilPause(RESUMED);
  });

  it('is not paused for VFs alone with disableDrain, and is for a reboot', async () => {
    await addNodes('oi1', 'oi2');
    // Before the controller lists it: no test could see when a running one has heard of it.
    await stopController();
    await fleet.disableDrain();
    startController();
    await fleet.ask('oi1', DRAIN);
    await fleet.until('oi1', 'DrainComplete');
    expect(await openshift.pause('worker')).toEqual(UNTOUCHED);
    await giveBack('oi1');
    await fleet.ask('oi2', REBOOT);
    await fleet.until('oi2', 'DrainComplete');
    expect(await openshift.pause('worker')).toEqual(PAUSED);
    await giveBack('oi2');
    await untilPause(RESUMED);
  });
});

describe('a replica that begins where another one was killed', () => {
  it('drains the node whose pool is paused already', async () => {
    await addNodes('oj1', 'oj2');
    await fleet.ask('oj1', DRAIN);
    await fleet.until('oj1', 'DrainComplete');
    await stopController();
    // As it was between the pause and the cordon.
    await fleet.annotate('oj1', { [ANNOTATION.currentState]: 'Draining' });
    await fleet.cordon('oj1', false);
    startController();
    await fleet.until('oj1', 'DrainComplete');
    expect(await fleet.isCordoned('oj1')).toBe(true);
    expect(await openshift.pause('worker')).toEqual(PAUSED);
    await giveBack('oj1');
    await untilPause(RESUMED);
  });

  it.each([
    ['the pause of an earlier drain', true],
    ['the mark that upstream has written before its pause', false],
  ])('takes away %s', async (_, paused) => {
    await addNodes('ok1', 'ok2');
    await openshift.writePause('worker', paused, 'Paused');
    await untilPause(RESUMED);
  });
});

describe('where the control plane is hosted elsewhere, and on plain Kubernetes,', () => {
  it.each([
    ['HyperShift', 'External'],
    ['Kubernetes', undefined],
  ])('no MachineConfigPool is asked for or written: %s', async (_, topology) => {
    await stopController();
    if (topology === undefined) await openshift.removeTopology();
    else await openshift.setTopology(topology);
    startController();
    await addNodes('ol1');
    await fleet.addNode('ol2');
    await fleet.ask('ol1', DRAIN);
    await fleet.until('ol1', 'DrainComplete');
    await giveBack('ol1');
    await fleet.ask('ol2', DRAIN);
    await fleet.until('ol2', 'DrainComplete');
    expect(await openshift.pause('worker')).toEqual(UNTOUCHED);
  });
});
