export * from './describe-plan.ts';
export * from './foresee.ts';
export { DEFAULT_DRIVER } from './plan-vf.ts';
export { type InitialPf } from './plan-pf.ts';
export * from './plan-node.ts';
export * from './status.ts';
export * from './steps.ts';
export { stableVfMac } from './vf-mac.ts';
