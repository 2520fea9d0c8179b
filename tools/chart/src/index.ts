export * from './apply.ts';
export * from './helm.ts';
export * from './manifest.ts';
export * from './render.ts';
export * from './service-account.ts';
