export * from './handover.ts';
export * from './sync.ts';
