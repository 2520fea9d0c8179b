import { type ObservedHost } from '@sriov/observed-host';
import { type HostPlan } from '../planning/steps.ts';
import { type IommuPreset } from './kernel-arguments.ts';
import { limitReboots } from './limit-reboots.ts';
import { joinBoot, planBoot } from './plan-boot.ts';
import { type RebootFacts } from './reboot-record.ts';

/** What bears on the reboots of a node. */
interface RebootInputs {
  readonly observed: ObservedHost;
  /** A PF that nothing else stands in the way of needs an IOMMU, and has none. */
  readonly needsIommu: boolean;
  readonly iommu?: IommuPreset | undefined;
  readonly reboots?: RebootFacts | undefined;
}

/** The plan with what takes a reboot, as far as the node may be rebooted. */
export function withReboots(plan: HostPlan, { observed, needsIommu, iommu = 'none', reboots }: RebootInputs): HostPlan {
  const boot = planBoot({ boot: observed.boot, iommu, needsIommu });
  const whole = boot.needsReboot === undefined && boot.problems.length === 0 ? plan : joinBoot(plan, boot);
  return reboots === undefined ? whole : limitReboots(whole, reboots);
}
