import { type DesiredInterface } from '@sriov/api';
import { type ObservedHost, type ObservedPf, type ObservedUdev } from '@sriov/observed-host';
import { type PfPlan, type UdevPlan } from '../planning/steps.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type NamesResult, planNames } from './plan-names.ts';
import {
  doesTheSame,
  networkManagerRule,
  pfNameRule,
  representorRule,
  rulePath,
  scriptOf,
  UDEV_RULES,
  type UdevRule,
  UPSTREAM_LEFTOVER,
  type WantedUdevFile,
} from './udev-files.ts';

/** What bears on the files of udev. */
export interface UdevCase {
  readonly observed: ObservedHost;
  /** Entries of the spec that are in force, or will be. */
  readonly taken: readonly DesiredInterface[];
  /** PFs of ours, by PCI address, that no policy wants any more and that nothing keeps from being given back. */
  readonly givenBack: readonly string[];
}

/** What is done to the files of udev, and what people should know. */
export interface UdevResult {
  readonly udev: readonly UdevPlan[];
  readonly warnings: readonly string[];
  /** PFs that are given back and of which rules are left, or may be, by PCI address: they stay ours until those are gone. */
  readonly left: ReadonlySet<string>;
}

/**
 * Plans the files of udev: those of PFs whose VFs are ours, and no others. Where they cannot be written, or no udev
 * would read them, nothing else suffers.
 */
export function planUdev({ observed, taken, givenBack }: UdevCase): UdevResult {
  const { udev } = observed;
  if (udev === undefined) return { udev: [], warnings: [], left: new Set() };
  const pfs = new Map(observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  const plans = [
    ...taken.flatMap((entry) => planPfFiles(entry, pfs.get(entry.pciAddress), udev)),
    ...givenBack.flatMap((pciAddress) => {
      const name = pfs.get(pciAddress)?.link?.name ?? pciAddress;
      return removal({ pciAddress, name }, RULES, udev, 'no policy selects the PF any more');
    }),
    ...(udev.files.has(UPSTREAM_LEFTOVER) ? [LEFTOVER] : []),
  ];
  const obstacle = udev.refusal ?? (udev.isRunning ? undefined : 'no udev runs on the host');
  const names = taken.flatMap((entry) => namesOf(entry, pfs.get(entry.pciAddress), observed, obstacle === undefined));
  return {
    udev: [...(obstacle === undefined ? plans : []), ...names.flatMap((each) => each.plans)],
    warnings: [
      ...(obstacle === undefined ? [] : warningsOf(plans, obstacle)),
      ...names.flatMap(({ warnings }) => warnings),
    ],
    left: new Set(givenBack.filter((pciAddress) => mayHaveRules(pciAddress, udev))),
  };
}

/**
 * Once the PF is forgotten, nobody takes its rules for the operator's any more. Those in a folder that cannot be written
 * are not waited for.
 */
function mayHaveRules(pciAddress: string, { files, refusal, isUnseen }: ObservedUdev): boolean {
  const hasRules = RULES.some((rule) => files.has(rulePath(rule, pciAddress)));
  return isUnseen === true || (hasRules && refusal === undefined);
}

/** udev gives no name that stands in a rule which is not written. */
function namesOf(
  entry: DesiredInterface,
  pf: ObservedPf | undefined,
  { linkNames }: ObservedHost,
  canWrite: boolean,
): NamesResult[] {
  if (pf === undefined) return [];
  const hasRule = pf.switchPort !== undefined && pf.link !== undefined && PLAIN.test(pf.link.name);
  return [planNames(entry, pf, { byUdev: canWrite && hasRule, ...(linkNames && { linkNames }) })];
}

const RULES = Object.keys(UDEV_RULES) as readonly UdevRule[];

const LEFTOVER: UdevPlan = {
  because: ['an earlier version of the operator has left a rule behind that is for all PFs'],
  step: { kind: 'remove-udev-rules', paths: [UPSTREAM_LEFTOVER] },
};

function planPfFiles(entry: DesiredInterface, pf: ObservedPf | undefined, udev: ObservedUdev): UdevPlan[] {
  // The rules are for VFs that come back to the host without their PF. A port is its own.
  if (pf === undefined || pf.port !== undefined) return [];
  const place = { pciAddress: pf.pciAddress, name: pf.link?.name ?? pf.pciAddress };
  if (entry.externallyManaged === true) return removal(place, RULES, udev, 'the VFs of the PF are managed by others');
  const isSwitchdev = entry.eSwitchMode === 'switchdev';
  const wanted = [
    { rule: 'networkManager', file: ruleForNetworkManager(pf) } as const,
    ...(isSwitchdev ? switchdevRules(pf) : []),
  ];
  const writes = wanted.flatMap(({ rule, file }) => writesOf(rule, file, udev));
  const step = { kind: 'write-udev-rules', files: writes.map(({ file }) => file) } as const;
  const written = writes.length > 0 ? [{ pf: place, because: writes.map(({ because }) => because), step }] : [];
  const others = removal(place, ['pfName', 'representors'], udev, 'the eSwitch of the PF is in legacy mode');
  return [...written, ...(isSwitchdev ? [] : others)];
}

/** Its VFs may not be there yet: the rule has to be there before them. */
function ruleForNetworkManager({ pciAddress, sriov }: ObservedPf): WantedUdevFile | undefined {
  const ids = [sriov?.vfDeviceId, ...(sriov?.vfs ?? []).map(({ deviceId }) => deviceId)];
  const known = ids.filter((id) => id !== undefined);
  return known.length === 0 ? undefined : networkManagerRule(pciAddress, known);
}

/**
 * What the kernel does not tell now leaves the file as it is: some kernels name the switch of a PF only in switchdev
 * mode, and a PF that changes its mode has no interface for a moment.
 */
function switchdevRules({
  pciAddress,
  link,
  switchPort,
}: ObservedPf): { readonly rule: UdevRule; readonly file: WantedUdevFile | undefined }[] {
  const name = link !== undefined && PLAIN.test(link.name) ? link.name : undefined;
  const isKnown = name !== undefined && switchPort !== undefined;
  return [
    { rule: 'pfName', file: name === undefined ? undefined : pfNameRule(pciAddress, name) },
    { rule: 'representors', file: isKnown ? representorRule({ pciAddress, name, ...switchPort }) : undefined },
  ];
}

/** In other names of interfaces udev would find something to replace, or the end of the text. */
const PLAIN = /^[\w.:-]+$/;

const WHY: Readonly<Record<UdevRule, string>> = {
  networkManager: 'no rule of udev keeps NetworkManager off the VFs of the PF',
  pfName: 'no rule of udev keeps the name of the PF',
  representors: 'no rule of udev names the representors of the VFs after the PF',
};

function writesOf(
  rule: UdevRule,
  file: WantedUdevFile | undefined,
  { files }: ObservedUdev,
): { readonly because: string; readonly file: WantedUdevFile }[] {
  const needed = [scriptOf(rule), file].flatMap((each) => each ?? []);
  const missing = file === undefined ? [] : needed.filter((each) => !doesTheSame(files.get(each.path), each));
  return missing.map((each) => ({
    because: each === file ? WHY[rule] : `the program ${each.path} that a rule of udev calls is not as it should be`,
    file: each,
  }));
}

function removal(
  pf: Pick<PfPlan, 'pciAddress' | 'name'>,
  rules: readonly UdevRule[],
  { files }: ObservedUdev,
  because: string,
): UdevPlan[] {
  const paths = rules.map((rule) => rulePath(rule, pf.pciAddress)).filter((path) => files.has(path));
  return paths.length === 0 ? [] : [{ pf, because: [because], step: { kind: 'remove-udev-rules', paths } }];
}

function warningsOf(plans: readonly UdevPlan[], obstacle: string): string[] {
  const titles = (kind: UdevPlan['step']['kind']): string =>
    plans.flatMap(({ pf, step }) => (pf !== undefined && step.kind === kind ? pfTitle(pf) : [])).join(', ');
  const [unwritten, left] = [titles('write-udev-rules'), titles('remove-udev-rules')];
  return [
    ...(unwritten === ''
      ? []
      : [
          `the rules of udev for ${unwritten} are not written, because ${obstacle}: if NetworkManager runs on the node, list the VFs in unmanaged-devices of its configuration`,
        ]),
    ...(left === '' ? [] : [`the rules of udev for ${left} are not removed, because ${obstacle}`]),
  ];
}
