export * from './condition-reporter.ts';
export * from './controller.ts';
export * from './metrics.ts';
export * from './outcome.ts';
export * from './timers.ts';
export * from './workqueue.ts';
