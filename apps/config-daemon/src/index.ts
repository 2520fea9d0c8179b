export { bootService } from './boot-service/service.ts';
export { runControllers } from './controllers.ts';
export { openHost } from './open-host.ts';
export { service } from './service.ts';
export { simulatedService } from './simulated/service.ts';
export * from './converge.ts';
export { DevicePlugin } from './device-plugin/device-plugin.ts';
export { type HostPorts, type Wanted, wishOf } from './gather.ts';
export * from './journal/journal.ts';
