import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { setLinkUp, setMtu, setVfMac } from './links.ts';

describe('commands that change a link', () => {
  const commands = {
    'ip link set dev ens1 mtu 9000': '',
    'ip link set dev ens1 up': '',
    'ip link set dev ens1 vf 3 mac 02:00:00:00:00:01': '',
  };

  it('are commands of ip', async () => {
    const kernel = new TestKernel({ commands });
    await setMtu(kernel, 'ens1', 9000);
    await setLinkUp(kernel, 'ens1');
    await setVfMac(kernel, { pfName: 'ens1', id: 3 }, '02:00:00:00:00:01');
    expect(kernel.done).toEqual(Object.keys(commands));
  });

  it('are failures when they had no effect, although they report no error', async () => {
    const files = { '/sys/class/net/ens1/mtu': '1500', '/sys/class/net/ens1/flags': '0x1002' };
    const kernel = new TestKernel({ commands, files });
    await expect(setMtu(kernel, 'ens1', 9000)).rejects.toMatchObject({
      message: 'MTU 9000 was asked for, ip reported no error, and ens1 has 1500: its driver allows no other',
    });
    await expect(setLinkUp(kernel, 'ens1')).rejects.toMatchObject({ code: 'NO_EFFECT' });
    kernel.files.set('/sys/class/net/ens1/flags', '0x1003');
    await setLinkUp(kernel, 'ens1');
  });

  it('say why they failed, in the last line of their output', async () => {
    const kernel = new TestKernel({
      commands: { 'ip link set dev ens1 up': '!Warning: x\nRTNETLINK answers: Operation not permitted' },
    });
    await expect(setLinkUp(kernel, 'ens1')).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'ip link set dev ens1 up: RTNETLINK answers: Operation not permitted',
      exitCode: 1,
    });
  });
});
