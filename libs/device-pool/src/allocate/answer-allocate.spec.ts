import { describe, expect, it } from '@jest/globals';
import { omitUndefined } from '@sriov/api';
import { type DeviceNodes, type ObservedDevice } from '@sriov/observed-host';
import { type Pool } from '../pools/plan-pools.ts';
import { INTEL_HOST, intelVf, MLX_HOST, nic, NO_NODES, rdmaNodes } from '../test/hosts.ts';
import { planOf } from '../test/plan.ts';
import { answerAllocate, type ContainerAllocation, deviceOfInfoFile } from './answer-allocate.ts';
import { CDI_FOLDER, cdiAnnotation, deviceOfCdiFile } from './cdi.ts';

type Nodes = Record<string, DeviceNodes>;

const poolOf = (resource: object, devices: readonly ObservedDevice[]): Pool =>
  planOf([resource], { devices }).pools[0]!;

/** The devices have the drivers with which they were offered. */
function bound(pool: Pool, nodes: Nodes): Map<string, DeviceNodes> {
  const driverOf = (id: string): string | undefined => pool.devices.find((each) => each.id === id)?.device?.driver;
  return new Map(Object.entries(nodes).map(([id, each]) => [id, omitUndefined({ driver: driverOf(id), ...each })]));
}

function allocate(pool: Pool, nodes: Nodes, useCdi = false): ContainerAllocation {
  const answer = answerAllocate(pool, Object.keys(nodes), { nodes: bound(pool, nodes), useCdi });
  if ('problem' in answer) throw new Error(answer.problem);
  return answer;
}

const vfio = (group: string | undefined, isNoIommu = false): DeviceNodes => ({
  ...NO_NODES,
  vfio: { isNoIommu, ...(group !== undefined && { group }) },
});
const selectorsOf = (deviceType: string): object => (deviceType === 'auxNetDevice' ? { auxTypes: ['sf'] } : {});
const info = ({ envs }: ContainerAllocation): unknown =>
  JSON.parse(Object.entries(envs).find(([key]) => key.endsWith('_INFO'))![1]);

describe('answerAllocate', () => {
  it('gives a VF on a kernel driver without device files, with the words for all and for its address', () => {
    const additionalInfo = { '*': { token: 't0', zone: 'z1' }, '0000:3b:02.0': { token: 'own' } };
    const plain = { resourceName: 'plain', selectors: { drivers: ['iavf'] }, additionalInfo };
    expect(allocate(poolOf(plain, INTEL_HOST), { '0000:3b:02.0': NO_NODES })).toEqual({
      envs: {
        PCIDEVICE_INTEL_COM_PLAIN: '0000:3b:02.0',
        PCIDEVICE_INTEL_COM_PLAIN_INFO:
          '{"0000:3b:02.0":{"extra":{"token":"own","zone":"z1"},"generic":{"deviceID":"0000:3b:02.0"}}}',
      },
      devices: [],
      annotations: {},
      cdiDevices: [],
      files: [
        {
          path: '/var/run/k8s.cni.cncf.io/devinfo/dp/intel.com-plain-0000:3b:02.0-device.json',
          content: '{"type":"pci","version":"1.1.0","pci":{"pci-address":"0000:3b:02.0"}}',
        },
      ],
    });
  });

  it('gives VFIO groups, each once, and one without an IOMMU under its usual name', () => {
    const dpdk = { resourceName: 'dpdk-x', resourcePrefix: 'corp.example', selectors: { drivers: ['vfio-pci'] } };
    const answer = allocate(poolOf(dpdk, [intelVf(1, { driver: 'vfio-pci' }), intelVf(2, { driver: 'vfio-pci' })]), {
      '0000:3b:02.2': vfio('7', true),
      '0000:3b:02.1': vfio('41'),
    });
    expect(answer.devices.map(({ hostPath, containerPath }) => [hostPath, containerPath])).toEqual([
      ['/dev/vfio/vfio', '/dev/vfio/vfio'],
      ['/dev/vfio/noiommu-7', '/dev/vfio/7'],
      ['/dev/vfio/41', '/dev/vfio/41'],
    ]);
    expect(answer.envs['PCIDEVICE_CORP_EXAMPLE_DPDK-X']).toBe('0000:3b:02.2,0000:3b:02.1');
    expect(Object.keys(info(answer) as object)).toEqual(['0000:3b:02.1', '0000:3b:02.2']);
    expect(info(answer)).toMatchObject({
      '0000:3b:02.2': { vfio: { mount: '/dev/vfio/vfio', 'dev-mount': '/dev/vfio/7' } },
    });
  });

  it('gives what there is of a group that cannot be found', () => {
    const pool = poolOf({ resourceName: 'a', selectors: { drivers: ['vfio-pci'] } }, INTEL_HOST);
    const answer = allocate(pool, { '0000:3b:02.1': vfio(undefined) });
    expect(answer.devices.map(({ hostPath }) => hostPath)).toEqual(['/dev/vfio/vfio']);
    expect(info(answer)).toMatchObject({ '0000:3b:02.1': { vfio: { mount: '/dev/vfio/vfio' } } });
  });

  it('names the file of a uio device at the first time', () => {
    const pool = poolOf({ resourceName: 'u', selectors: { drivers: ['igb_uio'] } }, INTEL_HOST);
    const answer = allocate(pool, { '0000:3b:02.3': { ...NO_NODES, uio: '/dev/uio3' } });
    expect(answer.devices).toEqual([{ hostPath: '/dev/uio3', containerPath: '/dev/uio3', permissions: 'rw' }]);
    expect(info(answer)).toMatchObject({ '0000:3b:02.3': { uio: { mount: '/dev/uio3' } } });
  });

  const ROCE = {
    ...{ resourceName: 'roce', resourcePrefix: 'lab.example' },
    selectors: { vendors: ['15b3'], IsRdma: true, NeedVhostNet: true },
  };
  const files = ['issm2', 'umad2', 'uverbs2', 'rdma_cm'].map((file) => `/dev/infiniband/${file}`);

  it('gives the files of RDMA devices and of vhost, and names the RDMA device to CNI plugins', () => {
    const answer = allocate(poolOf(ROCE, MLX_HOST), { '0000:d8:00.2': rdmaNodes(2) });
    expect(answer.devices.map(({ hostPath }) => hostPath)).toEqual([...files, '/dev/vhost-net', '/dev/net/tun']);
    expect(info(answer)).toEqual({
      '0000:d8:00.2': {
        generic: { deviceID: '0000:d8:00.2' },
        rdma: { issm: files[0], umad: files[1], uverbs: files[2], rdma_cm: files[3], rdma_dev: 'mlx5_2' },
        vhost: { 'net-mount': '/dev/vhost-net', 'tun-mount': '/dev/net/tun' },
      },
    });
    expect(answer.files[0]?.content).toContain('"rdma-device":"mlx5_2"');
  });

  it('gives neither file of vhost where one is missing', () => {
    const answer = allocate(poolOf(ROCE, MLX_HOST), { '0000:d8:00.2': { ...rdmaNodes(2), tun: false } });
    expect(answer.devices.map(({ hostPath }) => hostPath)).toEqual(files);
  });

  it('gives the words for the PCI device under an SF, and writes no file about it', () => {
    const additionalInfo = { 'mlx5_core.sf.4': { a: 'id' }, '0000:d8:00.0': { a: 'parent' } };
    const selectors = { auxTypes: ['sf'] };
    const pool = poolOf({ resourceName: 'sfs', deviceType: 'auxNetDevice', selectors, additionalInfo }, MLX_HOST);
    const answer = allocate(pool, { 'mlx5_core.sf.4': NO_NODES });
    expect(info(answer)).toMatchObject({ 'mlx5_core.sf.4': { extra: { a: 'parent' } } });
    expect(answer.files).toEqual([]);
  });

  it('gives the file of a vDPA device, and tells CNI plugins of it', () => {
    const device = nic('0000:65:00.3', { driver: 'mlx5_core', vdpa: { name: 'vdpa9', type: 'vhost' } });
    const pool = poolOf({ resourceName: 'vd', selectors: { vdpaType: 'vhost' } }, [device]);
    const answer = allocate(pool, { [device.id]: { ...NO_NODES, vhostVdpa: '/dev/vhost-vdpa-2' } });
    expect(answer.devices.map(({ hostPath }) => hostPath)).toEqual(['/dev/vhost-vdpa-2']);
    expect(info(answer)).toMatchObject({ [device.id]: { vdpa: { mount: '/dev/vhost-vdpa-2' } } });
    expect(answer.files[0]?.content).toBe(
      '{"type":"vdpa","version":"1.1.0","vdpa":{"parent-device":"vdpa9","driver":"vhost","path":"/dev/vhost-vdpa-2","pci-address":"0000:65:00.3"}}',
    );
  });

  const VDPA = nic('0000:65:00.3', { driver: 'mlx5_core', vdpa: { name: 'vdpa9', type: 'virtio' } });

  it('gives no file of a vDPA device that the host drives, and tells CNI plugins of it', () => {
    const pool = poolOf({ resourceName: 'vd', selectors: { vdpaType: 'virtio' } }, [VDPA]);
    const answer = allocate(pool, { [VDPA.id]: { ...NO_NODES, vhostVdpa: '/dev/vhost-vdpa-2' } });
    expect(answer.devices).toEqual([]);
    expect(info(answer)).toEqual({ [VDPA.id]: { generic: { deviceID: VDPA.id }, vdpa: {} } });
    expect(JSON.parse(answer.files[0]!.content)).toEqual({
      ...{ type: 'vdpa', version: '1.1.0' },
      vdpa: { 'parent-device': 'vdpa9', driver: 'virtio', 'pci-address': VDPA.id },
    });
  });

  it('says nothing of a vDPA device to whom did not ask for one', () => {
    const answer = allocate(poolOf({ resourceName: 'vd', selectors: {} }, [VDPA]), { [VDPA.id]: NO_NODES });
    expect(info(answer)).toEqual({ [VDPA.id]: { generic: { deviceID: VDPA.id } } });
    expect(JSON.parse(answer.files[0]!.content)).toMatchObject({ type: 'pci' });
  });

  it('gives what there is of a vDPA device whose file is gone, or that is gone', () => {
    const vhost = { ...VDPA, vdpa: { name: 'vdpa9', type: 'vhost' } as const };
    const [resource] = [poolOf({ resourceName: 'vd', selectors: { vdpaType: 'vhost' } }, [vhost])];
    const withoutFile = allocate(resource, { [VDPA.id]: NO_NODES });
    expect(info(withoutFile)).toMatchObject({ [VDPA.id]: { vdpa: {} } });
    expect(JSON.parse(withoutFile.files[0]!.content)).not.toHaveProperty('vdpa.path');
    const { vdpa: _, ...gone } = vhost;
    const pool = { ...resource, devices: resource.devices.map((each) => ({ ...each, device: gone })) };
    expect(info(allocate(pool, { [VDPA.id]: NO_NODES }))).toEqual({ [VDPA.id]: { generic: { deviceID: VDPA.id } } });
  });

  it('names the last file of each kind, and all RDMA devices, of a device with several', () => {
    const [first, second] = [rdmaNodes(2), rdmaNodes(3)];
    const nodes = { ...NO_NODES, rdma: [...first.rdma, { ...second.rdma[0]!, issm: [] }] };
    const answer = allocate(poolOf(ROCE, MLX_HOST), { '0000:d8:00.2': nodes });
    expect(info(answer)).toMatchObject({
      '0000:d8:00.2': {
        rdma: {
          ...{ issm: '/dev/infiniband/issm2', umad: '/dev/infiniband/umad3', uverbs: '/dev/infiniband/uverbs3' },
          rdma_dev: 'mlx5_2',
        },
      },
    });
    expect(answer.devices.map(({ hostPath }) => hostPath)).not.toContain('/dev/infiniband/rdma_cm');
    expect(answer.files[0]?.content).toContain('"rdma-device":"mlx5_2,mlx5_3"');
  });

  it('says nothing of RDMA where its device is away, or nobody asked for it', () => {
    const answer = allocate(poolOf(ROCE, MLX_HOST), { '0000:d8:00.2': NO_NODES });
    expect(info(answer)).toEqual({ '0000:d8:00.2': { generic: { deviceID: '0000:d8:00.2' } } });
    expect(answer.files[0]?.content).not.toContain('rdma-device');
    const plain = poolOf({ resourceName: 'x', selectors: { vendors: ['15b3'] } }, MLX_HOST);
    expect(allocate(plain, { '0000:d8:00.2': rdmaNodes(2) }).files[0]?.content).not.toContain('rdma-device');
  });

  it('says that there are no words for the device where the resource has some for others', () => {
    const fpga = { resourceName: 'x', deviceType: 'accelerator', additionalInfo: { other: { k: 'v' } } };
    expect(info(allocate(poolOf(fpga, INTEL_HOST), { '0000:af:00.0': NO_NODES }))).toEqual({
      '0000:af:00.0': { generic: { deviceID: '0000:af:00.0' }, extra: {} },
    });
  });

  it('refuses a device that cannot be observed, or whose files cannot', () => {
    const resource = { resourceName: 'x', selectors: { drivers: ['iavf'] } };
    const pool = poolOf(resource, INTEL_HOST);
    const problem = 'the device 0000:3b:02.0 of the resource intel.com/x cannot be read now';
    expect(answerAllocate(pool, ['0000:3b:02.0'], { nodes: new Map(), useCdi: false })).toEqual({ problem });
    const devices = [{ id: '0000:3b:02.0', isHealthy: true, wants: { isRdma: false, needVhostNet: false } }];
    const nodes = new Map([['0000:3b:02.0', NO_NODES]]);
    expect(answerAllocate({ ...pool, devices }, ['0000:3b:02.0'], { nodes, useCdi: false })).toEqual({ problem });
  });

  it.each([
    ['the driver vfio-pci', { ...vfio('41'), driver: 'vfio-pci' }],
    ['no driver', NO_NODES],
  ])('refuses a device that has %s now, and was offered with another one', (now, nodes) => {
    const pool = poolOf({ resourceName: 'x', selectors: {} }, INTEL_HOST);
    expect(
      answerAllocate(pool, ['0000:3b:02.0'], { nodes: new Map([['0000:3b:02.0', nodes]]), useCdi: false }),
    ).toEqual({
      problem: `the device 0000:3b:02.0 of the resource intel.com/x has ${now} now, and had another one when it was offered`,
    });
  });

  it('refuses a device that it does not have', () => {
    const pool = poolOf({ resourceName: 'plain', selectors: { drivers: ['iavf'] } }, INTEL_HOST);
    const nodes = new Map([['0000:ff:00.0', NO_NODES]]);
    expect(answerAllocate(pool, ['0000:ff:00.0'], { nodes, useCdi: false })).toEqual({
      problem: 'the resource intel.com/plain has no device 0000:ff:00.0 now',
    });
  });

  describe('by CDI', () => {
    it('names the devices, in the field and in an annotation of the resource', () => {
      const answer = allocate(poolOf(ROCE, MLX_HOST), { '0000:d8:00.2': rdmaNodes(2) }, true);
      expect(answer).toMatchObject({
        devices: [],
        cdiDevices: ['sriovnetwork.openshift.io/device=0000:d8:00.2'],
        annotations: { 'cdi.k8s.io/lab.example_net-pci_roce': 'sriovnetwork.openshift.io/device=0000:d8:00.2' },
      });
    });

    it('describes the device files of each device, and nothing of one without any', () => {
      const { files: written } = allocate(poolOf(ROCE, MLX_HOST), { '0000:d8:00.2': rdmaNodes(2) }, true);
      const file = written.find(({ path }) => path.startsWith(CDI_FOLDER));
      expect(file?.path).toBe('/var/run/cdi/sriov-operator-0000:d8:00.2.json');
      const deviceNodes = [...files, '/dev/vhost-net', '/dev/net/tun'].map((path) => ({
        ...{ path, hostPath: path, permissions: 'rw' },
      }));
      expect(JSON.parse(file!.content)).toEqual({
        ...{ cdiVersion: '0.5.0', kind: 'sriovnetwork.openshift.io/device' },
        devices: [{ name: '0000:d8:00.2', containerEdits: { deviceNodes } }],
      });
      const plain = poolOf({ resourceName: 'plain', selectors: { drivers: ['iavf'] } }, INTEL_HOST);
      const answer = allocate(plain, { '0000:3b:02.0': NO_NODES }, true);
      expect(answer).toMatchObject({
        annotations: {},
        cdiDevices: [],
        files: [{ path: expect.not.stringContaining(CDI_FOLDER) }],
      });
    });

    it('names several devices in one annotation, with a file for each', () => {
      const pool = poolOf({ resourceName: 'a', selectors: { drivers: ['vfio-pci'] } }, INTEL_HOST);
      const nodes = { '0000:3b:02.1': vfio('41'), '0000:3b:02.2': vfio('7', true) };
      const answer = allocate(pool, nodes, true);
      expect(answer.annotations).toEqual({
        'cdi.k8s.io/intel.com_net-pci_a':
          'sriovnetwork.openshift.io/device=0000:3b:02.1,sriovnetwork.openshift.io/device=0000:3b:02.2',
      });
      const specs = answer.files
        .filter(({ path }) => path.startsWith(CDI_FOLDER))
        .map(({ content }) => JSON.parse(content) as unknown);
      expect(specs).toMatchObject([
        { devices: [{ name: '0000:3b:02.1' }] },
        {
          devices: [
            { containerEdits: { deviceNodes: [{}, { path: '/dev/vfio/7', hostPath: '/dev/vfio/noiommu-7' }] } },
          ],
        },
      ]);
    });

    it.each([
      ['accelerator', 'net-accel'],
      ['auxNetDevice', 'net-sf'],
    ])('has a class of its own for the deviceType %s', (deviceType, cdiClass) => {
      const { resource } = poolOf({ resourceName: 'a', deviceType, selectors: selectorsOf(deviceType) }, []);
      expect(cdiAnnotation(resource)).toBe(`cdi.k8s.io/intel.com_${cdiClass}_a`);
    });

    it.each([
      ['intel.com', 63, ''],
      ['intel.com', 62, ''],
      ['intel.com', 54, 'net-pci_'],
      ['intel.com', 51, 'com_net-pci_'],
      ['a--b', 51, 'b_net-pci_'],
    ])(
      'begins the key of an annotation with a letter, and keeps it short: %s, %d',
      (resourcePrefix, length, before) => {
        const resourceName = 'a'.repeat(length);
        const { resource } = poolOf({ resourceName, resourcePrefix }, INTEL_HOST);
        expect(cdiAnnotation(resource)).toBe(`cdi.k8s.io/${before}${resourceName}`);
      },
    );
  });
});

describe('the device of a file', () => {
  it('is told by the names of all files that are written', () => {
    const pool = poolOf(
      { resourceName: 'a-b', resourcePrefix: 'x.y', selectors: { drivers: ['vfio-pci'] } },
      INTEL_HOST,
    );
    const names = allocate(pool, { '0000:3b:02.1': vfio('41') }, true).files.map(({ path }) => path.split('/').at(-1)!);
    expect(names.map((name) => deviceOfInfoFile(name, ['other', 'x.y']) ?? deviceOfCdiFile(name))).toEqual([
      '0000:3b:02.1',
      '0000:3b:02.1',
    ]);
  });

  it.each([
    ['is of another prefix', 'intel.com.x-a-0000:3b:02.1-device.json'],
    ['has no resource', 'intel.com-0000:3b:02.1-device.json'],
    ['is about no PCI device', 'intel.com-a-mlx5_core.sf.4-device.json'],
    ['is still being written', 'intel.com-a-0000:3b:02.1-device.json.new-7'],
    ['is one of the original plugin', 'sriov-dp-intel.com-net-pci-a.yaml'],
    ['is one of CDI that is still being written', 'sriov-operator-0000:3b:02.1.json.new-7'],
  ])('is not told where the file %s', (_, name) => {
    expect(deviceOfInfoFile(name, ['intel.com']) ?? deviceOfCdiFile(name)).toBeUndefined();
  });
});
