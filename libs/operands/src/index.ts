export * from './kinds.ts';
export * from './operand.ts';
export * from './operand-condition.ts';
export * from './plan-operand.ts';
export * from './settings.ts';
export * from './wanted-operand.ts';
export * from './webhook-status.ts';
