export * from './event-type.ts';
export * from './merge-conditions.ts';
export * from './summary-conditions.ts';
export * from './transition-events.ts';
