export { type DeviceUse } from './device-use.ts';
export {
  type ObservationProblem,
  type ObservedHost,
  type ObservedLink,
  type ObservedPf,
  type ObservedSriov,
  type ObservedVf,
} from './observed-host.ts';
