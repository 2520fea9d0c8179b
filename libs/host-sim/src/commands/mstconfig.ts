import { cardAddress, firmwareOf, planFirmware, startFirmware } from '../machine/firmware.ts';
import { type Machine } from '../machine/machine.ts';
import { type FirmwareSettings } from '../state.ts';
import { type WorldNic } from '../world.ts';
import { type Command, type CommandResult, printed } from './command.ts';

/** mstconfig prints its complaints to its standard output, and ends with 3 (measured with mstflint 4.21). */
const refused = (text: string): CommandResult => ({ exitCode: 3, stdout: `${text}\n`, stderr: '' });
/** As mstconfig 4.21 says on a machine without the device. */
const NO_DEVICE = refused('-E- Failed to open the device');
/** As a user has reported it of a kernel that is locked down (issue 416 of mstflint). */
const LOCKED = refused('write counter to semaphore: Permission denied\n-E- Failed to open the device');

const QUERY_MS = 5_000;

/**
 * `mstconfig [-e] -d DEVICE q` and `mstconfig -d DEVICE -y set NAME=VALUE...` of mstflint. The table is printed as
 * printConfHeader and printSingleParam in mlxconfig/mlxcfg_ui.cpp do.
 */
export const mstconfig: Command = {
  changes: (args) => args.includes('set'),
  async run(machine, args) {
    const device = args[args.indexOf('-d') + 1] ?? '';
    await machine.take(QUERY_MS);
    if (firmwareOf(machine, device) === undefined || !isMellanox(machine, device)) return NO_DEVICE;
    if (machine.world.lockdown !== 'none') return LOCKED;
    const set = args.indexOf('set');
    return set < 0 ? query(machine, device) : write(machine, device, args.slice(set + 1));
  },
};

/**
 * `mstfwreset -d DEVICE --skip_driver -l 3 -y reset` of mstflint. Upstream removes all VFs before (its pull request 904);
 * what a NIC does otherwise is modelled.
 */
export function resetFirmware(machine: Machine, device: string): void {
  if (firmwareOf(machine, device) === undefined || machine.world.lockdown !== 'none') return;
  const hasVfs = Object.entries(machine.state.devices).some(
    ([address, { pf }]) => cardAddress(address) === cardAddress(device) && (pf?.vfs.length ?? 0) > 0,
  );
  if (!hasVfs) startFirmware(machine, device);
}

function isMellanox(machine: Machine, device: string): boolean {
  return machine.model(device).vendor === '15b3';
}

function query(machine: Machine, device: string): CommandResult {
  const { current, next, first } = firmwareOf(machine, device) ?? { current: {}, next: {} };
  const before = printedSettings(current, first);
  const rows = printedSettings(next, first).map(([name, value]) => {
    const present = before.find(([other]) => other === name)?.[1] ?? value;
    return `${(value === present ? '' : '*').padEnd(8)}${name.padEnd(44)}${[value, present, value].map((each) => each.padEnd(20)).join(' ')}`;
  });
  const header = `${'Configurations:'.padEnd(52)}${['Default', 'Current', 'Next Boot'].map((each) => each.padEnd(20)).join(' ')}`;
  const opening = [
    '',
    'Device #1:',
    '----------',
    '',
    'Device type:        ConnectX6DX',
    `Device:             ${device}`,
    '',
  ];
  return printed(`${[...opening, header, ...rows].join('\n')}\n`);
}

const DPU: readonly (readonly [string, string])[] = [
  ['INTERNAL_CPU_MODEL', 'EMBEDDED_CPU(1)'],
  ['INTERNAL_CPU_PAGE_SUPPLIER', 'ECPF(0)'],
  ['INTERNAL_CPU_ESWITCH_MANAGER', 'ECPF(0)'],
  ['INTERNAL_CPU_IB_VPORT0', 'ECPF(0)'],
  ['INTERNAL_CPU_OFFLOAD_ENGINE', 'ENABLED(0)'],
];

function printedSettings(settings: FirmwareSettings, first: WorldNic | undefined): (readonly [string, string])[] {
  const { numOfVfs = 0, sriovEnabled = true, linkType1, linkType2 } = settings;
  const ofLink = (name: string, type: string | undefined): [string, string][] =>
    type === undefined || first?.firmware.isVpi === false ? [] : [[name, type === 'IB' ? 'IB(1)' : 'ETH(2)']];
  return [
    ...(first?.firmware.isDpu === true ? DPU : []),
    ['PF_NUM_OF_VF_VALID', 'False(0)'],
    ['NUM_OF_VFS', String(numOfVfs)],
    ['SRIOV_EN', sriovEnabled ? 'True(1)' : 'False(0)'],
    ...ofLink('LINK_TYPE_P1', linkType1),
    ...ofLink('LINK_TYPE_P2', linkType2),
  ];
}

function write(machine: Machine, device: string, words: readonly string[]): CommandResult {
  const { next = {}, first } = firmwareOf(machine, device) ?? {};
  const known = printedSettings(next, first).map(([name]) => name);
  let settings: FirmwareSettings = {};
  for (const word of words) {
    const [name = '', value = ''] = word.split('=');
    // "The Device doesn't support %s parameter" is a text of mlxconfig.
    if (!known.includes(name)) return refused(`-E- The Device doesn't support ${name} parameter`);
    settings = { ...settings, ...settingOf(name, value) };
  }
  planFirmware(machine, device, settings);
  return printed('\nApplying... Done!\n-I- Please reboot machine to load new configurations.\n');
}

function settingOf(name: string, value: string): FirmwareSettings {
  const linkType = /^(IB|1)$/i.test(value) ? 'IB' : 'ETH';
  if (name === 'NUM_OF_VFS') return { numOfVfs: Number(value) };
  if (name === 'SRIOV_EN') return { sriovEnabled: /^(true|1)$/i.test(value) };
  if (name === 'LINK_TYPE_P1') return { linkType1: linkType };
  return name === 'LINK_TYPE_P2' ? { linkType2: linkType } : {};
}
