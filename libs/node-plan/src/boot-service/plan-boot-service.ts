import { CONDITION, REASON, SYNC_STATUS } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { counted } from '@sriov/words';
import { type BootConfig, bootConfigText, readBootConfig, saysSame } from './boot-config.ts';
import { BOOT_FILES, BOOT_UNITS, isBootProgram, UNIT_FOLDER, WANTED_UNITS } from './boot-files.ts';
import { type BootResult, bootResultText, isDue, neverRun, readBootResult, unfinished } from './boot-result.ts';
import { type BootUnit } from './boot-units.ts';

/** What there is of the boot service on a host. */
export interface PresentBootService {
  /** systemd runs the host. */
  readonly hasSystemd: boolean;
  /** Folders that cannot be written, with an error code. */
  readonly refusals: readonly string[];
  /** Texts of {@link BOOT_FILES}, by file name, and of the units, by unit. */
  readonly files: ReadonlyMap<string, string>;
  readonly units: ReadonlyMap<string, string>;
  /** Units that start at boot. */
  readonly enabled: readonly string[];
  /** Names in the folder of programs. */
  readonly programs: readonly string[];
}

/** Everything that bears on the boot service of a host. */
export interface BootServiceFacts {
  /** `systemd`: it is wanted. `daemon`: it is not. */
  readonly mode: 'systemd' | 'daemon';
  /** What it is to make; absent as long as nothing is planned for the node. */
  readonly config: BootConfig | undefined;
  readonly units: readonly BootUnit[];
  /** Name of the program that the units run. */
  readonly program: string;
  readonly bootId: string;
  readonly present: PresentBootService;
}

/** One action on the boot service. Each can be repeated. */
export type BootServiceStep =
  /** The boot service should have run in this boot, and has not, or not to its end. */
  | { readonly kind: 'write-boot-result'; readonly text: string }
  | { readonly kind: 'write-boot-config'; readonly text: string }
  | { readonly kind: 'install-boot-program'; readonly name: string }
  | { readonly kind: 'write-boot-units'; readonly units: readonly BootUnit[] }
  | { readonly kind: 'enable-boot-units'; readonly names: readonly string[] }
  | { readonly kind: 'remove-boot-units'; readonly paths: readonly string[] }
  | { readonly kind: 'remove-boot-files'; readonly names: readonly string[] }
  | { readonly kind: 'remove-boot-programs'; readonly names: readonly string[] };

/** What will be done to the boot service, in order, up to the first step that fails. */
export interface BootServicePlan {
  readonly steps: readonly BootServiceStep[];
  /** Why nothing of it can be done. */
  readonly refusal?: string;
}

/**
 * Compares the boot service with what is wanted. A unit is there after its program and its file, and goes before them,
 * so that whatever is cut off leaves a host that boots.
 */
export function planBootService(facts: BootServiceFacts): BootServicePlan {
  const steps = facts.mode === 'systemd' ? stepsToInstall(facts) : stepsToRemove(facts.present);
  const refusal = steps.length === 0 ? undefined : refusalOf(facts);
  return refusal === undefined ? { steps } : { steps: [], refusal };
}

function refusalOf({ mode, present: { hasSystemd, refusals } }: BootServiceFacts): string | undefined {
  if (mode === 'systemd' && !hasSystemd) return 'systemd does not run this host';
  return refusals.length === 0 ? undefined : `${refusals.join(' and ')} cannot be written`;
}

function stepsToInstall(facts: BootServiceFacts): BootServiceStep[] {
  const { config, units, program, present } = facts;
  if (config === undefined) return [];
  const { files, programs, enabled } = present;
  const isWritten = saysSame(files.get(BOOT_FILES.config), config);
  const outdated = units.filter(({ name, text }) => present.units.get(name) !== text);
  const off = units.flatMap(({ name }) => (enabled.includes(name) ? [] : name));
  const old = programs.filter((name) => isBootProgram(name) && name !== program);
  return [
    ...resultsOf(facts).map((result) => ({ kind: 'write-boot-result', text: bootResultText(result) }) as const),
    ...(isWritten ? [] : [{ kind: 'write-boot-config', text: bootConfigText(config) } as const]),
    ...(programs.includes(program) ? [] : [{ kind: 'install-boot-program', name: program } as const]),
    ...(outdated.length > 0 ? [{ kind: 'write-boot-units', units: outdated } as const] : []),
    ...(off.length > 0 ? [{ kind: 'enable-boot-units', names: off } as const] : []),
    ...removal('remove-boot-programs', old),
    ...removal(
      'remove-boot-files',
      [BOOT_FILES.nicList].filter((name) => files.has(name)),
    ),
  ];
}

/** What has to be written about this boot: the boot service is over when the daemon looks, whatever has become of it. */
function resultsOf(facts: BootServiceFacts): BootResult[] {
  const { bootId, present } = facts;
  if (hasNotRun(facts)) return [neverRun(bootId)];
  const result = resultOf(present);
  return result?.bootId === bootId && isDue('post', result, bootId) ? [unfinished(result)] : [];
}

/** It was complete before this boot, and its file of this boot is missing. */
function hasNotRun({ units, bootId, present }: BootServiceFacts): boolean {
  const { files, enabled } = present;
  const config = readBootConfig(files.get(BOOT_FILES.config) ?? '');
  if (typeof config === 'string' || config.bootId === bootId) return false;
  const isComplete = units.every(({ name }) => present.units.has(name) && enabled.includes(name));
  return isComplete && resultOf(present)?.bootId !== bootId;
}

function resultOf({ files }: PresentBootService): BootResult | undefined {
  const text = files.get(BOOT_FILES.result);
  return text === undefined ? undefined : readBootResult(text);
}

function stepsToRemove({ units, enabled, files, programs }: PresentBootService): BootServiceStep[] {
  const names = Object.values(BOOT_UNITS);
  const links = enabled.filter((name) => names.includes(name)).map((name) => `${WANTED_UNITS}/${name}`);
  const paths = [...links, ...names.filter((name) => units.has(name))];
  return [
    ...(paths.length > 0 ? [{ kind: 'remove-boot-units', paths } as const] : []),
    ...removal('remove-boot-files', [...files.keys()]),
    ...removal('remove-boot-programs', programs.filter(isBootProgram)),
  ];
}

function removal<K extends 'remove-boot-files' | 'remove-boot-programs'>(
  kind: K,
  names: readonly string[],
): { readonly kind: K; readonly names: readonly string[] }[] {
  return names.length > 0 ? [{ kind, names }] : [];
}

/**
 * What a node says of its boot service. `failure`: why the plan could not be carried out. `null`: there is none, and none
 * is wanted. `undefined`: nothing is known yet.
 */
export function bootServiceCondition(
  facts: BootServiceFacts,
  { refusal, failure }: { readonly refusal?: string | undefined; readonly failure?: string | undefined },
): NewCondition | null | undefined {
  const type = CONDITION.bootServiceReady;
  const no = (reason: NewCondition['reason'], message: string): NewCondition => ({
    type,
    status: 'False',
    reason,
    message,
  });
  const isWanted = facts.mode === 'systemd';
  const verb = isWanted ? 'set up' : 'removed';
  if (refusal !== undefined) {
    const end = isWanted
      ? 'the daemon makes the VFs when it starts'
      : `remove ${Object.values(BOOT_UNITS).join(' and ')} from ${UNIT_FOLDER}`;
    return no(REASON.unsupported, `the boot service cannot be ${verb}, because ${refusal}: ${end}`);
  }
  if (failure !== undefined) return no(REASON.bootServiceNotSetUp, `the boot service could not be ${verb}: ${failure}`);
  if (!isWanted) return null;
  if (facts.config === undefined) return undefined;
  const fault = faultOfBoot(facts);
  if (fault !== undefined) return no(REASON.bootServiceFailed, `the boot service failed at the last boot: ${fault}`);
  const pfs = counted(facts.config.spec.interfaces?.length ?? 0, 'PF');
  const message = `the boot service configures ${pfs} at the next boot, before pods start`;
  return { type, status: 'True', reason: REASON.bootServiceReady, message };
}

/** What went wrong in the boot that runs; nothing where it went well, or was begun without the boot service. */
function faultOfBoot({ bootId, present }: BootServiceFacts): string | undefined {
  const result = resultOf(present);
  if (result?.bootId !== bootId) return undefined;
  if (result.syncStatus === SYNC_STATUS.inProgress) return unfinished(result).lastSyncError;
  return result.lastSyncError === '' ? undefined : result.lastSyncError;
}
