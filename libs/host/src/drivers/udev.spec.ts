import { describe, expect, it } from '@jest/globals';
import { CommandError } from '../kernel/commands.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { nameRepresentors, reloadUdevRules } from './udev.ts';

const RELOAD = 'udevadm control --reload-rules';

describe('udev', () => {
  it('reads its rules again', async () => {
    const kernel = new TestKernel({ commands: { [RELOAD]: '' } });
    await reloadUdevRules(kernel);
    expect(kernel.done).toEqual([RELOAD]);
  });

  it('has not done so where udevadm takes the host for a chroot, which it says with exit code 0', async () => {
    const kernel = Object.assign(new TestKernel({}), {
      exec: () => Promise.resolve({ exitCode: 0, stdout: '', stderr: 'Running in chroot, ignoring request.\n' }),
    });
    await expect(reloadUdevRules(kernel)).rejects.toThrow(CommandError);
  });
});

describe('representors', () => {
  const PF = '0000:5e:00.0';
  const LINKS = 'ip -j -d link show';
  const PORTS = 'devlink -j port show';
  const SETTLE = 'udevadm settle --timeout=30';
  const TRIGGER = 'udevadm trigger --action=add /sys/class/net/eth0';
  const ALTNAME = 'ip link property add dev eth0 altname ens1_0';
  const names = new Map([[0, 'ens1_0']]);
  const links = (name: string, altnames: string[] = []): string =>
    JSON.stringify([
      {
        ifname: name,
        altnames,
        phys_port_name: 'pf0vf0',
        parentbus: 'pci',
        parentdev: PF,
        mtu: 1500,
        flags: [],
        address: '02:00:00:00:00:01',
        link_type: 'ether',
      },
      {
        ifname: 'eth9',
        phys_port_name: 'pf1vf0',
        parentbus: 'pci',
        parentdev: '0000:5e:00.1',
        mtu: 1500,
        flags: [],
        address: '02:00:00:00:00:02',
        link_type: 'ether',
      },
    ]);
  const commands = { [PORTS]: '{"port":{}}', [SETTLE]: '', [RELOAD]: '', [TRIGGER]: '', [ALTNAME]: '' };

  /** A host on which udev names interfaces at the command, if at all. */
  function host(namesAt: string | undefined, change: Record<string, string> = {}): TestKernel {
    const kernel = new TestKernel({ commands: { ...commands, [LINKS]: links('eth0'), ...change } });
    const exec = kernel.exec.bind(kernel);
    kernel.exec = async (command, args, options) => {
      const result = await exec(command, args, options);
      if ([command, ...args].join(' ') === namesAt) kernel.commands.set(LINKS, links('ens1_0'));
      return result;
    };
    return kernel;
  }
  const changes = ({ done }: TestKernel): string[] => done.filter((line) => line !== LINKS && line !== PORTS);

  it.each<[string, TestKernel, string[]]>([
    ['are only waited for where udev is about to name them', host(SETTLE), [SETTLE]],
    ['get an event of their own where they came before the rules', host(TRIGGER), [SETTLE, RELOAD, TRIGGER, SETTLE]],
    [
      'get alternative names where udev names them otherwise',
      host(undefined),
      [SETTLE, RELOAD, TRIGGER, SETTLE, ALTNAME],
    ],
    [
      'get alternative names where udev does not answer',
      host(undefined, { [SETTLE]: '!1' }),
      [SETTLE, RELOAD, TRIGGER, SETTLE, ALTNAME],
    ],
  ])('%s', async (_, kernel, expected) => {
    await nameRepresentors(kernel, PF, { names, byUdev: true });
    expect(changes(kernel)).toEqual(expected);
  });

  it('get alternative names at once where udev is not to name them, and once only', async () => {
    const kernel = host(undefined);
    await nameRepresentors(kernel, PF, { names, byUdev: false });
    kernel.commands.set(LINKS, links('eth0', ['ens1_0']));
    await nameRepresentors(kernel, PF, { names, byUdev: false });
    expect(changes(kernel)).toEqual([ALTNAME]);
  });

  it('that can have no alternative names are a failure', async () => {
    const kernel = host(undefined, { [ALTNAME]: '!2' });
    await expect(nameRepresentors(kernel, PF, { names, byUdev: false })).rejects.toThrow(ALTNAME);
  });
});
