import { type DesiredInterface } from '@sriov/api';
import { type ObservedBoot, type ObservedHost } from '@sriov/observed-host';
import { firstEntries, groupsWithoutIommu } from '../planning/admit-pf.ts';
import { readGroups } from '../planning/desired.ts';

/** Which arguments the kernel gets for its IOMMU; `none`: somebody else takes care of them. */
export type IommuPreset = 'passthrough' | 'translated' | 'none';

/** What a host lacks, and what keeps it from being made up for. */
export interface MissingArguments {
  /** Arguments that the running kernel was not given, in the order in which they are given. */
  readonly missing: readonly string[];
  /** A word of the command line by which somebody has turned the IOMMU off. */
  readonly barrier?: string;
}

const NOTHING: MissingArguments = { missing: [] };

/**
 * The arguments that turn the IOMMU of a processor on, and how the devices of the host then go through it: `passthrough`
 * lets them reach all memory without a table, `translated` gives each its table. Both words are parsed by all kernels
 * for x86 since Linux 4.20 (Documentation/admin-guide/kernel-parameters.txt).
 */
const ARGUMENTS = {
  passthrough: ['intel_iommu=on', 'iommu=pt'],
  translated: ['intel_iommu=on', 'iommu.passthrough=0'],
} as const;

/**
 * Which kernel arguments a host lacks for VFs that are to be bound to vfio-pci. It judges by what is so, and not by
 * words: where the IOMMU is on, nothing is missing, however it came to be. An AMD machine turns its IOMMU on without
 * being asked if the firmware has it, and others need no argument either: for those a reboot would be in vain.
 */
export function findMissingArguments(boot: ObservedBoot, preset: IommuPreset, needsIommu: boolean): MissingArguments {
  if (!needsIommu || preset === 'none' || boot.hasIommu || boot.processor !== 'intel') return NOTHING;
  const barrier = boot.arguments.find(turnsOff);
  const missing = ARGUMENTS[preset].filter((wanted) => !isGiven(boot.arguments, wanted));
  // With that argument, it is the firmware that has none.
  if (!missing.includes('intel_iommu=on')) return NOTHING;
  return { missing, ...(barrier !== undefined && { barrier }) };
}

/**
 * Whether an argument is among the words. A word may have several values, separated by commas (`intel_iommu=on,sm_on`),
 * and is never only a part of another one: `iommu=on` is not in `intel_iommu=on`.
 */
export function isGiven(words: readonly string[], argument: string): boolean {
  const [name = '', value = ''] = argument.split('=');
  return words.some((word) => {
    const at = word.indexOf('=');
    return (
      at >= 0 &&
      word.slice(0, at) === name &&
      word
        .slice(at + 1)
        .split(',')
        .includes(value)
    );
  });
}

function turnsOff(word: string): boolean {
  return isGiven([word], 'intel_iommu=off') || isGiven([word], 'iommu=off');
}

/**
 * Whether a PF of the spec may turn out to need an IOMMU that the host has not, so that its boot is worth a look. The
 * plan decides whether one does.
 */
export function mayNeedIommu(entries: readonly DesiredInterface[], observed: ObservedHost): boolean {
  const wanted = firstEntries(entries);
  return observed.interfaces.some((pf) => {
    const entry = wanted.get(pf.pciAddress);
    const groups = entry === undefined ? [] : readGroups(entry);
    return typeof groups !== 'string' && groupsWithoutIommu(groups, pf).length > 0;
  });
}
