import { beforeEach, describe, expect, it } from '@jest/globals';
import { type NodeStateSpec, SYNC_STATUS } from '@sriov/api';
import { type SimulatedKernel } from '@sriov/host-sim';
import { statusInterfaces, verdictOf } from '@sriov/node-plan';
import { FakeClock } from '@sriov/testing';
import { converge, type Converged } from './converge.ts';
import { Journal } from './journal/journal.ts';
import { GuestPlatform, type PlatformPorts } from './platform/guest-platform.ts';
import { GUEST, guestKernel, guestSpec, NETWORKS, novaFiles, platformPorts } from './test/test-guest.ts';
import { hostPorts, MemoryFolder } from './test/test-host.ts';

const BOTH = [GUEST.virtio, GUEST.vf];
let kernel: SimulatedKernel;
let folder: MemoryFolder;
let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
  kernel = guestKernel(clock);
  folder = new MemoryFolder();
});

/** One pass of a daemon that was just started. */
function pass(spec: NodeStateSpec, change: Partial<PlatformPorts> = {}): Promise<Converged> {
  const ports = hostPorts({ kernel, journal: new Journal(folder), folder: kernel.handoverFolder });
  const platform = new GuestPlatform(platformPorts({ kernel, clock }, change));
  const followers = { onPlan: () => Promise.resolve(), onStep: () => undefined };
  const plannedFrom = new Set([GUEST.node, ...BOTH]);
  return converge({ ...ports, platform }, { spec, plannedFrom, allowHostInterfaces: true }, followers);
}

const drivers = (): unknown => [GUEST.node, ...BOTH].map((address) => kernel.state.devices[address]?.driver);
const problems = ({ rest }: Converged): string[] => rest.problems.map(({ message }) => message);
const status = ({ observed }: Converged): ReturnType<typeof statusInterfaces> =>
  statusInterfaces(observed, () => false);
const away: Partial<PlatformPorts> = { metadata: { ask: () => Promise.reject(new Error('ECONNREFUSED')) } };

describe('an OpenStack guest', () => {
  it('reports its ports as VFs without a PF, with their networks', async () => {
    const [node, virtio, vf] = status(await pass({}));
    expect(virtio).toEqual({
      pciAddress: GUEST.virtio,
      vendor: '1af4',
      deviceID: '1041',
      driver: 'virtio-pci',
      name: 'ens4',
      mac: 'fa:16:3e:00:00:04',
      mtu: 1500,
      altNames: [],
      linkType: 'ETH',
      linkAdminState: 'up',
      linkSpeed: '',
      externallyManaged: false,
      netFilter: `openstack/NetworkID:${NETWORKS.virtio}`,
      totalvfs: 1,
      numVfs: 1,
      Vfs: [
        {
          vfID: 0,
          pciAddress: GUEST.virtio,
          vendor: '1af4',
          deviceID: '1041',
          driver: 'virtio-pci',
          name: 'ens4',
          mac: 'fa:16:3e:00:00:04',
          mtu: 1500,
        },
      ],
    });
    expect(vf).toMatchObject({ netFilter: `openstack/NetworkID:${NETWORKS.vf}`, linkSpeed: '10000 Mb/s' });
    expect(node).toMatchObject({ netFilter: 'openstack/NetworkID:0a0b0c0d' });
  });

  it('binds its ports to vfio-pci without an IOMMU, and gives them back when nobody wants them', async () => {
    expect(verdictOf(await pass(guestSpec('vfio-pci'))).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect(drivers()).toEqual(['virtio-pci', 'vfio-pci', 'vfio-pci']);
    expect(kernel.state.isNoIommuEnabled).toBe(true);
    expect(verdictOf(await pass(guestSpec('netdevice'))).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect(drivers()).toEqual(['virtio-pci', 'virtio-pci', 'iavf']);
    await pass(guestSpec('vfio-pci'));
    expect(verdictOf(await pass({})).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect(drivers()).toEqual(['virtio-pci', 'virtio-pci', 'iavf']);
    expect([...folder.files.keys()]).not.toContain(`pci/${GUEST.vf}`);
  });

  it('allows vfio-pci to do without an IOMMU where vfio is loaded already', async () => {
    await kernel.exec('modprobe', ['vfio-pci']);
    await pass(guestSpec('vfio-pci'));
    expect(drivers()).toEqual(['virtio-pci', 'vfio-pci', 'vfio-pci']);
  });

  it('says so where the kernel cannot do without an IOMMU', async () => {
    kernel = guestKernel(clock, {
      dmi: { product_name: 'OpenStack Nova' },
      hasNoIommuMode: false,
      configDrive: { files: novaFiles() },
    });
    const { failures } = await pass(guestSpec('vfio-pci'));
    expect(failures[0]?.message).toMatch(/without an IOMMU .*CONFIG_VFIO_NOIOMMU.*deviceType netdevice/);
  });

  it('keeps the port that its node needs, also where policies may change NICs of the host', async () => {
    const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'vfio-pci', vfRange: '0-0' }];
    const end = await pass({ interfaces: [{ pciAddress: GUEST.node, numVfs: 1, vfGroups }] });
    expect(problems(end)).toEqual([expect.stringContaining('in use by the host (its default route')]);
    expect(drivers()).toEqual(['virtio-pci', 'virtio-pci', 'iavf']);
  });

  it('leaves a port alone that a program has open', async () => {
    await pass(guestSpec('vfio-pci'));
    const close = kernel.holdVfio(GUEST.vf, { pid: 7, command: 'testpmd' });
    const end = await pass(guestSpec('netdevice'));
    expect(problems(end)).toEqual([expect.stringContaining('in use by process 7 (testpmd)')]);
    expect(drivers()).toEqual(['virtio-pci', 'virtio-pci', 'vfio-pci']);
    close();
    await pass(guestSpec('netdevice'));
    expect(drivers()).toEqual(['virtio-pci', 'virtio-pci', 'iavf']);
  });

  it('leaves a port alone that the kubelet has given to a pod', async () => {
    kernel.users.allocate(GUEST.vf);
    const end = await pass(guestSpec('vfio-pci'));
    expect(problems(end)).toEqual([expect.stringContaining('in use by pod')]);
    expect(drivers()).toEqual(['virtio-pci', 'vfio-pci', 'iavf']);
  });

  it('fails one port, and goes on with the other', async () => {
    kernel.addFault({ verb: 'write', path: `/sys/bus/pci/devices/${GUEST.virtio}/driver_override`, errno: 'EIO' });
    const end = await pass(guestSpec('vfio-pci'));
    expect(end.failures.map(({ pciAddress }) => pciAddress)).toEqual([GUEST.virtio]);
    expect(kernel.state.devices[GUEST.vf]?.driver).toBe('vfio-pci');
  });

  it('keeps everything that was known of its ports while its metadata cannot be read', async () => {
    const before = status(await pass(guestSpec('vfio-pci')));
    const { writes } = kernel.state;
    kernel.addFault({ verb: 'exec', path: 'unshare *', errno: 'ENOENT' });
    const end = await pass(guestSpec('vfio-pci'), away);
    expect(status(end)).toEqual(before);
    expect(kernel.state.writes).toBe(writes);
    expect(verdictOf(end).syncStatus).toBe(SYNC_STATUS.succeeded);
    expect(end.observed.networksUnknown).toMatch(
      /^the metadata of OpenStack cannot be read \(config drive \/dev\/sr0: .*ENOENT.*; ECONNREFUSED\): ports keep/,
    );
    expect(before[2]).toMatchObject({ netFilter: `openstack/NetworkID:${NETWORKS.vf}`, altNames: ['ens5'] });
  });

  it('takes what upstream knew of its ports, while its metadata cannot be read', async () => {
    kernel.addFault({ verb: 'exec', path: 'unshare *', errno: 'ENOENT' });
    const read = kernel.read.bind(kernel);
    const port = { pciAddress: GUEST.vf, mac: 'fa:16:3e:00:00:05', netFilter: 'openstack/NetworkID:old', name: 'ens5' };
    kernel.read = (path, options) =>
      path === '/tmp/sno-initial-node-state.json'
        ? Promise.resolve(JSON.stringify({ status: { interfaces: [port, { pciAddress: GUEST.node }] } }))
        : read(path, options);
    expect(status(await pass({}, away)).map(({ netFilter }) => netFilter)).toEqual([
      undefined,
      undefined,
      'openstack/NetworkID:old',
    ]);
  });

  it('is asked nothing where the node says that it is no virtual machine of such a platform', async () => {
    const end = await pass({}, { readProviderID: () => Promise.resolve('metal3://a') });
    expect(status(end).every(({ netFilter }) => netFilter === undefined)).toBe(true);
    expect(folder.files.has('guest-ports.json')).toBe(false);
  });
});
