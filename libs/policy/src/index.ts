export * from './fleet.ts';
export * from './node-writes.ts';
export * from './plan-node.ts';
export * from './policy-status.ts';
export * from './problem.ts';
export * from './supported-nics.ts';
