/** When a unit runs at boot: before the network, or after it and before the kubelet. */
export type BootPhase = 'pre' | 'post';

/** The units by their phase; the names are upstream's. */
export const BOOT_UNITS: Readonly<Record<BootPhase, string>> = {
  pre: 'sriov-config.service',
  post: 'sriov-config-post-network.service',
};

/** Files of the boot service in the state folder; the names are upstream's. */
export const BOOT_FILES = {
  /** What is to be made at boot, see {@link bootConfigText}. */
  config: 'sriov-interface-config.yaml',
  /** How the last boot went, see {@link bootResultText}. */
  result: 'sriov-interface-result.yaml',
  /** Upstream's alone. */
  nicList: 'sriov-supported-nics-ids.yaml',
} as const;

/** Where systemd looks for units of the administrator, which is where the operator's are. */
export const UNIT_FOLDER = '/etc/systemd/system';
/** Folder in {@link UNIT_FOLDER} with a link to each unit that starts at boot. */
export const WANTED_UNITS = 'multi-user.target.wants';
/** Where the program of the units is, in a folder of its own. */
export const PROGRAM_FOLDER = '/var/lib/sriov';

/** Whether a name in {@link PROGRAM_FOLDER} is a program of the operator: ours, or that of upstream. */
export function isBootProgram(name: string): boolean {
  return name.startsWith('program-') || name === 'sriov-network-config-daemon';
}
