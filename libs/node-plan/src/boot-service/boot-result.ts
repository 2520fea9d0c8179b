import { SYNC_STATUS } from '@sriov/api';
import { z } from 'zod';
import { BOOT_UNITS, type BootPhase } from './boot-files.ts';

/** How far a boot has come. */
export interface BootResult {
  /** `InProgress`: the phase before the network has done its part, and the one after it has not begun. */
  readonly syncStatus: (typeof SYNC_STATUS)[keyof typeof SYNC_STATUS];
  /** What went wrong, behind the phase and a colon. Next to `Succeeded` it is what the second phase has made good. */
  readonly lastSyncError: string;
  /** The boot that it is about; absent in files of upstream, which does not tell. */
  readonly bootId?: string;
}

const resultSchema: z.ZodType<BootResult> = z.object({
  syncStatus: z.enum(SYNC_STATUS),
  lastSyncError: z.string().default(''),
  bootId: z.string().exactOptional(),
});

/** The file: two lines as upstream writes them, and one with the boot. */
export function bootResultText({ syncStatus, lastSyncError, bootId }: BootResult): string {
  const lines = [`syncStatus: ${syncStatus}`, `lastSyncError: ${JSON.stringify(lastSyncError)}`];
  return [...lines, ...(bootId === undefined ? [] : [`bootId: ${bootId}`]), ''].join('\n');
}

/** Reads the file; nothing when it says nothing that can be understood. */
export function readBootResult(text: string): BootResult | undefined {
  // A message can have characters that end a line for a regular expression, and not in the file (U+2028).
  const matches = text.split('\n').map((line) => /^(\w+):[ \t]*([^]*?)[ \t]*$/.exec(line));
  const pairs = matches.flatMap((match) => (match === null ? [] : [[match[1], unquote(match[2] ?? '')]]));
  return resultSchema.safeParse(Object.fromEntries(pairs)).data;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

/** What stands in the file while a phase runs, and for good if it is killed. */
export function begun(phase: BootPhase, bootId: string): BootResult {
  return { syncStatus: SYNC_STATUS.failed, lastSyncError: `${phase}: it has begun, and has not ended`, bootId };
}

/** What stands in the file when a phase has ended. `before` is what went wrong before the network, if anything did. */
export function ended(
  phase: BootPhase,
  {
    failure,
    before = '',
    bootId,
  }: { readonly failure?: string | undefined; readonly before?: string; readonly bootId: string },
): BootResult {
  if (failure !== undefined) return { syncStatus: SYNC_STATUS.failed, lastSyncError: `${phase}: ${failure}`, bootId };
  if (phase === 'pre') return { syncStatus: SYNC_STATUS.inProgress, lastSyncError: '', bootId };
  return { syncStatus: SYNC_STATUS.succeeded, lastSyncError: before, bootId };
}

/** What the daemon writes where a boot has gone by without the boot service. */
export function neverRun(bootId: string): BootResult {
  const lastSyncError = `its units have not run: journalctl -b -u ${BOOT_UNITS.pre} -u ${BOOT_UNITS.post} says why`;
  return { syncStatus: SYNC_STATUS.failed, lastSyncError, bootId };
}

const NOT_BEGUN = 'post: it has not begun';

/** What the daemon makes of a result whose second phase is missing: from now on pods may have VFs. */
export function unfinished({ lastSyncError, ...result }: BootResult): BootResult {
  const error = lastSyncError === '' ? NOT_BEGUN : `${NOT_BEGUN}; ${lastSyncError}`;
  return { ...result, syncStatus: SYNC_STATUS.failed, lastSyncError: error };
}

/** Whether the phase is still to be run in the boot, in which the daemon has not run before. */
export function isDue(phase: BootPhase, known: BootResult | undefined, bootId: string): boolean {
  if (known?.bootId !== bootId) return true;
  if (phase === 'pre' || known.syncStatus === SYNC_STATUS.succeeded) return false;
  // Once the second has begun, the kubelet may run, and pods may have VFs.
  return known.syncStatus === SYNC_STATUS.inProgress || known.lastSyncError.startsWith('pre: ');
}
