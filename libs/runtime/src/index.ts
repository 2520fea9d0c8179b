export * from './clock.ts';
export * from './health.ts';
export * from './http-server.ts';
export * from './log.ts';
export * from './metrics.ts';
export * from './service-error.ts';
export * from './service.ts';
export * from './settings.ts';
