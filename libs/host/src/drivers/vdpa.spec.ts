import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { addVdpaDevice, bindVdpaDriver, deleteVdpaDevice, listVdpaDevices } from './vdpa.ts';

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
