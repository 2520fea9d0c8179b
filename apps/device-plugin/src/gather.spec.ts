import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@sriov/host';
import { parseWorld, SimulatedKernel } from '@sriov/host-sim';
import { systemClock } from '@sriov/runtime';
import { gather, type Gathered } from './gather.ts';
import { InFlight } from './in-flight.ts';

const VF = '0000:01:10.0';

/** A host on which a pod has a device, with or without a kubelet that tells of it. */
async function look(isKubeletThere: boolean): Promise<Gathered> {
  const nics = [{ model: 'igb', address: '0000:01:00.0', name: 'ens1', mac: '52:54:00:aa:00:10', up: true }];
  const sim = new SimulatedKernel({ world: parseWorld({ latency: 'none', nics }), clock: systemClock });
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
  return gather(ports, { known: new Map(), granted: new Map(), inFlight: new InFlight() }, 0);
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
