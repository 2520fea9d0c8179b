import { type UdevFile } from '@sriov/observed-host';

/** A file below `/etc/udev` as it should be. */
export interface WantedUdevFile extends UdevFile {
  /** From `/etc/udev`, such as `rules.d/10-nm-disable-0000:5e:00.0.rules`. */
  readonly path: string;
}

/** What the operator has rules about, for each PF. The names of their files are those of upstream. */
export const UDEV_RULES = {
  /** Keeps NetworkManager off the VFs. */
  networkManager: '10-nm-disable',
  /** The PF keeps its name when its driver makes another interface for it, and from one boot to the next. */
  pfName: '10-pf-name',
  /** The representors of the VFs are named after the PF. */
  representors: '20-switchdev',
} as const;

/** One of the operator's rules. */
export type UdevRule = keyof typeof UDEV_RULES;

/** What upstream's daemon once wrote for all PFs, and removes at its start. */
export const UPSTREAM_LEFTOVER = 'rules.d/10-nm-unmanaged.rules';

/** The path of a rule of a PF. */
export function rulePath(rule: UdevRule, pciAddress: string): string {
  return `rules.d/${UDEV_RULES[rule]}-${pciAddress}.rules`;
}

/** Whether a file of `/etc/udev` is one that the operator writes, or upstream's daemon wrote. */
export function isOperatorFile(path: string): boolean {
  return OWN_RULE.test(path) || path === UPSTREAM_LEFTOVER || path in SCRIPTS;
}

const OWN_RULE =
  /^rules\.d\/(10-nm-disable|10-pf-name|20-switchdev)-[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\.rules$/;

/**
 * The rule that NetworkManager does not manage the VFs of the PF. Upstream lists the ids of all VFs that it supports,
 * so that the script runs for few interfaces; those of the VFs of the PF are the ones that matter.
 * @param vfDeviceIds four hex digits each
 */
export function networkManagerRule(pciAddress: string, vfDeviceIds: readonly string[]): WantedUdevFile {
  const ids = [...new Set(vfDeviceIds)].sort().map((id) => `0x${id}`);
  const content = `SUBSYSTEM=="net", ACTION=="add|change|move", ATTRS{device}=="${ids.join('|')}", IMPORT{program}="/etc/udev/${NM_SCRIPT} $env{INTERFACE} ${pciAddress}"`;
  return { path: rulePath('networkManager', pciAddress), content, isExecutable: false };
}

/** The rule that the PF has the name, whenever its interface appears. */
export function pfNameRule(pciAddress: string, name: string): WantedUdevFile {
  const content = `SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", KERNELS=="${pciAddress}", NAME="${name}"`;
  return { path: rulePath('pfName', pciAddress), content, isExecutable: false };
}

/** A PF whose VFs have representors, and what its uplink says of itself. */
export interface SwitchdevPf {
  readonly pciAddress: string;
  readonly name: string;
  /** Content of `phys_switch_id`, and of `phys_port_name`, such as `p0`. */
  readonly switchId: string;
  readonly portName: string;
}

/** The rule that the representor of VF N is named `<PF>_N`. */
export function representorRule({ pciAddress, name, switchId, portName }: SwitchdevPf): WantedUdevFile {
  const port = portName.replace(/^p/, '');
  const content = `SUBSYSTEM=="net", ACTION=="add|move", ATTRS{phys_switch_id}=="${switchId}", ATTR{phys_port_name}=="pf${port}vf*", IMPORT{program}="/etc/udev/${NAME_SCRIPT} $attr{phys_port_name}", NAME="${name}_$env{NUMBER}"`;
  return { path: rulePath('representors', pciAddress), content, isExecutable: false };
}

const NM_SCRIPT = 'disable-nm-sriov.sh';
const NAME_SCRIPT = 'switchdev-vf-link-name.sh';

/**
 * The programs that the rules call, by the rule. They have the names of upstream's, take the same words and print the
 * same: a rule that upstream has written works with ours, and ours with upstream's.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  [NM_SCRIPT]: `#!/bin/sh
# Written by the SR-IOV network operator. Called by udev with the name of an interface and the PCI address of a PF:
# NetworkManager does not manage the interface if it is a VF of the PF.
pf=$(readlink "/sys/class/net/$1/device/physfn") || exit 0
[ "\${pf##*/}" = "$2" ] && echo NM_UNMANAGED=1
exit 0
`,
  [NAME_SCRIPT]: `#!/bin/sh
# Written by the SR-IOV network operator. Called by udev with the name of a port, such as pf0vf12: prints the number of
# its VF.
echo "NUMBER=\${1##*vf}"
`,
};

/** The program that a rule calls; nothing for a rule that calls none. */
export function scriptOf(rule: UdevRule): WantedUdevFile | undefined {
  const path = { networkManager: NM_SCRIPT, pfName: undefined, representors: NAME_SCRIPT }[rule];
  return path === undefined ? undefined : { path, content: SCRIPTS[path] ?? '', isExecutable: true };
}

/**
 * Whether a file does what is wanted. The rule for NetworkManager does so as well when it lists further devices, as
 * upstream's does: there is no need to write it again.
 */
export function doesTheSame(present: UdevFile | undefined, wanted: WantedUdevFile): boolean {
  if (present === undefined || (wanted.isExecutable && !present.isExecutable)) return false;
  if (present.content === wanted.content) return true;
  const [presentIds, wantedIds] = [idsOf(present.content), idsOf(wanted.content)];
  if (presentIds === undefined || wantedIds === undefined || presentIds.rest !== wantedIds.rest) return false;
  return wantedIds.ids.every((id) => presentIds.ids.includes(id));
}

/** The list of devices of a rule, and the rest of it; nothing for a text that has no such list. */
function idsOf(content: string): { readonly ids: readonly string[]; readonly rest: string } | undefined {
  const list = /ATTRS\{device\}=="([^"]*)"/.exec(content);
  if (list === null) return undefined;
  return { ids: (list[1] ?? '').split('|'), rest: content.replace(list[0], '') };
}
