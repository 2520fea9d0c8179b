export { type BootTool, type ObservedBoot, type ObservedBootLoader } from './observed-boot.ts';
export { type DeviceHolder } from './device-holder.ts';
export { type DeviceUse } from './device-use.ts';
export { type Dmi } from './dmi.ts';
export { type GuestPort } from './guest-port.ts';
export {
  type ObservedBridge,
  type ObservedPort,
  type ObservedPortInterface,
  type SoftwareBridges,
} from './observed-bridge.ts';
export { type DeviceNodes, type ObservedDevice, type ParentPf, type RdmaNodes } from './observed-device.ts';
export {
  type FirmwareChange,
  type FirmwareLinkType,
  type FirmwareReading,
  type FirmwareSetting,
  firmwareWords,
  type ObservedFirmware,
} from './observed-firmware.ts';
export {
  type ESwitchMode,
  type ObservationProblem,
  type ObservedHost,
  type ObservedLink,
  type ObservedPf,
  type ObservedSriov,
  type ObservedVdpa,
  type ObservedVf,
  type SwitchPort,
  type VfGuids,
} from './observed-host.ts';
export {
  type ESwitchHeaders,
  type FlowSteering,
  type ObservedOffload,
  type OvsOffload,
  type TcOffload,
} from './observed-offload.ts';
export { type ObservedRdmaConfig, type RdmaMode, type RdmaModeSetting } from './observed-rdma.ts';
export { type ObservedUdev, type UdevFile } from './observed-udev.ts';
