import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { HANDOVER_FILE, HANDOVER_FOLDER } from '@sriov/plugin-handover';
import { gather, type Gathered, HOLD_MS, type Memory } from './gather.ts';
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
    ...{ watch: sim.watch.bind(sim), call: sim.call.bind(sim), callJson: sim.callJson.bind(sim) },
    read: async (path: string) => (refuse(path), sim.read(path)),
    list: async (path: string) => (refuse(path), sim.list(path)),
  };
  const ports = { kernel, configFile: '/none', handoverFolder: '/none', resourcePrefix: 'openshift.io' };
  const memory = { known: new Map(), offered: new Map(), granted: new Map(), heldSince: new Map() };
  return gather(ports, { ...memory, inFlight: new InFlight() }, 0);
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
  const OTHER_VF = '0000:01:10.2';

  /** All are listed and healthy, unless told otherwise. */
  const memoryOf = (offered: readonly string[] = [VF, OTHER_VF]): Memory => ({
    ...{ known: new Map([VF, OTHER_VF].map((id) => [id, 'openshift.io/nics'])), granted: new Map() },
    ...{ offered: new Map(offered.map((id) => [id, 1])), heldSince: new Map(), inFlight: new InFlight() },
  });

  const lookAt = async (memory: Memory, nowMs: number, resource: string, devices: string[]): Promise<Gathered> => {
    const sim = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics: NICS }), clock: systemClock });
    const handover = { withdrawn: [], returning: [{ resource, devices }] };
    await sim.handoverFolder.write(HANDOVER_FILE, JSON.stringify(handover));
    const ports = { configFile: '/none', handoverFolder: HANDOVER_FOLDER, resourcePrefix: 'openshift.io' };
    return gather({ ...ports, kernel: sim }, memory, nowMs);
  };

  it.each<[string, string, Memory, string[]]>([
    ['are held', 'nics', memoryOf(), [VF]],
    ['are not held when they return as another resource', 'others', memoryOf(), []],
    ['are not held when they were not offered', 'nics', memoryOf([OTHER_VF]), []],
  ])('%s', async (_, resource, memory, expected) => {
    const { facts } = await lookAt(memory, 0, resource, [VF]);
    expect([...facts.returning.keys()]).toEqual(expected);
  });

  it('may be listed by another process, which an instance that starts has to allow for', async () => {
    const memory = { ...memoryOf([]), known: new Map<string, string>() };
    const { facts } = await lookAt(memory, 0, 'nics', [VF]);
    expect([[...facts.mayBeListed], facts.returning.size]).toEqual([[VF], 0]);
  });

  it('are held as they were listed', async () => {
    const { facts } = await lookAt(memoryOf(), 0, 'nics', [VF]);
    expect(facts.returning.get(VF)).toEqual({ resource: 'openshift.io/nics', numaNode: 1 });
  });

  it('are held for 20 s each, and again when they return another time', async () => {
    const memory = memoryOf();
    const held: [string[], boolean][] = [];
    for (const [nowMs, devices] of [
      [0, [VF]],
      [1, [VF, OTHER_VF]],
      [HOLD_MS - 1, [VF, OTHER_VF]],
      [HOLD_MS, [VF, OTHER_VF]],
      [HOLD_MS + 1, [VF, OTHER_VF]],
      [HOLD_MS + 2, []],
      [HOLD_MS + 3, [VF]],
    ] as const) {
      const { facts, hasHoldBegun } = await lookAt(memory, nowMs, 'nics', [...devices]);
      held.push([[...facts.returning.keys()], hasHoldBegun]);
    }
    expect(held).toEqual([
      [[VF], true],
      [[VF, OTHER_VF], true],
      [[VF, OTHER_VF], false],
      [[OTHER_VF], false],
      [[], false],
      [[], false],
      [[VF], true],
    ]);
  });
});
