export { isOperatorFile, rulePath, scriptOf, type WantedUdevFile } from './host-files/udev-files.ts';
export * from './words/describe-drains.ts';
export * from './words/describe-guids.ts';
export * from './words/describe-plan.ts';
export * from './words/describe-pod.ts';
export * from './words/describe-reboots.ts';
export * from './words/describe-withdrawals.ts';
export * from './words/format-vf-ids.ts';
export { pfTitle } from './words/pf-title.ts';
export {
  type AwaitedFirmware,
  cardAddress,
  type FirmwareFacts,
  type FirmwareOutlook,
} from './firmware/firmware-facts.ts';
export { firmwareResets } from './firmware/firmware-resets.ts';
export { GUID_RECORDS, type GuidFacts, type GuidRecord } from './guids/guid-facts.ts';
export { GUID_FILE, readGuidFile } from './guids/guid-file.ts';
export { changesAllVfs, pfsWithChangedVfs } from './planning/changes-all-vfs.ts';
export { pfsThatNeedDrain } from './planning/drain.ts';
export * from './planning/foresee.ts';
export { describeHeld, holderOf, hostUses, pfsWithDisturbedVfs, withHolders } from './planning/in-use.ts';
export { type BridgeFacts, type OwnBridge } from './planning/own-bridges.ts';
export { type CountedUsers } from './planning/count-users.ts';
export { offloadingPfs, type RefusedOffload } from './planning/plan-offload.ts';
export { DEFAULT_DRIVER } from './planning/plan-vf.ts';
export { type Card, cardOf, joinCards } from './planning/card.ts';
export { type InitialPf } from './planning/plan-pf.ts';
export * from './planning/plan-host.ts';
export * from './status/resources-condition.ts';
export * from './status/status-interfaces.ts';
export * from './planning/steps.ts';
export * from './platform/assign-ports.ts';
export * from './platform/aws-data.ts';
export { knownPortSchema, type KnownPort, MetadataError } from './platform/known-port.ts';
export * from './platform/openstack-data.ts';
export * from './platform/recognise-platform.ts';
export * from './platform/with-ports.ts';
export { findFailures, type FoundFailure } from './status/node-failures.ts';
export * from './status/gone-devices.ts';
export * from './status/merge-answers.ts';
export * from './status/next-look.ts';
export * from './status/node-state-status.ts';
export * from './status/remainder.ts';
export * from './status/step-failure.ts';
export * from './status/verdict.ts';
export { stableVfMac } from './planning/vf-mac.ts';
export * from './boot/kernel-arguments.ts';
export * from './boot-service/boot-config.ts';
export * from './boot-service/boot-files.ts';
export * from './boot-service/boot-result.ts';
export * from './boot-service/boot-units.ts';
export * from './boot-service/plan-boot-service.ts';
export * from './boot/reboot-record.ts';
export * from './withdrawal/returning.ts';
export * from './withdrawal/still-withdrawn.ts';
export * from './withdrawal/withdrawals.ts';
export * from './withdrawal/withhold.ts';
export { NIC_DRIVERS, type NicDriver } from './nic-drivers.ts';
