import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { addVdpaDevice, bindVdpaDriver, deleteVdpaDevice, listVdpaDevices, listVdpaNames } from './vdpa.ts';

const NAME = 'vdpa:0000:5e:00.2';
const VF = 'pci/0000:5e:00.2';
const BUS = '/sys/bus/vdpa';
const DRIVER = `${BUS}/devices/${NAME}/driver`;
const OVERRIDE = `${BUS}/devices/${NAME}/driver_override`;
const PROBE = `${BUS}/drivers_probe`;
const UNBIND = `${BUS}/drivers/virtio_vdpa/unbind`;

/** A device with a driver or none; what the kernel binds when it is asked to probe. */
function host(driver: string | undefined, onProbe?: string): TestKernel {
  const bound = (name: string): string => `->../../bus/vdpa/drivers/${name}`;
  const kernel = new TestKernel({
    files: { [OVERRIDE]: '', [PROBE]: '', [UNBIND]: '', ...(driver !== undefined && { [DRIVER]: bound(driver) }) },
  });
  kernel.onWrite = (path) => {
    if (path === UNBIND) kernel.files.delete(DRIVER);
    if (path === PROBE && onProbe !== undefined) kernel.files.set(DRIVER, bound(onProbe));
  };
  return kernel;
}

describe('a vDPA device', () => {
  it('is made with or without a MAC address', async () => {
    const plain = `vdpa dev add name ${NAME} mgmtdev ${VF}`;
    const withMac = `${plain} mac 02:00:00:00:00:01`;
    const kernel = new TestKernel({ commands: { [plain]: '', [withMac]: '' } });
    await addVdpaDevice(kernel, { name: NAME, managementDevice: VF });
    await addVdpaDevice(kernel, { name: NAME, managementDevice: VF, mac: '02:00:00:00:00:01' });
    expect(kernel.done).toEqual([plain, withMac]);
  });

  it.each<[string, string, boolean]>([
    ['takes the number of queues', '', false],
    [
      'takes none',
      '!Error: vdpa: All provided attributes are not supported.\nkernel answers: Operation not supported',
      true,
    ],
    ['has fewer', '!kernel answers: Invalid argument', true],
    ['is asked by a command that does not know the word', '!Unknown option "max_vqp"', true],
  ])('has as many queues as it may have, where its management device %s', async (_, answer, isAskedAgain) => {
    const plain = `vdpa dev add name ${NAME} mgmtdev ${VF}`;
    const kernel = new TestKernel({ commands: { [`${plain} max_vqp 32`]: answer, [plain]: '' } });
    await addVdpaDevice(kernel, { name: NAME, managementDevice: VF, maxQueuePairs: 32 });
    expect(kernel.done).toEqual([`${plain} max_vqp 32`, ...(isAskedAgain ? [plain] : [])]);
  });

  it('is not asked for again where there is no such management device', async () => {
    const line = `vdpa dev add name ${NAME} mgmtdev ${VF} max_vqp 32`;
    const kernel = new TestKernel({ commands: { [line]: '!kernel answers: No such device' } });
    await expect(addVdpaDevice(kernel, { name: NAME, managementDevice: VF, maxQueuePairs: 32 })).rejects.toThrow(
      `${line}: kernel answers: No such device`,
    );
    expect(kernel.done).toEqual([line]);
  });

  it('has a name that no command is needed for', async () => {
    expect(await listVdpaNames(new TestKernel({ files: { [OVERRIDE]: '' } }))).toEqual([NAME]);
    expect(await listVdpaNames(new TestKernel({}))).toEqual([]);
    const kernel = new TestKernel({ files: { [`${BUS}/devices`]: '[EACCES]' } });
    await expect(listVdpaNames(kernel)).rejects.toMatchObject({ code: 'EACCES' });
  });

  it.each([
    ['nothing when there are none', '{}', []],
    [
      'what it was made from, and its driver',
      JSON.stringify({ dev: { [NAME]: { type: 'network', mgmtdev: VF, vendor_id: 0, max_vqs: 3 } } }),
      [{ name: NAME, managementDevice: VF, driver: 'vhost_vdpa' }],
    ],
  ])('is listed: %s', async (_, output, expected) => {
    const kernel = host('vhost_vdpa');
    kernel.commands.set('vdpa -j dev show', output);
    expect(await listVdpaDevices(kernel)).toEqual(expected);
  });

  it.each<[string, string | undefined, string[]]>([
    ['the driver is there already', 'vhost_vdpa', []],
    ['none is', undefined, [`${OVERRIDE} = vhost_vdpa`, `${PROBE} = ${NAME}`]],
    ['another is', 'virtio_vdpa', [`${UNBIND} = ${NAME}`, `${OVERRIDE} = vhost_vdpa`, `${PROBE} = ${NAME}`]],
  ])('is bound when %s', async (_, present, done) => {
    const kernel = host(present, 'vhost_vdpa');
    await bindVdpaDriver(kernel, NAME, 'vhost_vdpa');
    expect(kernel.done).toEqual(done);
    const slow = done.map((line) => line.split(' = ')[0]).filter((path) => path !== OVERRIDE);
    expect([...kernel.deadlines]).toEqual(slow.map((path) => [path, 60_000]));
  });

  it('is bound by name where the kernel has no driver_override for it', async () => {
    const bind = `${BUS}/drivers/vhost_vdpa/bind`;
    const kernel = new TestKernel({ files: { [bind]: '' } });
    kernel.onWrite = () => kernel.files.set(DRIVER, '->../../bus/vdpa/drivers/vhost_vdpa');
    await bindVdpaDriver(kernel, NAME, 'vhost_vdpa');
    expect(kernel.done).toEqual([`${OVERRIDE} = vhost_vdpa`, `${bind} = ${NAME}`]);
  });

  it('that the kernel left unbound in silence is an error', async () => {
    await expect(bindVdpaDriver(host(undefined), NAME, 'vhost_vdpa')).rejects.toMatchObject({
      code: 'ENODEV',
      message: `write ${PROBE}: ENODEV (vhost_vdpa does not take ${NAME})`,
    });
  });

  it('is deleted, or was', async () => {
    const command = `vdpa dev del ${NAME}`;
    await deleteVdpaDevice(new TestKernel({ commands: { [command]: '' } }), NAME);
    await deleteVdpaDevice(new TestKernel({ commands: { [command]: '!kernel answers: No such device' } }), NAME);
    const busy = new TestKernel({ commands: { [command]: '!kernel answers: Device or resource busy' } });
    await expect(deleteVdpaDevice(busy, NAME)).rejects.toThrow(CommandError);
  });
});
