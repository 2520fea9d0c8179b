export * from './crd.ts';
export * from './json-schema.ts';
