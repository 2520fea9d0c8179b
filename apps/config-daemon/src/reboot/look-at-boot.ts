import { readBoot, readBootLoader } from '@sriov/host';
import { findMissingArguments, isRebootRecord, mayNeedIommu } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import { type LookPorts, type Wanted } from '../gather.ts';
import { type JournalEntries } from '../journal/journal.ts';

/** What decides how much is looked at. */
interface BootScope {
  readonly wanted: Pick<Wanted, 'spec' | 'iommu'>;
  readonly journal: Pick<JournalEntries, 'reboots'>;
}

/**
 * The host with how it was booted, where that matters: something may lack for want of a kernel argument, or reboots are
 * to be counted. The boot loader is asked only when it has to be told something.
 */
export async function withBoot(
  { kernel, grubFolder }: Pick<LookPorts, 'kernel' | 'grubFolder'>,
  host: ObservedHost,
  { wanted: { spec, iommu = 'none' }, journal }: BootScope,
): Promise<ObservedHost> {
  const isOff = mayNeedIommu(spec.interfaces ?? [], host) && iommu !== 'none';
  const { reboots } = journal;
  if (!isOff && isRebootRecord(reboots) && reboots.length === 0) return host;
  const boot = await readBoot(kernel);
  const { missing } = findMissingArguments(boot, iommu, isOff);
  if (missing.length === 0 || grubFolder === undefined) return { ...host, boot };
  return { ...host, boot: { ...boot, loader: await readBootLoader(kernel, grubFolder) } };
}
