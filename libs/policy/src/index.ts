export * from './fleet.ts';
export * from './plan-node.ts';
export * from './problem.ts';
export * from './supported-nics.ts';
