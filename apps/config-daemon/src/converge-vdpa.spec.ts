import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { PLAIN, PORT, VdpaHost, vdpaSpec } from './test/vdpa-host.ts';

const IN_SYNC = 'InSync: the host is as the spec wants it';
const BOTH = vdpaSpec(4, { range: '0-1', vdpaType: 'vhost' }, { range: '2-2', vdpaType: 'virtio' }, { range: '3-3' });

/** Follows the binds and unbinds of VFs from now on. */
function followResets({ kernel }: VdpaHost): readonly string[] {
  const resets: string[] = [];
  const write = kernel.write.bind(kernel);
  kernel.write = (path, value, options) => {
    if (path.startsWith('/sys/bus/pci/') && /(bind|drivers_probe|sriov_numvfs)$/.test(path))
      resets.push(`${path} ${value}`);
    return write(path, value, options);
  };
  return resets;
}

describe('a policy that wants vDPA devices', () => {
  it('gets them in one pass, with the modules that they take, and the status tells their types', async () => {
    const host = await VdpaHost.start();
    const { interfaces, syncStatus } = await host.status(BOTH);
    expect(host.drivers).toEqual(['vhost_vdpa', 'vhost_vdpa', 'virtio_vdpa', undefined]);
    expect(syncStatus).toBe('Succeeded');
    expect(interfaces?.find(({ pciAddress }) => pciAddress === PORT)?.Vfs?.map(({ vdpaType }) => vdpaType)).toEqual([
      'vhost',
      'vhost',
      'virtio',
      undefined,
    ]);
    expect(host.plans.slice(0, 3)).toEqual(
      ['mlx5_vdpa', 'vhost_vdpa', 'virtio_vdpa'].map((name) => `load kernel module ${name} unless it is loaded`),
    );
  });

  it('gives them 32 pairs of queues, or as many as they may have', async () => {
    const host = await VdpaHost.start();
    host.kernel.addFault({ verb: 'exec', path: '*max_vqp 32', errno: 'ENOENT', times: 1 });
    expect(await host.make(vdpaSpec(2, { range: '0-1', vdpaType: 'vhost' }))).toMatch(/^ApplyFailed/);
    await host.make(vdpaSpec(2, { range: '0-1', vdpaType: 'vhost' }));
    expect(Object.values(host.kernel.state.vdpa ?? {}).map(({ maxVqs }) => maxVqs)).toEqual([65, 65]);
  });

  it('changes those that differ and resets no VF for that', async () => {
    const host = await VdpaHost.start();
    await host.make(BOTH);
    const resets = followResets(host);
    const commands: string[] = [];
    const exec = host.kernel.exec.bind(host.kernel);
    host.kernel.exec = (command, args, options) => {
      if (command === 'vdpa') commands.push(args.join(' '));
      return exec(command, args, options);
    };
    const other = vdpaSpec(
      4,
      { range: '0-0', vdpaType: 'vhost' },
      { range: '1-1', vdpaType: 'virtio' },
      { range: '2-3' },
    );
    expect(await host.make(other)).toBe(IN_SYNC);
    expect(host.drivers).toEqual(['vhost_vdpa', 'virtio_vdpa', undefined, undefined]);
    expect(commands).toEqual([`dev del ${host.nameOf(2)}`]);
    expect(resets).toEqual([]);
  });

  it('makes again what somebody has removed, and binds again what somebody has bound', async () => {
    const host = await VdpaHost.start();
    await host.make(BOTH);
    const resets = followResets(host);
    await host.kernel.exec('vdpa', ['dev', 'del', host.nameOf(0)]);
    await host.kernel.write('/sys/bus/vdpa/drivers/virtio_vdpa/unbind', host.nameOf(2));
    expect(await host.make(BOTH)).toBe(IN_SYNC);
    expect(host.drivers).toEqual(['vhost_vdpa', 'vhost_vdpa', 'virtio_vdpa', undefined]);
    expect(resets).toEqual([]);
  });

  it('takes them away again, before their VFs, when nobody wants it any more', async () => {
    const host = await VdpaHost.start();
    await host.make(BOTH);
    expect(await host.make({})).toBe(IN_SYNC);
    expect([host.kernel.state.vdpa, host.drivers]).toEqual([{}, []]);
  });
});

describe('a vDPA device that is in use', () => {
  it.each<[string, NodeStateSpec]>([
    ['another type', vdpaSpec(1, { range: '0-0', vdpaType: 'virtio' })],
    ['none', vdpaSpec(1, { range: '0-0' })],
    ['another driver of its VF', vdpaSpec(1, { range: '0-0', deviceType: 'vfio-pci' })],
    ['another number of VFs', vdpaSpec(2, { range: '0-1', vdpaType: 'vhost' })],
    ['nothing', {}],
  ])('by a guest stays, whatever is wanted: %s', async (_, spec) => {
    const host = await VdpaHost.start();
    await host.make(vdpaSpec(1, { range: '0-0', vdpaType: 'vhost' }));
    const close = host.kernel.users.open('/dev/vhost-vdpa-0', { pid: 4711, command: 'qemu-kvm' });
    expect(await host.make(spec)).toMatch(/^VirtualFunctionInUse: .*process 4711 \(qemu-kvm\)/);
    expect(host.drivers).toEqual(['vhost_vdpa']);
    close();
    expect(await host.make(spec)).toBe(IN_SYNC);
  });

  it('by a guest that opened it after the plan was made stays', async () => {
    const host = await VdpaHost.start();
    await host.make(vdpaSpec(1, { range: '0-0', vdpaType: 'vhost' }));
    const begun: string[] = [];
    host.onStep = ({ kind }) => {
      begun.push(kind);
      host.kernel.users.open('/dev/vhost-vdpa-0', { command: 'qemu-kvm' });
    };
    expect(await host.make(vdpaSpec(1, { range: '0-0' }))).toMatch(/^VirtualFunctionInUse: .*process \d+ \(qemu-kvm\)/);
    expect(begun).toEqual(['remove-vdpa']);
    expect(host.drivers).toEqual(['vhost_vdpa']);
  });

  it('by a pod that has its interface stays', async () => {
    const host = await VdpaHost.start();
    await host.make(vdpaSpec(1, { range: '0-0', vdpaType: 'virtio' }));
    const end = host.kernel.moveToNamespace('eth0');
    expect(await host.make(vdpaSpec(1, { range: '0-0', vdpaType: 'vhost' }))).toMatch(
      /^VirtualFunctionInUse: .*a pod \(its interface is in another network namespace\)/,
    );
    expect(host.drivers).toEqual(['virtio_vdpa']);
    end();
    expect(await host.make(vdpaSpec(1, { range: '0-0', vdpaType: 'vhost' }))).toBe(IN_SYNC);
  });

  it('under an address of the host stays', async () => {
    const host = await VdpaHost.start();
    await host.make(vdpaSpec(1, { range: '0-0', vdpaType: 'virtio' }));
    host.kernel.users.addAddress('eth0', '10.0.0.5/24');
    expect(await host.make(vdpaSpec(1, { range: '0-0' }))).toMatch(/the host \(address 10\.0\.0\.5\/24\)/);
    expect(host.drivers).toEqual(['virtio_vdpa']);
  });
});

describe('a vDPA device that somebody else has made of a VF', () => {
  const withForeign = async (): Promise<VdpaHost> => {
    const host = await VdpaHost.start({ modules: ['mlx5_vdpa', 'vhost_vdpa', 'vdpa'] });
    await host.make(vdpaSpec(2, { range: '0-1' }));
    await host.kernel.exec('vdpa', ['dev', 'add', 'name', 'vdpa0', 'mgmtdev', `pci/${host.vf(0)}`]);
    return host;
  };

  it('is named, and stays, and the other VFs get theirs', async () => {
    const host = await withForeign();
    expect(await host.make(vdpaSpec(2, { range: '0-1', vdpaType: 'vhost' }))).toMatch(
      /^VirtualFunctionInUse: .*in use by vDPA device vdpa0, which somebody else has made/,
    );
    expect(Object.keys(host.kernel.state.vdpa ?? {})).toEqual(['vdpa0', host.nameOf(1)]);
  });

  it('is no failure where none is wanted, and its VF does not go', async () => {
    const host = await withForeign();
    expect(await host.make(vdpaSpec(2, { range: '0-1' }))).toBe(IN_SYNC);
    expect(await host.make(vdpaSpec(3, { range: '0-1' }))).toMatch(/^VirtualFunctionInUse: .*vdpa0/);
    expect(Object.keys(host.kernel.state.vdpa ?? {})).toEqual(['vdpa0']);
  });
});

it('while vDPA devices cannot be read, none is made or removed, and the other port is configured', async () => {
  const host = await VdpaHost.start();
  const plain = { pciAddress: PLAIN, numVfs: 2 };
  const wants = (numVfs: number, range: string): NodeStateSpec => {
    const { interfaces = [] } = vdpaSpec(numVfs, { range, vdpaType: 'vhost' });
    return { interfaces: [...interfaces, plain] };
  };
  await host.make(vdpaSpec(2, { range: '0-0', vdpaType: 'vhost' }, { range: '1-1' }));
  const end = host.kernel.addFault({ verb: 'list', path: '/sys/bus/vdpa/devices', errno: 'EIO' });
  expect(await host.make(wants(2, '0-1'))).toMatch(/^InterfaceUnreadable: .*it is not known whether VF 0-1 has a vDPA/);
  expect(await host.make(wants(3, '0-1'))).toMatch(
    /^VirtualFunctionInUse: .*the vDPA devices of the host cannot be read/,
  );
  const { interfaces } = await host.status(wants(2, '0-1'));
  expect(interfaces?.map(({ numVfs, Vfs }) => [numVfs, Vfs?.[0]?.vdpaType])).toEqual([
    [2, undefined],
    [2, undefined],
  ]);
  expect(host.drivers).toEqual(['vhost_vdpa', undefined]);
  end();
  expect(await host.make(wants(2, '0-1'))).toBe(IN_SYNC);
});

describe('a module that vDPA devices need and that cannot be loaded', () => {
  it.each([
    ['is missing', { missingModules: ['mlx5_vdpa'] }, 'the kernel does not have the module mlx5_vdpa'],
    [
      'is kept out',
      { modprobe: { 'cis.conf': 'install mlx5-vdpa /bin/false' } },
      'the kernel module mlx5_vdpa is kept out by /etc/modprobe.d/cis.conf ("install mlx5-vdpa /bin/false")',
    ],
  ])('and %s fails the PF that needs it once, and no other', async (_, world, cause) => {
    const host = await VdpaHost.start(world);
    const { interfaces = [] } = BOTH;
    const { failures, interfaces: seen } = await host.status({
      interfaces: [...interfaces, { pciAddress: PLAIN, numVfs: 2 }],
    });
    expect(failures).toEqual([
      expect.objectContaining({
        pciAddress: PORT,
        step: 'load-module',
        reason: 'ApplyFailed',
        message: expect.stringContaining(`ens2 (${PORT}): load kernel module mlx5_vdpa: ${cause}`),
      }),
    ]);
    expect(seen?.map(({ numVfs }) => numVfs)).toEqual([2, 4]);
    // VFs have what they can have without the module.
    expect([0, 1, 2, 3].map((id) => host.kernel.state.devices[host.vf(id)]?.driver)).toEqual(
      Array(4).fill('mlx5_core'),
    );
  });
});
