export * from './condition-reporter.ts';
export * from './controller.ts';
export * from './expectations.ts';
export * from './metrics.ts';
export * from './outcome.ts';
export * from './resource-version.ts';
export * from './timers.ts';
export * from './workqueue.ts';
