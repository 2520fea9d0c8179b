import { describe, expect, it } from '@jest/globals';
import { type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { KernelBlockedError } from './kernel/kernel.ts';
import { lookCloser, observeHost } from './observe.ts';
import { TestKernel } from './test/test-kernel.ts';
import { DEVICE_CHECKPOINT } from './uses/pod-resources.ts';

const [ONE, TWO, THREE] = ['0000:01:00.0', '0000:02:00.0', '0000:03:00.0'];
const at = (address: string): string => `/sys/bus/pci/devices/${address}`;
const pf = (address: string): Record<string, string> => ({
  [`${at(address)}/vendor`]: '0x8086',
  [`${at(address)}/device`]: '0x10C9',
  [`${at(address)}/class`]: '0x020000',
});
const NO_DEVLINK = { 'devlink -j dev show': '{"dev":{}}' };

function host(
  files: Record<string, string>,
  links: object[] = [],
  commands: Record<string, string> = NO_DEVLINK,
): TestKernel {
  return new TestKernel({
    files,
    commands: {
      'ip -j -d link show': JSON.stringify([{ ifname: 'lo' }, ...links]),
      'ip -j addr show': '[{"ifname":"lo"}]',
      'ip -j -4 route show table all': '[]',
      'ip -j -6 route show table all': '[]',
      ...commands,
    },
  });
}

/** Has reading a path, and nothing else, hang in the kernel. */
function hang(kernel: TestKernel, hanging: string): void {
  const read = kernel.read.bind(kernel);
  const blocked = {
    verb: 'read',
    path: hanging,
    since: 0,
    waitedMs: 10_000,
    released: new Promise<void>(() => undefined),
  };
  kernel.read = (path) => (path === hanging ? Promise.reject(new KernelBlockedError(blocked)) : read(path));
}

describe('a closer look', () => {
  const seenPf = (pciAddress: string): ObservedPf => ({ pciAddress, vendor: 'seen', deviceId: 'seen', linkType: '' });
  const seen: ObservedHost = {
    interfaces: [seenPf(ONE), seenPf(TWO), seenPf(THREE)],
    problems: [
      { pciAddress: TWO, message: 'before' },
      { pciAddress: THREE, message: 'of another' },
    ],
    rdmaMode: 'shared',
  };

  it('replaces what was seen of the PFs that it is about, and nothing else', async () => {
    const kernel = host({ ...pf(ONE), ...pf(TWO), ...pf(THREE), [DEVICE_CHECKPOINT]: '{"Data":{}}' });
    const { interfaces, ...rest } = await lookCloser(kernel, [TWO], seen);
    expect(interfaces.map(({ pciAddress, vendor }) => [pciAddress, vendor])).toEqual([
      [ONE, 'seen'],
      [TWO, '8086'],
      [THREE, 'seen'],
    ]);
    expect(rest).toStrictEqual({
      problems: [{ pciAddress: THREE, message: 'of another' }],
      rdmaMode: 'shared',
      allocated: new Map(),
    });
  });

  it('has a problem in the place of a PF that cannot be observed any more', async () => {
    const kernel = host({ ...pf(TWO), [`${at(TWO)}/vendor`]: '[EIO]', [DEVICE_CHECKPOINT]: '{"Data":{}}' });
    const { interfaces, problems } = await lookCloser(kernel, [TWO], seen);
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual([ONE, THREE]);
    expect(problems).toStrictEqual([
      { pciAddress: THREE, message: 'of another' },
      { pciAddress: TWO, message: `read ${at(TWO)}/vendor: EIO` },
    ]);
  });

  it('tells what the kubelet has given to pods, whether or not the host has it', async () => {
    const entry = { PodUID: 'u-7', ResourceName: 'openshift.io/a', DeviceIDs: { '-1': ['0000:09:10.0'] } };
    const checkpoint = JSON.stringify({ Data: { PodDeviceEntries: [entry] } });
    const { allocated } = await lookCloser(host({ ...pf(ONE), [DEVICE_CHECKPOINT]: checkpoint }), [ONE]);
    expect([...(allocated ?? [])]).toEqual([['0000:09:10.0', [{ resource: 'openshift.io/a', pod: 'UID u-7' }]]]);
  });

  it('tells nothing of that where nobody knows', async () => {
    const kernel = host({ ...pf(ONE), [DEVICE_CHECKPOINT]: '{' });
    expect(await lookCloser(kernel, [ONE])).not.toHaveProperty('allocated');
  });

  it('says what it is blind to where there is no kubelet', async () => {
    const { interfaces, problems, blindSpots } = await lookCloser(host(pf(ONE)), [ONE]);
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual([ONE]);
    expect([problems, blindSpots]).toEqual([[], [expect.stringContaining('there is neither')]]);
  });
});

describe('a kernel that does not answer', () => {
  it('is a problem of the device alone, and said to be one', async () => {
    const kernel = host({ ...pf(ONE), ...pf(TWO) });
    hang(kernel, `${at(TWO)}/vendor`);
    const { interfaces, problems } = await observeHost(kernel);
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual([ONE]);
    expect(problems).toMatchObject([{ pciAddress: TWO, isBlocked: true }]);
  });

  it('is also one when it is asked for the name of the switch', async () => {
    const row = { ifname: 'ens1', flags: [], mtu: 1500, address: 'x', parentbus: 'pci', parentdev: ONE };
    const kernel = host(pf(ONE), [row], {});
    hang(kernel, '/sys/class/net/ens1/phys_switch_id');
    expect(await observeHost(kernel)).toMatchObject({
      interfaces: [],
      problems: [{ pciAddress: ONE, isBlocked: true }],
    });
  });
});

describe('the interface of a PF', () => {
  const row = { flags: ['UP'], mtu: 1500, address: '52:54:00:aa:00:10', parentbus: 'pci', parentdev: ONE };

  it.each<[string, string, string | undefined]>([
    ['p0', 'pf0vf0', 'a'],
    ['pf0vf0', 'p0', 'b'],
    ['p0s1', 'p12', 'b'],
    ['xp0', 'p1', 'b'],
    ['[ENOTSUP]', 'p1', 'b'],
    ['pf0vf0', 'pf0vf1', undefined],
  ])('is, of ports named %s and %s, the one that is an uplink', async (first, second, expected) => {
    const files = { '/sys/class/net/a/phys_port_name': first, '/sys/class/net/b/phys_port_name': second };
    const kernel = host({ ...pf(ONE), ...files }, [
      { ifname: 'a', ...row },
      { ifname: 'b', ...row },
    ]);
    expect((await observeHost(kernel)).interfaces[0]?.link?.name).toBe(expected);
  });

  it.each(['flags', 'mtu', 'address'])('is a problem when nothing tells its %s', async (word) => {
    const kernel = host(pf(ONE), [{ ifname: 'a', ...row, [word]: undefined }]);
    expect((await observeHost(kernel)).problems).toStrictEqual([
      { pciAddress: ONE, message: 'a: neither ip nor sysfs tells its address, MTU and state' },
    ]);
  });

  it('has no speed where that is 0', async () => {
    const kernel = host({ ...pf(ONE), '/sys/class/net/a/speed': '0' }, [{ ifname: 'a', ...row }]);
    expect((await observeHost(kernel)).interfaces[0]?.link).not.toHaveProperty('speed');
  });
});
