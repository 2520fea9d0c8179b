import { omitUndefined } from '@sriov/api';
import { type FirmwareChange, type FirmwareSetting, firmwareWords, type ObservedFirmware } from '@sriov/observed-host';
import { CommandError } from '../kernel/commands.ts';
import { EffectError, type ExecResult, type Kernel } from '../kernel/kernel.ts';
import { readAttribute } from '../kernel/sysfs.ts';
import { firstCharacters, NotUnderstoodError } from '../kernel/understand.ts';

/** mstconfig takes seconds for some parameters of a NIC (users measured up to 5 s for a query of all). */
const MSTCONFIG_MS = 60_000;

/** How far the kernel is locked down, in its own word; nothing where it is not (security/lockdown/lockdown.c). */
export async function readLockdown(kernel: Kernel): Promise<string | undefined> {
  const text = (await readAttribute(kernel, '/sys/kernel/security/lockdown')) ?? '';
  const mode = /\[(\w+)\]/.exec(text)?.[1];
  return mode === 'none' ? undefined : mode;
}

/**
 * Reads the settings of the firmware of a NIC through one of its ports.
 * @throws {CommandError} with what mstconfig says; {@link NotUnderstoodError}; {@link KernelError}, `ENOENT` where there
 * is no mstconfig
 */
export async function readFirmware(kernel: Kernel, pciAddress: string): Promise<ObservedFirmware> {
  const words = ['mstconfig', '-e', '-d', pciAddress, 'q'];
  const settings = readSettings(await runMst(kernel, words));
  const numOfVfs = settings.get('NUM_OF_VFS');
  const what = `the output of ${words.join(' ')}`;
  if (numOfVfs === undefined) throw new NotUnderstoodError(what, 'it has no setting NUM_OF_VFS');
  return omitUndefined({
    numOfVfs: mapSetting(numOfVfs, (value) => readCount(value, what)),
    sriovEnabled: mapSetting(settings.get('SRIOV_EN'), (value) => readTruth(value, what)),
    linkTypes: omitUndefined({
      1: mapSetting(settings.get('LINK_TYPE_P1'), wordOf),
      2: mapSetting(settings.get('LINK_TYPE_P2'), wordOf),
    }),
    isDpu: isDpu(settings),
  });
}

/**
 * Writes settings that the firmware of a NIC has after its next start.
 * @throws {CommandError} with what mstconfig says; {@link EffectError} when they are not what was written; as
 * {@link readFirmware} otherwise
 */
export async function writeFirmware(kernel: Kernel, pciAddress: string, change: FirmwareChange): Promise<void> {
  const settings = firmwareWords(change);
  if (settings.length === 0) return;
  const words = ['mstconfig', '-d', pciAddress, '-y', 'set', ...settings];
  await runMst(kernel, words);
  const present = nextWords(await readFirmware(kernel, pciAddress));
  if (settings.every((setting) => present.includes(setting))) return;
  const detail = `"${words.join(' ')}" succeeded, and the firmware does not have these settings for its next start`;
  throw new EffectError({ verb: 'exec', path: words.join(' '), detail });
}

/** What the firmware has after its next start, in the words of a change. */
function nextWords({ numOfVfs, sriovEnabled, linkTypes }: ObservedFirmware): string[] {
  return [
    `NUM_OF_VFS=${numOfVfs.next}`,
    ...(sriovEnabled?.next === true ? ['SRIOV_EN=True'] : []),
    `LINK_TYPE_P1=${linkTypes[1]?.next ?? ''}`,
    `LINK_TYPE_P2=${linkTypes[2]?.next ?? ''}`,
  ];
}

/** Runs a tool of mstflint, which says what is wrong on either of its outputs (measured with 4.21). */
async function runMst(kernel: Kernel, words: readonly string[]): Promise<string> {
  const [command = '', ...args] = words;
  const result = await kernel.exec(command, args, { deadlineMs: MSTCONFIG_MS });
  if (result.exitCode !== 0) throw new CommandError(words.join(' '), { ...result, stderr: complaintOf(result) });
  return result.stdout;
}

/** What a tool of mstflint complains of: the lines `-E- ...`, and what stands before them. A usage text follows some. */
function complaintOf({ stdout, stderr, exitCode }: ExecResult): string {
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith('-E-'));
  const others = lines.filter((line) => line.includes('denied'));
  return firstCharacters([...others, ...errors].join(', ')) || `exit code ${exitCode}`;
}

/** Most rows that are looked at: a NIC has a few hundred settings. */
const MOST_ROWS = 5_000;

/** The values of a setting, as they are printed: `8`, `True(1)`, `ETH(2)`. */
type Printed = FirmwareSetting<string>;

/**
 * The table of settings by name. A firmware that cannot tell what it has now prints fewer columns (showDefault and
 * showCurrent in mlxconfig/mlxcfg_ui.cpp of mstflint). `*` marks what differs, `RO` what cannot be changed.
 */
function readSettings(text: string): ReadonlyMap<string, Printed> {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith('Configurations:'));
  const settings = new Map<string, Printed>();
  if (start < 0) return settings;
  const columns = ['Default', 'Current', 'Next'].filter((title) => lines[start]?.includes(title));
  for (const line of lines.slice(start + 1, start + MOST_ROWS)) {
    const [name = '', ...values] = wordsIn(line);
    if (values.length === columns.length && !settings.has(name)) settings.set(name, printedSetting(columns, values));
  }
  return settings;
}

function wordsIn(line: string): string[] {
  return line
    .replace(/^\*?(?:RO)?\s+/, '')
    .split(/\s+/)
    .filter(Boolean);
}

function printedSetting(columns: readonly string[], values: readonly string[]): Printed {
  const current = values[columns.indexOf('Current')];
  return { ...(current !== undefined && { current }), next: values[columns.indexOf('Next')] ?? '' };
}

function mapSetting<T>(setting: Printed, read: (value: string) => T): FirmwareSetting<T>;
function mapSetting<T>(setting: Printed | undefined, read: (value: string) => T): FirmwareSetting<T> | undefined;
function mapSetting<T>(setting: Printed | undefined, read: (value: string) => T): FirmwareSetting<T> | undefined {
  if (setting === undefined) return undefined;
  const { current, next } = setting;
  return { ...(current !== undefined && { current: read(current) }), next: read(next) };
}

/** The most that the field of the firmware can hold (16 bits). */
const MOST = 65_535;

function readCount(value: string, what: string): number {
  const count = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (count <= MOST) return count;
  throw new NotUnderstoodError(what, `NUM_OF_VFS is ${value}, which is no number of VFs`);
}

function readTruth(value: string, what: string): boolean {
  const word = wordOf(value).toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  throw new NotUnderstoodError(what, `SRIOV_EN is ${value}, which is neither True nor False`);
}

/** `ETH(2)` without its number. */
function wordOf(value: string): string {
  return firstCharacters(value.replace(/\(.*$/, ''));
}

/** What a BlueField has in the mode in which its own processor owns the NIC (the documentation of its modes). */
const DPU_MODE: Readonly<Record<string, string>> = {
  INTERNAL_CPU_MODEL: 'EMBEDDED_CPU',
  INTERNAL_CPU_PAGE_SUPPLIER: 'ECPF',
  INTERNAL_CPU_ESWITCH_MANAGER: 'ECPF',
  INTERNAL_CPU_IB_VPORT0: 'ECPF',
  INTERNAL_CPU_OFFLOAD_ENGINE: 'ENABLED',
};

function isDpu(settings: ReadonlyMap<string, Printed>): boolean {
  return Object.entries(DPU_MODE).every(([name, value]) => {
    const { current, next = '' } = settings.get(name) ?? {};
    return wordOf(current ?? next) === value;
  });
}
