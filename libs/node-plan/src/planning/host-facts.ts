import { type DesiredInterface, type NodeStateSpec, type PlannedFrom } from '@sriov/api';
import { type ObservedHost, type RdmaMode } from '@sriov/observed-host';
import { type IommuPreset } from '../boot/kernel-arguments.ts';
import { type RebootFacts } from '../boot/reboot-record.ts';
import { type FirmwareFacts } from '../firmware/firmware-facts.ts';
import { type GuidFacts } from '../guids/guid-facts.ts';
import { type Card } from './card.ts';
import { type CountedUsers } from './count-users.ts';
import { type BridgeFacts } from './own-bridges.ts';
import { type RefusedOffload } from './plan-offload.ts';
import { type InitialPf } from './plan-pf.ts';
import { type RefusedMode } from './steps.ts';

/** Everything that bears on what has to be done to a node. */
export interface HostFacts {
  readonly spec: NodeStateSpec;
  /** The PFs that the spec was planned from; absent as long as it was not planned. */
  readonly plannedFrom: PlannedFrom | undefined;
  readonly observed: ObservedHost;
  /** PFs that the operator has taken over, by PCI address, with the entry that was last applied or begun. */
  readonly owned: ReadonlyMap<string, DesiredInterface>;
  /** The card that each PF of the journal was on, by PCI address, where that is known. */
  readonly cards?: ReadonlyMap<string, Card>;
  /** How each PF was before the operator touched it, by PCI address. */
  readonly initial: ReadonlyMap<string, InitialPf>;
  /** Why nothing is known of what the operator has taken over; absent where that can be read. */
  readonly unread?: string | undefined;
  readonly guids: GuidFacts;
  /** PFs with a step that has not come back from the kernel, by PCI address, with a sentence about it. */
  readonly blocked: ReadonlyMap<string, string>;
  /** Change PFs that the host itself depends on. */
  readonly allowHostInterfaces: boolean;
  /** Absent where bridges are none of our business. */
  readonly bridges?: BridgeFacts;
  /** What is known of the firmware of NICs; nothing where nobody looked. */
  readonly firmware?: FirmwareFacts;
  /** Who counts as a user of a device: `seen` unless given. */
  readonly users?: CountedUsers;
  /** The RDMA mode that the running kernel has refused to switch to. */
  readonly heldRdmaMode?: RdmaMode | undefined;
  /** What PFs have refused of hardware offload, by PCI address, which is empty for what Open vSwitch has refused. */
  readonly refusedOffloads?: ReadonlyMap<string, RefusedOffload>;
  /** How PFs have refused the eSwitch mode that is wanted, by PCI address. */
  readonly refusedModes?: ReadonlyMap<string, RefusedMode>;
  /** `none` unless given. */
  readonly iommu?: IommuPreset | undefined;
  /** Absent where reboots are none of our business. */
  readonly reboots?: RebootFacts | undefined;
}
