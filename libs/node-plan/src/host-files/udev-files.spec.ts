import { describe, expect, it } from '@jest/globals';
import {
  doesTheSame,
  isOperatorFile,
  networkManagerRule,
  pfNameRule,
  representorRule,
  scriptOf,
  type WantedUdevFile,
} from './udev-files.ts';

const PF = '0000:d8:00.0';

describe('a rule of udev', () => {
  it.each<[string, WantedUdevFile, string, string]>([
    [
      'keeps NetworkManager off VFs',
      networkManagerRule(PF, ['1018', '1017', '1018']),
      `rules.d/10-nm-disable-${PF}.rules`,
      'SUBSYSTEM=="net", ACTION=="add|change|move", ATTRS{device}=="0x1017|0x1018", IMPORT{program}="/etc/udev/disable-nm-sriov.sh $env{INTERFACE} 0000:d8:00.0"',
    ],
    [
      'keeps the name of a PF',
      pfNameRule(PF, 'ens5f0'),
      `rules.d/10-pf-name-${PF}.rules`,
      'SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", KERNELS=="0000:d8:00.0", NAME="ens5f0"',
    ],
    [
      'names representors',
      representorRule({ pciAddress: PF, name: 'ens5f0', switchId: '7cfe90ff2cc0', portName: 'p1' }),
      `rules.d/20-switchdev-${PF}.rules`,
      'SUBSYSTEM=="net", ACTION=="add|move", ATTRS{phys_switch_id}=="7cfe90ff2cc0", ATTR{phys_port_name}=="pf1vf*", IMPORT{program}="/etc/udev/switchdev-vf-link-name.sh $attr{phys_port_name}", NAME="ens5f0_$env{NUMBER}"',
    ],
  ])('that %s is in the file and has the text of upstream', (_, file, path, content) => {
    expect(file).toEqual({ path, content, isExecutable: false });
    expect(isOperatorFile(path)).toBe(true);
  });

  it.each([
    'rules.d/70-persistent-net.rules',
    'rules.d/10-nm-disable-eth0.rules',
    `rules.d/10-nm-disable-${PF}.rules.bak`,
    'hwdb.bin',
    'rules.d',
  ])('is none of the operator’s in the file %s', (path) => {
    expect(isOperatorFile(path)).toBe(false);
  });
});

describe('a file that is there', () => {
  const wanted = networkManagerRule(PF, ['1018']);
  const script = scriptOf('networkManager');
  const present = (content: string, isExecutable = false): { content: string; isExecutable: boolean } => ({
    content,
    isExecutable,
  });

  it.each<[string, boolean, Parameters<typeof doesTheSame>]>([
    ['has the text', true, [present(wanted.content), wanted]],
    ['lists more devices, as that of upstream does', true, [networkManagerRule(PF, ['1016', '1018', '101c']), wanted]],
    ['does not list the device', false, [networkManagerRule(PF, ['1016']), wanted]],
    ['is about another PF', false, [networkManagerRule('0000:d8:00.1', ['1018']), wanted]],
    ['is empty', false, [present(''), wanted]],
    ['is not there', false, [undefined, wanted]],
    ['is a program that nobody can run', false, [present(script?.content ?? ''), script ?? wanted]],
    ['is a program that can be run', true, [present(script?.content ?? '', true), script ?? wanted]],
  ])('and %s: does the same: %s', (_, expected, words) => {
    expect(doesTheSame(...words)).toBe(expected);
  });
});
