import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { FakeClock } from '@sriov/testing';
import { PORTS, testKernel } from '../test/test-host.ts';
import { findGone, type SeenHost } from './find-gone.ts';

const VF = '0000:01:10.6';
const ENTRY = { pciAddress: PORTS[0], vfGroups: [{ resourceName: 'vf' }] };
const GONE = { resource: 'openshift.io/vf', device: VF, holder: 'pod default/web' };
const UNSEEN: SeenHost = { observed: {}, owned: new Map() };
const allocated = new Map([[VF, [{ resource: 'openshift.io/vf', pod: 'default/web' }]]]);

const saying = (
  reason?: string,
  spec: SriovNetworkNodeState['spec'] = { interfaces: [ENTRY] },
): SriovNetworkNodeState => {
  const condition = { type: 'ResourcesOffered', status: 'False', message: '', lastTransitionTime: '' } as const;
  return { metadata: { name: 'n' }, spec, ...(reason && { status: { conditions: [{ ...condition, reason }] } }) };
};
const hostWith = (fault?: Parameters<SimulatedKernel['addFault']>[0]): SimulatedKernel => {
  const kernel = testKernel(new FakeClock());
  kernel.users.allocate(VF);
  if (fault) kernel.addFault(fault);
  return kernel;
};

describe('devices that pods have and the host has not', () => {
  it('are those that a close look has shown', async () => {
    const deaf = hostWith({ verb: 'call', path: '*', errno: 'UNAVAILABLE' });
    expect(await findGone(deaf, saying(), { ...UNSEEN, observed: { allocated } })).toEqual([GONE]);
  });

  it('are not looked for where no look was a close one', async () => {
    expect(await findGone(hostWith(), saying(), UNSEEN)).toEqual([]);
    expect(await findGone(hostWith(), saying('DevicesHeldBack'), UNSEEN)).toEqual([]);
  });

  it('are looked for as long as the status says that there are some', async () => {
    expect(await findGone(hostWith(), saying('DeviceGone'), UNSEEN)).toEqual([GONE]);
    const free = testKernel(new FakeClock());
    expect(await findGone(free, saying('DeviceGone'), UNSEEN)).toEqual([]);
  });

  it('may be of a resource that only an earlier spec had', async () => {
    const owned = new Map([[PORTS[0], ENTRY]]);
    const seen = { observed: { allocated }, owned };
    expect(await findGone(hostWith(), saying(undefined, {}), seen)).toEqual([GONE]);
    expect(await findGone(hostWith(), { metadata: { name: 'n' } }, seen)).toEqual([GONE]);
  });

  it.each<[string, Parameters<SimulatedKernel['addFault']>[0][]]>([
    [
      'the kubelet cannot be asked',
      [
        { verb: 'call', path: '*', errno: 'UNAVAILABLE' },
        { verb: 'read', path: '/var/lib/kubelet/*', errno: 'EACCES' },
      ],
    ],
    ['the devices of the host cannot be listed', [{ verb: 'list', path: '/sys/bus/pci/devices', errno: 'EIO' }]],
    ['the host lists no devices', [{ verb: 'list', path: '/sys/bus/pci/devices', errno: 'ENOENT' }]],
  ])('are not known where %s', async (_, faults) => {
    const kernel = hostWith();
    for (const fault of faults) kernel.addFault(fault);
    expect(await findGone(kernel, saying('DeviceGone'), UNSEEN)).toBeUndefined();
  });
});
