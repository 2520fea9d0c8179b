export * from './guest-kubeconfig.ts';
export * from './node-policies.ts';
export { bundleApp } from './programs.ts';
export * from './supplies/copy-programs.ts';
export * from './supplies/guest-tools.ts';
export * from './supplies/release.ts';
export * from './supplies/stage.ts';
export * from './supplies/supplies.ts';
export * from './until.ts';
