export { findFreePort } from '@sriov/control-plane';
export * from './api-front.ts';
export * from './control-plane.ts';
export * from './eventually.ts';
export * from './fake-clock.ts';
export * from './manifests.ts';
export * from './read-json.ts';
export * from './scripted-connection.ts';
export * from './service-process.ts';
