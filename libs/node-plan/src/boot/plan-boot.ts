import { REASON } from '@sriov/api';
import { type ObservedBoot } from '@sriov/observed-host';
import { type HostPlan, type PlanProblem } from '../planning/steps.ts';
import { findMissingArguments, type IommuPreset, isGiven } from './kernel-arguments.ts';

/** What bears on the kernel arguments of a node. */
export interface BootInputs {
  /** Absent where nobody has looked: nothing is planned then. */
  readonly boot: ObservedBoot | undefined;
  readonly iommu: IommuPreset;
  /** VFs are to be bound to vfio-pci, and there is no IOMMU. */
  readonly needsIommu: boolean;
}

/** What is done about kernel arguments, and why not more. */
export type BootPlan = Pick<HostPlan, 'needsReboot' | 'beforeReboot'> & { readonly problems: readonly PlanProblem[] };

/**
 * Plans the kernel arguments. What the boot loader does not give yet it is told before the reboot. Where it cannot be
 * told, the node is not rebooted: it would come back as it was.
 */
export function planBoot({ boot, iommu, needsIommu }: BootInputs): BootPlan {
  if (boot?.loader === undefined) return { problems: [] };
  const { missing, barrier } = findMissingArguments(boot, iommu, needsIommu);
  if (missing.length === 0) return { problems: [] };
  const { loader } = boot;
  const list = missing.join(' ');
  if (barrier !== undefined) {
    return refuse(
      `the command line of the kernel has "${barrier}", by which somebody has turned the IOMMU off: remove it if VFs are to be bound to vfio-pci`,
    );
  }
  if ('fault' in loader) {
    return refuse(
      `the kernel needs the arguments ${list} for VFs that are bound to vfio-pci, and the operator cannot set them: ${loader.fault}; add them, and reboot the node`,
    );
  }
  const why = `the kernel runs without ${list}, and the IOMMU is off, which VFs need to be bound to vfio-pci`;
  const untold = missing.filter((word) => !isGiven(loader.arguments, word));
  // All of them: what the operator writes replaces what it has written before.
  const step = { kind: 'add-kernel-arguments', tool: loader.tool, words: missing } as const;
  return {
    problems: [],
    needsReboot: [{ kind: 'kernel-arguments', why }],
    ...(untold.length > 0 && {
      beforeReboot: { because: [`the next boot would be without ${untold.join(' ')}`], steps: [step] },
    }),
  };
}

function refuse(message: string): BootPlan {
  return { problems: [{ reason: REASON.kernelArgumentsMissing, message }] };
}

/** The plan with the kernel arguments. What a missing IOMMU keeps from being done is told once: by what is done about it. */
export function joinBoot(plan: HostPlan, { needsReboot = [], beforeReboot, problems }: BootPlan): HostPlan {
  const reasons = [...(plan.needsReboot ?? []), ...needsReboot];
  const before = [plan.beforeReboot, beforeReboot].flatMap((each) => each ?? []);
  return {
    ...plan,
    problems: [...plan.problems.filter(({ reason }) => reason !== REASON.iommuOff), ...problems],
    ...(reasons.length > 0 && { needsReboot: reasons }),
    ...(before.length > 0 && {
      beforeReboot: {
        because: before.flatMap(({ because }) => because),
        steps: before.flatMap(({ steps }) => steps),
      },
    }),
  };
}
