export * from './admission/admit.ts';
export * from './admission/request.ts';
export { setDefaults } from './admission/defaults.ts';
export * from './fleet.ts';
export * from './node-writes.ts';
export * from './plan-node.ts';
export * from './policy-status.ts';
export * from './problem.ts';
export * from './supported-nics.ts';
