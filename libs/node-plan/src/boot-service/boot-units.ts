import { BOOT_UNITS, type BootPhase, PROGRAM_FOLDER } from './boot-files.ts';

/** What the units run. */
export interface BootCommand {
  /** The program and its first arguments, absolute paths of the host. */
  readonly words: readonly string[];
  readonly stateFolder: string;
}

/** A unit of systemd. */
export interface BootUnit {
  readonly name: string;
  readonly text: string;
}

/** Longest time of a phase, in seconds: the boot waits for it. It is the limit that a pass of the daemon has. */
const LIMIT_SECONDS = 600;

/** Services that start pods: that of kubeadm, and those of distributions whose kubelet is part of another program. */
const KUBELETS = [
  'kubelet',
  ...['k3s', 'k3s-agent', 'rke2-server', 'rke2-agent', 'k0scontroller', 'k0sworker'],
  'snap.microk8s.daemon-kubelite',
];

/** What of the network has to come after the VFs, beside `network-pre.target`, for which all of it should wait. */
const NETWORKS = ['NetworkManager', 'systemd-networkd', 'ovsdb-server', 'ovs-vswitchd', 'openvswitch-switch'];
/** What has to be there when the second phase begins, where the host has it. */
const ONLINE = ['NetworkManager-wait-online', 'systemd-networkd-wait-online', 'openvswitch', 'openvswitch-switch'];

/**
 * The units of the two phases. They order themselves, and need each other in nothing: the second runs even if the first
 * has failed, and the kubelet starts whatever becomes of them. No shell is involved.
 */
export function bootUnits(command: BootCommand): BootUnit[] {
  return [unitOf('pre', PRE, command), unitOf('post', POST, command)];
}

const PRE = [
  'Description=SR-IOV VFs, before the network starts',
  // All else of the boot waits for nothing that the network is needed for.
  'DefaultDependencies=no',
  'Wants=network-pre.target',
  'After=local-fs.target systemd-modules-load.service systemd-sysctl.service systemd-udevd.service systemd-udev-trigger.service',
  `Before=network-pre.target network.target ${services(NETWORKS)}`,
  'Conflicts=shutdown.target',
  'Before=shutdown.target',
];

const POST = [
  'Description=SR-IOV VFs, after the network and before pods',
  `After=network.target ${services(ONLINE)} ${BOOT_UNITS.pre}`,
  `Before=${services(KUBELETS)}`,
];

function services(names: readonly string[]): string {
  return names.map((name) => `${name}.service`).join(' ');
}

function unitOf(phase: BootPhase, about: readonly string[], { words, stateFolder }: BootCommand): BootUnit {
  const command = [...words, 'service', '--phase', phase, '--state-folder', stateFolder];
  const text = [
    '# This file is managed by sriov-network-operator do not edit.',
    '[Unit]',
    ...about,
    `RequiresMountsFor=${[PROGRAM_FOLDER, stateFolder].map(quote).join(' ')}`,
    '',
    '[Service]',
    'Type=oneshot',
    // As in the image: threads for writes that can block in the kernel.
    'Environment=UV_THREADPOOL_SIZE=72',
    `ExecStart=${command.map(quote).join(' ')}`,
    `TimeoutStartSec=${LIMIT_SECONDS}`,
    'StandardOutput=journal+console',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ];
  return { name: BOOT_UNITS[phase], text: text.join('\n') };
}

/** As systemd reads words (systemd.syntax, systemd.service): a percent sign and a dollar sign stand for more. */
function quote(word: string): string {
  const text = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w%$./:=@+,-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
