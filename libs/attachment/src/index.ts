export * from './ownership.ts';
export * from './plan.ts';
export * from './render.ts';
