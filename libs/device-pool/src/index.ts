export * from './allocate/answer-allocate.ts';
export * from './allocate/cdi.ts';
export * from './allocate/prefer-devices.ts';
export * from './config/plugin-config.ts';
export * from './pools/plan-pools.ts';
