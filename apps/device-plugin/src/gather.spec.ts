import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { HANDOVER_FILE, HANDOVER_FOLDER } from '@sriov/plugin-handover';
import { gather, type Gathered, HOLD_MS } from './gather.ts';
import { InFlight } from './in-flight.ts';

const VF = '0000:01:10.0';

const NICS = [{ model: 'igb', address: '0000:01:00.0', name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];

/** A host on which a pod has a device, with or without a kubelet that tells of it. */
async function look(isKubeletThere: boolean): Promise<Gathered> {
  const sim = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: NICS }), clock: systemClock });
  sim.users.allocate(VF, { resource: 'openshift.io/nics' });
  const refuse = (path: string): void => {
    if (isKubeletThere || !path.startsWith('/var/lib/kubelet')) return;
    throw new KernelError({ verb: 'read', path, code: 'ENOENT' });
  };
  const kernel = {
    ...{ write: sim.write.bind(sim), readlink: sim.readlink.bind(sim), exec: sim.exec.bind(sim) },
    ...{ watch: sim.watch.bind(sim), call: sim.call.bind(sim) },
    read: async (path: string) => (refuse(path), sim.read(path)),
    list: async (path: string) => (refuse(path), sim.list(path)),
  };
  const ports = { kernel, configFile: '/none', handoverFolder: '/none', resourcePrefix: 'openshift.io' };
  return gather(ports, { known: new Map(), granted: new Map(), heldSince: new Map(), inFlight: new InFlight() }, 0);
}

describe('what a pass decides from', () => {
  it('is what the kubelet has given to pods', async () => {
    const { facts, isKubeletMissing } = await look(true);
    expect([facts.allocated?.has(VF), isKubeletMissing]).toEqual([true, false]);
  });

  it('says that there is no kubelet, which is not the same as pods without devices', async () => {
    const { facts, isKubeletMissing } = await look(false);
    expect([facts.allocated?.size, isKubeletMissing]).toEqual([0, true]);
  });
});

describe('devices that are said to return', () => {
  const memory = {
    ...{ known: new Map([[VF, 'openshift.io/nics']]), granted: new Map(), heldSince: new Map() },
    inFlight: new InFlight(),
  };
  const returning = async (nowMs: number, resource?: string): Promise<string[]> => {
    const sim = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: NICS }), clock: systemClock });
    const handover = { withdrawn: [], ...(resource !== undefined && { returning: [{ resource, devices: [VF] }] }) };
    await sim.handoverFolder.write(HANDOVER_FILE, JSON.stringify(handover));
    const ports = { configFile: '/none', handoverFolder: HANDOVER_FOLDER, resourcePrefix: 'openshift.io' };
    return [...(await gather({ ...ports, kernel: sim }, memory, nowMs)).facts.returning.keys()];
  };

  it('are held for 20 s, and again when they return another time', async () => {
    expect(await returning(0, 'nics')).toEqual([VF]);
    expect(await returning(HOLD_MS - 1, 'nics')).toEqual([VF]);
    expect(await returning(HOLD_MS, 'nics')).toEqual([]);
    expect(await returning(HOLD_MS + 1)).toEqual([]);
    expect(await returning(HOLD_MS + 2, 'nics')).toEqual([VF]);
  });

  it('are not held when they return as another resource', async () => {
    expect(await returning(0, 'others')).toEqual([]);
  });
});
