import { REASON } from '@sriov/api';
import { type ObservedHost, type RdmaMode, type RdmaModeSetting } from '@sriov/observed-host';
import { type HostPlan, type NodeStep, type PlanProblem, type RebootReason } from './steps.ts';

/** What bears on the RDMA mode of a node. */
export interface RdmaModeInputs {
  /** Absent where no pool wants one. */
  readonly wanted: RdmaMode | undefined;
  readonly observed: Pick<ObservedHost, 'rdmaMode' | 'rdmaConfig'>;
  /** The mode that the running kernel has refused to switch to. */
  readonly held?: RdmaMode | undefined;
}

/** What is done about the RDMA mode, what is not, and what people should know. */
export interface RdmaModeResult extends Required<Pick<HostPlan, 'warnings'>> {
  readonly because: readonly string[];
  readonly steps: readonly NodeStep[];
  readonly problems: readonly PlanProblem[];
  /** The mode comes with a reboot, and nothing stands against that. */
  readonly needsReboot: readonly RebootReason[];
}

/** The path of the operator's file for modprobe, for people. */
export const RDMA_MODE_PATH = '/etc/modprobe.d/sriov_network_operator_modules_config.conf';

/** Upstream's words: a node of upstream's operator has the same file, and it counts as ours. */
const HEADER = '# This file is managed by sriov-network-operator do not edit.';

const MODES: readonly RdmaMode[] = ['shared', 'exclusive'];

/** Content of the operator's file that has the kernel start with the mode. */
function rdmaModeFile(mode: RdmaMode): string {
  return `${HEADER}\noptions ib_core netns_mode=${mode === 'shared' ? 1 : 0}\n`;
}

/**
 * Plans the RDMA mode: first the file for the next start, then the switch of the running kernel, and a reboot where the
 * kernel has refused to switch. Only a file that has the operator's words is the operator's. Without a wish the mode of
 * the running kernel stays.
 */
export function planRdmaMode(inputs: RdmaModeInputs): RdmaModeResult {
  const { wanted, observed } = inputs;
  const parts = [planFile(wanted, observed.rdmaConfig), wanted === undefined ? {} : planSwitch(wanted, inputs)];
  const problems = parts.flatMap((part) => part.problems ?? []);
  const isPending = problems.some(({ reason }) => reason === REASON.rdmaModePending);
  return {
    because: parts.flatMap((part) => part.because ?? []),
    steps: parts.flatMap((part) => part.steps ?? []),
    problems,
    needsReboot: parts.flatMap((part) => part.needsReboot ?? []),
    warnings: wanted === undefined || isPending ? [] : contradictions(wanted, observed.rdmaConfig?.others),
  };
}

type Part = Partial<RdmaModeResult>;

function planFile(wanted: RdmaMode | undefined, config: ObservedHost['rdmaConfig']): Part {
  if (config === undefined) return {};
  const { file, fault } = config;
  const isOurs = file !== undefined && MODES.some((mode) => isSame(file, rdmaModeFile(mode)));
  if (wanted === undefined) {
    if (!isOurs) return {};
    return { because: ['no pool wants an RDMA mode any more'], steps: [{ kind: 'remove-rdma-mode-file' }] };
  }
  if (fault !== undefined) return { problems: [fileProblem(wanted, `it cannot be read: ${fault}`)] };
  if (file !== undefined && !isOurs)
    return {
      problems: [fileProblem(wanted, 'it holds something that the operator has not written: move it away')],
    };
  const content = rdmaModeFile(wanted);
  if (file !== undefined && isSame(file, content)) return {};
  const because = [`${RDMA_MODE_PATH} does not have the kernel start with the RDMA mode ${wanted}`];
  return { because, steps: [{ kind: 'write-rdma-mode-file', mode: wanted, content }] };
}

/** What was read comes without the line feed at its end. */
function isSame(a: string, b: string): boolean {
  return a.trim() === b.trim();
}

function fileProblem(wanted: RdmaMode, cause: string): PlanProblem {
  const message = `RDMA mode ${wanted} is wanted, and the file ${RDMA_MODE_PATH}, which would have the kernel start with it, is left as it is, because ${cause}`;
  return { reason: REASON.unsupported, message };
}

/** A node without RDMA has no mode: the file does once the RDMA core is loaded. */
function planSwitch(wanted: RdmaMode, { observed, held }: RdmaModeInputs): Part {
  const { rdmaMode: present, rdmaConfig } = observed;
  if (present === undefined || present === wanted) return {};
  if (held !== wanted) {
    const because = [`the RDMA mode is ${present}, and ${wanted} is wanted`];
    return { because, steps: [{ kind: 'set-rdma-mode', mode: wanted }] };
  }
  const refused = `RDMA mode ${wanted} is wanted, and the node has ${present}: the kernel has refused to switch (EBUSY), as it does while there is any network namespace but the host's, such as that of a pod`;
  const against = contradictions(wanted, rdmaConfig?.others);
  const { file } = rdmaConfig ?? {};
  if (against.length === 0 && file !== undefined && isSame(file, rdmaModeFile(wanted))) {
    return { needsReboot: [{ kind: 'rdma-mode', why: refused }] };
  }
  const message = [
    refused,
    `the mode comes when the kernel loads ib_core the next time, by ${RDMA_MODE_PATH}: drain the node and reboot it, and before that, where the initramfs has ib_core, make the initramfs again (update-initramfs -u, or dracut -f)`,
    ...against,
  ];
  return { problems: [{ reason: REASON.rdmaModePending, message: message.join('; ') }] };
}

function contradictions(wanted: RdmaMode, others: readonly RdmaModeSetting[] = []): string[] {
  return others
    .filter(({ mode }) => mode !== wanted)
    .map(
      ({ where, words, mode }) =>
        `${where} has "${words}", which makes the RDMA mode ${mode} at the next boot, and ${wanted} is wanted: remove it`,
    );
}
